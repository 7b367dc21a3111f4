"""Fast JSON: orjson, with the standard library as fallback for the few values that orjson refuses."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

MAX_ORJSON_BRACKETS = 500
"""Texts with more opening brackets are parsed by the standard library: orjson writes at most 254 levels."""

COMPACT_SEPARATORS = (",", ":")
ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""Dataclasses and dates are passed to `default`, as the standard library does."""


def to_bytes(value: Any) -> bytes:
    """Encode as UTF-8; infinity and NaN become null. Raises `TypeError` for values that JSON cannot represent."""
    try:
        return orjson.dumps(value, option=ORJSON_OPTIONS)
    except TypeError:  # perhaps half a surrogate pair, which only an escape can represent
        return json.dumps(_replace_non_finite(value, None), separators=COMPACT_SEPARATORS).encode("ascii")


def to_text(value: Any, default: Callable[[Any], Any]) -> str:
    """Encode as text without escapes; infinity and NaN become null. The text may contain half a surrogate pair.

    `default` converts values that JSON cannot represent.
    """
    try:
        return orjson.dumps(value, default, ORJSON_OPTIONS).decode()
    except TypeError:
        return json.dumps(_replace_non_finite(value, default), ensure_ascii=False, separators=COMPACT_SEPARATORS)


def parse(text: str | bytes) -> Any:
    """Decode; an integer of more than 64 bits becomes a float. Raises `ValueError`, `RecursionError`.

    A text that may be nested more deeply than orjson writes is parsed by the standard library, which can write
    whatever it can parse.
    """
    with suppress(ValueError):  # perhaps half a surrogate pair
        if _count_brackets(text) < MAX_ORJSON_BRACKETS:
            return orjson.loads(text)
    return json.loads(text)


def _count_brackets(text: str | bytes) -> int:
    return text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")


def _replace_non_finite(value: Any, default: Callable[[Any], Any] | None) -> Any:
    return json.loads(json.dumps(value, default=default), parse_constant=lambda _: None)
