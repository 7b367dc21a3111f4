"""JSON, quickly. orjson reads and writes it; the few things that only Python's own module takes are left to that."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

MOST_BRACKETS = 500
"""With fewer no structure is too deep to be written again: orjson writes 254 levels, Python's module what is deeper."""

COMPACT = (",", ":")
PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""What JSON has no word for is handed to `default`, as Python's own module does."""


def to_bytes(value: Any) -> bytes:
    """Write for the wire; infinity and NaN become null. Raises `TypeError` for what is no JSON."""
    try:
        return orjson.dumps(value, option=PLAIN)
    except TypeError:  # perhaps half a surrogate pair, which UTF-8 cannot say and an escape can
        return json.dumps(_finite(value, None), separators=COMPACT).encode("ascii")


def to_text(value: Any, default: Callable[[Any], Any]) -> str:
    """Write for people and processes; infinity and NaN become null. It may hold half a surrogate pair.

    `default` makes something else of what is no JSON.
    """
    try:
        return orjson.dumps(value, default, PLAIN).decode()
    except TypeError:
        return json.dumps(_finite(value, default), ensure_ascii=False, separators=COMPACT)


def parse(text: str | bytes) -> Any:
    """Read; a whole number of more than 64 bits becomes a float. Raises `ValueError`, `RecursionError`.

    What could be nested more deeply than orjson writes is left to Python's own module, which reads what it can write.
    """
    with suppress(ValueError):  # perhaps half a surrogate pair
        if _brackets(text) < MOST_BRACKETS:
            return orjson.loads(text)
    return json.loads(text)


def _brackets(text: str | bytes) -> int:
    return text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")


def _finite(value: Any, default: Callable[[Any], Any] | None) -> Any:
    return json.loads(json.dumps(value, default=default), parse_constant=lambda _: None)
