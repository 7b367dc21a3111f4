"""Fast JSON: orjson, with the standard library as fallback for the few values that orjson refuses."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import orjson

MAX_DEPTH = 200
"""Levels of nesting that are parsed: orjson writes at most 254, and functions that call themselves reach Python's limit
soon after."""

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


class NestedTooDeeplyError(ValueError):
    """A JSON text has more than `MAX_DEPTH` levels."""

    def __init__(self) -> None:
        super().__init__(f"JSON is nested more than {MAX_DEPTH} levels deep")


def parse(text: str | bytes) -> Any:
    """Decode; an integer of more than 64 bits may become a float. Raises `ValueError`.

    Raises `NestedTooDeeplyError` for a text that other code could not process level by level.
    """
    with suppress(ValueError):  # perhaps half a surrogate pair
        value = orjson.loads(text)
        check_depth(value, text)
        return value
    try:
        value = json.loads(text, parse_int=_parse_integer)
    except RecursionError as error:
        raise NestedTooDeeplyError from error
    check_depth(value, text)
    return value


def check_finite(value: Any) -> None:
    """Raise `ValueError` if a value has infinity or NaN, in whose place the process would receive null."""
    json.dumps(value, allow_nan=False)


def is_json(text: str | bytes | bytearray) -> bool:
    """Whether a text is one whole JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def check_depth(value: Any, text: str | bytes) -> None:
    """Raise `NestedTooDeeplyError` if the value of a JSON text has more than `MAX_DEPTH` levels."""
    if _count_brackets(text) > MAX_DEPTH and is_nested_too_deeply(value):
        raise NestedTooDeeplyError


def is_nested_too_deeply(value: Any) -> bool:
    """Whether a structure has more than `MAX_DEPTH` levels."""
    level, depth = [value], 0
    while level := [part for parent in level for part in _parts_of(parent)]:
        depth += 1
        if depth > MAX_DEPTH:
            return True
    return False


def _parts_of(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [part for part in value.values() if isinstance(part, dict | list)]
    return [part for part in value if isinstance(part, dict | list)] if isinstance(value, list) else ()


def _parse_integer(digits: str) -> int | float:
    """Decode an integer; one with more digits than Python converts becomes a float."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _count_brackets(text: str | bytes) -> int:
    return text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")


def _replace_non_finite(value: Any, default: Callable[[Any], Any] | None) -> Any:
    return json.loads(json.dumps(value, default=default), parse_constant=lambda _: None)
