"""Sizes of structures."""

import pytest

from catalyst_groq.common.structures import is_larger, measure


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("data", "size"),
    [("", 1), ("four", 5), (b"four", 5), (Text("four"), 5), (1, 1), ([], 1), (["", 1], 3), ({"name": "text"}, 10)],
)
def test_size_is_that_of_texts_names_bytes_and_values(data, size):
    assert measure(data, 100) == size
    assert is_larger(data, size - 1)
    assert not is_larger(data, size)


class Unread(list[int]):
    def __iter__(self):
        raise AssertionError


@pytest.mark.parametrize("data", [Unread([1] * 1000), ["eleven chars", Unread([1])], {"eleven chars": Unread([1])}])
def test_no_more_is_looked_at_than_the_bound(data):
    assert measure(data, 10) > 10
