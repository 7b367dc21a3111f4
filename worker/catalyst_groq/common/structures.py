"""Structures of JSON values: every value in them, and their size."""

from collections.abc import Iterator
from typing import Any

TEXT_TYPES, CONTAINER_TYPES = (str, bytes), (dict, list)
"""Tuples: `isinstance` takes three times as long for a union, and these functions look at every value of a task."""

SCALAR_TYPES = frozenset((int, float, bool, type(None)))


def walk(value: Any) -> Iterator[Any]:
    """Yield a structure and every value in it, depth first, without recursion: it may be nested to any depth."""
    stack = [value]
    while stack:
        yield (part := stack.pop())
        if isinstance(part, CONTAINER_TYPES):
            stack += reversed(part.values() if isinstance(part, dict) else part)


def is_larger(data: Any, max_chars: float) -> bool:
    """Whether the size of a structure is above a bound. See `measure`."""
    return measure(data, max_chars) > max_chars


def measure(data: Any, max_chars: float) -> int:
    """Return the size of a structure: the characters of its texts and names, its bytes, and 1 for every other value.

    An empty text counts as 1. It looks no further than `max_chars`: of a larger structure it returns some larger size.
    """
    chars, remaining = 0, [data]
    for part in remaining:
        if type(part) is str or isinstance(part, TEXT_TYPES):  # most values are texts, and `type` is the fastest test
            chars += len(part) or 1
        elif type(part) in SCALAR_TYPES:
            chars += 1
        elif isinstance(part, CONTAINER_TYPES):
            chars += 1
            if chars + len(part) > max_chars:
                return chars + len(part)
            if isinstance(part, dict):
                chars += len("".join(map(str, part)))
                part = part.values()  # noqa: PLW2901 -- its values count as a list's entries do
            remaining += part
        else:
            chars += 1
        if chars > max_chars:
            break
    return chars
