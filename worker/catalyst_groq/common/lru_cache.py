"""Caches that are bounded by the size of what they keep; `functools.lru_cache` bounds the number of entries only."""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, wraps
from math import inf
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
Key = str | tuple[str, ...]

MAX_CACHED_CHARS = 2000
"""Maximum length of a text whose result `cache_short_texts` keeps: what is made of it may be 100 times as large."""


def cache_short_texts(max_entries: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Cache the results of a function of texts, unless one of them is longer than `MAX_CACHED_CHARS`."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        cached = lru_cache(max_entries)(function)

        @wraps(function)
        def call(*texts: str) -> T:
            for text in texts:
                if len(text) > MAX_CACHED_CHARS:
                    return function(*texts)
            return cached(*texts)

        return call

    return decorate


class LruCache(Generic[T]):
    """Keeps the entries used last: `max_entries`, with `max_chars` in all keys that are texts. For any thread."""

    def __init__(self, max_entries: int, max_chars: float = inf) -> None:
        self._max_entries = max_entries
        self._max_chars = max_chars
        self._chars = 0
        self._entries: OrderedDict[Key, T] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def get(self, key: Key) -> T:
        """Return the entry. Raises `KeyError`."""
        with self._lock:
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: Key, value: T) -> T:
        """Store an entry, and return it."""
        with self._lock:
            self._chars += 0 if key in self._entries else len(key)
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries or self._chars > self._max_chars:
                self._chars -= len(self._entries.popitem(last=False)[0])
        return value
