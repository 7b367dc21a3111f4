"""Caches keep no more than their bounds."""

import pytest

from catalyst_groq.common.lru_cache import MAX_CACHED_CHARS, LruCache, cache_short_texts


def test_entry_that_is_stored_again_is_the_last_used():
    cache: LruCache[object] = LruCache(2)
    for key in ("a", "b", "a", "c"):
        cache.put(key, key)

    assert ["a" in cache, "b" in cache, "c" in cache] == [True, False, True]
    assert cache.get("a") == "a"


def test_keys_have_a_maximum_size_in_all():
    cache: LruCache[object] = LruCache(10, max_chars=5)
    for key in ("aaa", "aaa", "bb", "c"):
        cache.put(key, 1)

    assert ["aaa" in cache, "bb" in cache, "c" in cache] == [False, True, True]
    assert cache.put("d" * 6, 2) == 2
    with pytest.raises(KeyError):
        cache.get("d" * 6)


@pytest.mark.parametrize(("length", "calls"), [(MAX_CACHED_CHARS, 1), (MAX_CACHED_CHARS + 1, 2)])
def test_result_of_a_long_text_is_not_kept(length, calls):
    called: list[str] = []
    function = cache_short_texts(10)(called.append)
    for _ in range(2):
        function("x" * length)

    assert len(called) == calls
