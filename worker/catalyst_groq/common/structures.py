"""Structures of JSON values: every value in them, and their size."""

from collections.abc import Iterator
from typing import Any


def walk(value: Any) -> Iterator[Any]:
    """Yield a structure and every value in it, depth first, without recursion: it may be nested to any depth."""
    stack = [value]
    while stack:
        yield (part := stack.pop())
        if isinstance(part, dict | list):
            stack += reversed(part.values() if isinstance(part, dict) else part)


def is_larger(data: Any, max_chars: float) -> bool:
    """Whether the size of a structure is above a bound. See `measure`."""
    return measure(data, max_chars) > max_chars


def measure(data: Any, max_chars: float) -> int:
    """Return the size of a structure: the characters of its texts and names, its bytes, and 1 for every other value.

    An empty text counts as 1. It looks no further than `max_chars`: of a larger structure it returns some larger size.
    """
    chars = 0
    for part in walk(data):
        chars += len(part) or 1 if isinstance(part, str | bytes) else 1
        if isinstance(part, dict):
            chars += sum(map(len, map(str, part)))
        if chars > max_chars:
            break
    return chars
