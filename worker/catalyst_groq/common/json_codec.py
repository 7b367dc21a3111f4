"""JSON, quickly. orjson reads and writes it; the few things that only Python's own module takes are left to that."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

MAX_ORJSON_BRACKETS = 500
"""With fewer no structure is too deep to be written again: orjson writes 254 levels, Python's module what is deeper."""

COMPACT_SEPARATORS = (",", ":")
ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""What JSON has no word for is handed to `default`, as Python's own module does."""


def to_bytes(value: Any) -> bytes:
    """Write for the wire; infinity and NaN become null. Raises `TypeError` for what is no JSON."""
    try:
        return orjson.dumps(value, option=ORJSON_OPTIONS)
    except TypeError:  # perhaps half a surrogate pair, which UTF-8 cannot say and an escape can
        return json.dumps(_replace_non_finite(value, None), separators=COMPACT_SEPARATORS).encode("ascii")


def to_text(value: Any, default: Callable[[Any], Any]) -> str:
    """Write for people and processes; infinity and NaN become null. It may hold half a surrogate pair.

    `default` makes something else of what is no JSON.
    """
    try:
        return orjson.dumps(value, default, ORJSON_OPTIONS).decode()
    except TypeError:
        return json.dumps(_replace_non_finite(value, default), ensure_ascii=False, separators=COMPACT_SEPARATORS)


def parse(text: str | bytes) -> Any:
    """Read; a whole number of more than 64 bits becomes a float. Raises `ValueError`, `RecursionError`.

    What could be nested more deeply than orjson writes is left to Python's own module, which reads what it can write.
    """
    with suppress(ValueError):  # perhaps half a surrogate pair
        if _count_brackets(text) < MAX_ORJSON_BRACKETS:
            return orjson.loads(text)
    return json.loads(text)


def _count_brackets(text: str | bytes) -> int:
    return text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")


def _replace_non_finite(value: Any, default: Callable[[Any], Any] | None) -> Any:
    return json.loads(json.dumps(value, default=default), parse_constant=lambda _: None)
