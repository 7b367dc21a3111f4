"""Process variables: the engine's typed JSON to Python values and back."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from typing import Any

from catalyst_groq.common.json_codec import to_text

TypedValueDto = dict[str, Any]
"""One variable as the REST API writes it: `{"value": …, "type": "String", "valueInfo": {…}}`."""

INTEGER_LIMIT = 2**31
LONG_LIMIT = 2**63
"""The first whole number that is too large for the type."""


@dataclass(frozen=True, slots=True)
class OpaqueValue:
    """A variable that is no text and no structure, such as a File or a serialised Java object."""

    type: str


@dataclass(frozen=True, slots=True)
class FileVariable(OpaqueValue):
    """A File: what the engine says of it. Its content is fetched by its name, and only when it is used."""

    name: str
    mimetype: str
    encoding: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value to be written as a type that its kind would not get by itself: Long, Json, File, Bytes."""

    type: str
    value: Any


def decode(typed: Mapping[str, Any], name: str = "") -> Any:
    """One variable of a fetched task as a Python value; a File needs its name.

    The fetch asks for `deserializeValues: false`, so Json and Object values arrive as their serialised text.
    Dates stay the engine's text: that is what a prompt shows.
    """
    kind, value, info = typed.get("type"), typed.get("value"), typed.get("valueInfo") or {}
    if kind == "File":
        filename = str(info.get("filename") or "")
        mimetype = info.get("mimeType") or guess_type(filename)[0] or ""
        return FileVariable(kind, name, mimetype, info.get("encoding") or "UTF-8", filename)
    if kind == "Bytes":
        return _text_of(str(value))
    if kind == "Object" and info.get("serializationDataFormat") != "application/json":
        return OpaqueValue(f"Object ({info.get('serializationDataFormat') or 'not serialised'})")
    if kind in {"Json", "Object"} and isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return OpaqueValue(f"{kind} (broken JSON)")
    return value


@dataclass(frozen=True, slots=True)
class Encoder:
    """How values are written for one engine.

    `string_limit`: the longest text a String may hold, in UTF-16 units as H2 and Oracle count (4000; 2000 on Oracle).
    `json_format`: whether the engine has the JSON data format (Spin). Without it there is no Json and no Object,
    so structures and long texts become text files.
    """

    string_limit: int = 4000
    json_format: bool = True

    def encode(self, name: str, value: Any) -> TypedValueDto:
        """One value as a typed variable; always with a type, because the engine guesses badly.

        A text too long for a String becomes an Object `java.lang.String`: it reads as an ordinary string in
        expressions, scripts and forms, where Json, Bytes and File do not. So does a text with a NUL character,
        which PostgreSQL refuses in a String. What JSON or UTF-8 cannot say at all is replaced: infinite and NaN
        by null, a half of a surrogate pair by U+FFFD.
        """
        match value:
            case str():
                return self._text(name, _well_formed(value))
            case None:
                return {"type": "Null", "value": None}
            case bool():
                return {"type": "Boolean", "value": value}
            case int() if -INTEGER_LIMIT <= value < INTEGER_LIMIT:
                return {"type": "Integer", "value": value}
            case int() if -LONG_LIMIT <= value < LONG_LIMIT:
                return {"type": "Long", "value": value}
            case float():
                return {"type": "Double", "value": value} if math.isfinite(value) else self.encode(name, None)
            case datetime():
                return {"type": "Date", "value": _date(value)}
            case TypedValue():
                return self._of_type(name, value)
            case _:
                return self._structure(name, value)

    def encode_all(self, values: Mapping[str, Any]) -> dict[str, TypedValueDto]:
        """All variables of one report."""
        return {name: self.encode(name, value) for name, value in values.items()}

    def _of_type(self, name: str, value: TypedValue) -> TypedValueDto:
        match value.type:
            case "File":
                return _file(f"{name}.txt", "text/plain", _well_formed(value.value))
            case "Bytes":
                return {"type": "Bytes", "value": base64.b64encode(_well_formed(value.value).encode()).decode()}
            case "Json":
                return self._structure(name, value.value)
            case _:
                return {"type": value.type, "value": value.value}

    def _text(self, name: str, text: str) -> TypedValueDto:
        if _utf_16_units(text) <= self.string_limit and "\0" not in text:
            return {"type": "String", "value": text}
        if not self.json_format:
            return _file(f"{name}.txt", "text/plain", text)
        info = {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}
        return {"type": "Object", "value": json.dumps(text), "valueInfo": info}

    def _structure(self, name: str, value: Any) -> TypedValueDto:
        text = _well_formed(to_text(value, str))
        if not self.json_format:
            return _file(f"{name}.json", "application/json", text)
        return {"type": "Json", "value": text}


def _text_of(content: str) -> str | OpaqueValue:
    """Read Bytes that are a text: processes keep in them what is too long for a String."""
    try:
        return base64.b64decode(content, validate=True).decode()
    except ValueError:  # a UnicodeDecodeError is one
        return OpaqueValue("Bytes (no UTF-8 text)")


def _well_formed(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _utf_16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _date(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.astimezone()
    return aware.strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03d}" + aware.strftime("%z")


def _file(filename: str, mimetype: str, text: str) -> TypedValueDto:
    content = base64.b64encode(text.encode()).decode()
    return {
        "type": "File",
        "value": content,
        "valueInfo": {"filename": filename, "mimeType": mimetype, "encoding": "UTF-8"},
    }
