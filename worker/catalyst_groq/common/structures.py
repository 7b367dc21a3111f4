"""Structures of JSON values: every value in them, and their size."""

from collections.abc import Iterator
from typing import Any

TEXT_TYPES, CONTAINER_TYPES = (str, bytes), (dict, list)
"""Tuples: `isinstance` takes three times as long for a union, and these functions look at every value of a task."""

SCALAR_TYPES = frozenset((int, float, bool, type(None)))
"""Types of the values that hold no others and no text, as JSON is parsed. A test of `type` takes a third of
`isinstance`."""


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
    """Return the size of a structure: 1 for every value, the characters of its texts and names, and its bytes.

    It looks no further than `max_chars`: of a larger structure it returns some larger size.
    """
    if isinstance(data, TEXT_TYPES):
        return 1 + len(data)
    chars = 1
    remaining: list[Any] = [data] if isinstance(data, CONTAINER_TYPES) else []
    for part in remaining:
        chars += len(part)
        if chars > max_chars:
            break
        if isinstance(part, dict):
            chars += len("".join(map(str, part)))
            part = part.values()  # noqa: PLW2901 -- its values count as a list's entries do
        for value in part:
            if type(value) in SCALAR_TYPES:
                continue
            if isinstance(value, TEXT_TYPES):
                chars += len(value)
            elif isinstance(value, CONTAINER_TYPES):
                remaining.append(value)
    return chars
