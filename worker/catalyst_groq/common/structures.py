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
    """Whether a structure has more than so many characters. It looks no further than that."""
    chars = 0
    for part in walk(data):
        chars += len(part) if isinstance(part, str) else 1
        if isinstance(part, dict):
            chars += sum(map(len, map(str, part)))
        if chars > max_chars:
            return True
    return False
