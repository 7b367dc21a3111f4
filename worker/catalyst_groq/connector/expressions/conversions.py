"""Converts values of Groq's answer to the type that a response mapping names: `"total:Double"`. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from catalyst_groq.common.texts import shorten
from catalyst_groq.domain.variables import LONG_LIMIT, TypedValue

MAX_SHOWN_CHARS = 80
"""Of a value in a message."""


def to_text(value: Any) -> str:
    """Return a value as text: a structure as JSON, null as an empty text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _to_integer(value: Any) -> int:
    number = float(value)
    if isinstance(value, bool) or not number.is_integer():
        raise ValueError(value)
    return int(value) if isinstance(value, int | str) and str(value).strip().lstrip("+-").isdigit() else int(number)


def _to_long(value: Any) -> TypedValue:
    number = _to_integer(value)
    if not -LONG_LIMIT <= number < LONG_LIMIT:
        raise ValueError(value)
    return TypedValue("Long", number)


def _to_boolean(value: Any) -> bool:
    booleans = {"true": True, "false": False, "yes": True, "no": False}
    return value if isinstance(value, bool) else booleans[str(value).strip().lower()]


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "String": to_text,
    "Integer": _to_integer,
    "Long": _to_long,
    "Double": float,
    "Boolean": _to_boolean,
    "Date": datetime.fromisoformat,
    "Json": lambda value: TypedValue("Json", value),
    "File": lambda value: TypedValue("File", to_text(value)),
    "Bytes": lambda value: TypedValue("Bytes", to_text(value)),
}
"""Conversions by the engine's name of the type."""


def convert(value: Any, kind: str | None) -> Any:
    """Convert a value to a type of `CONVERSIONS`; None stays None. Raises `ValueError` where it cannot be converted."""
    if kind is None or value is None:
        return value
    try:
        return CONVERSIONS[kind](value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        shown = shorten(json.dumps(value, ensure_ascii=False), MAX_SHOWN_CHARS)
        raise ValueError(f"the value {shown} is not of type {kind}") from error
