"""Process variables: conversion between the engine's typed JSON and Python values."""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from mimetypes import guess_type
from typing import Any

from catalyst_groq.common.json_codec import NestedTooDeeplyError, check_depth, to_text

TypedValueDto = dict[str, Any]
"""One variable as the REST API writes it: `{"value": …, "type": "String", "valueInfo": {…}}`."""

INTEGER_LIMIT = 2**31
LONG_LIMIT = 2**63
"""The first integer that is too large for the type."""

DOCUMENT = re.compile(r"\ufeff?\s{0,100}(?:%PDF-|\{\\rtf)")
"""How formats of documents begin that may be UTF-8: an input parameter `${file}` makes Bytes of a File."""


@dataclass(frozen=True, slots=True)
class OpaqueValue:
    """A variable that is neither text nor structure, such as a File or a serialised Java object."""

    type: str
    name: str = field(default="", compare=False)
    """The name of the variable, for messages."""


@dataclass(frozen=True, slots=True)
class FileVariable(OpaqueValue):
    """A File, without its content: that is fetched by the variable's name, and only when it is used."""

    name: str = ""
    mimetype: str = ""
    encoding: str = "UTF-8"
    filename: str = ""


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value with an explicit type, where the default for its Python type is another one: Long, Json, File, Bytes."""

    type: str
    value: Any


def decode(typed: Mapping[str, Any], name: str = "") -> Any:
    """Return one variable of a fetched task as a Python value; None for a null of any type.

    The fetch sets `deserializeValues: false`, so Json and Object values arrive as their serialised text. Dates stay the
    engine's text, which is also what a prompt shows. A File never has its value: it is fetched by its name.
    """
    kind, value, info = typed.get("type"), typed.get("value"), typed.get("valueInfo") or {}
    if kind == "File":
        filename = str(info.get("filename") or "")
        mimetype = info.get("mimeType") or guess_type(filename)[0] or ""
        return FileVariable(kind, name, mimetype, info.get("encoding") or "UTF-8", filename)
    if value is None:
        return None
    if kind == "Bytes":
        return _decode_bytes(str(value), name)
    if kind == "Object" and info.get("serializationDataFormat") != "application/json":
        return OpaqueValue(f"Object ({info.get('serializationDataFormat') or 'not serialised'})", name)
    if kind in {"Json", "Object"} and isinstance(value, str):
        try:
            decoded = json.loads(value)
            check_depth(decoded, value)
        except (NestedTooDeeplyError, RecursionError):
            return OpaqueValue(f"{kind} (nested too deeply)", name)
        except ValueError:
            return OpaqueValue(f"{kind} (broken JSON)", name)
        return decoded
    return value


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes values for one engine.

    `string_limit`: the longest text a String may hold, in UTF-16 units as H2 and Oracle count (4000; 2000 on Oracle).
    `json_format`: whether the engine has the JSON data format (Spin). Without it there is no Json and no Object,
    so structures and long texts become text files.
    """

    string_limit: int = 4000
    json_format: bool = True

    def encode(self, name: str, value: Any) -> TypedValueDto:
        """Return one value as a typed variable. The type is always explicit, because the engine guesses badly.

        A text too long for a String becomes an Object `java.lang.String`: it reads as an ordinary string in
        expressions, scripts and forms, where Json, Bytes and File do not. So does a text with a NUL character,
        which PostgreSQL refuses in a String. What JSON or UTF-8 cannot represent is replaced: infinity and NaN by
        null, half a surrogate pair by U+FFFD.
        """
        match value:
            case str():
                return self._encode_text(name, _replace_lone_surrogates(value))
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
                return {"type": "Date", "value": _format_date(value)}
            case TypedValue():
                return self._encode_as(name, value)
            case _:
                return self._encode_structure(name, value)

    def encode_all(self, values: Mapping[str, Any]) -> dict[str, TypedValueDto]:
        """Encode all variables of one report."""
        return {name: self.encode(name, value) for name, value in values.items()}

    def _encode_as(self, name: str, value: TypedValue) -> TypedValueDto:
        match value.type:
            case "File":
                return _encode_file(f"{name}.txt", "text/plain", _replace_lone_surrogates(value.value))
            case "Bytes":
                return {
                    "type": "Bytes",
                    "value": base64.b64encode(_replace_lone_surrogates(value.value).encode()).decode(),
                }
            case "Json":
                return self._encode_structure(name, value.value)
            case _:
                return {"type": value.type, "value": value.value}

    def _encode_text(self, name: str, text: str) -> TypedValueDto:
        if _count_utf16_units(text) <= self.string_limit and "\0" not in text:
            return {"type": "String", "value": text}
        if not self.json_format:
            return _encode_file(f"{name}.txt", "text/plain", text)
        info = {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}
        return {"type": "Object", "value": json.dumps(text), "valueInfo": info}

    def _encode_structure(self, name: str, value: Any) -> TypedValueDto:
        text = _replace_lone_surrogates(to_text(value, str))
        if not self.json_format:
            return _encode_file(f"{name}.json", "application/json", text)
        return {"type": "Json", "value": text}


def _decode_bytes(content: str, name: str) -> str | OpaqueValue:
    """Decode Bytes that hold UTF-8 text: processes store texts in them that are too long for a String."""
    try:
        text = base64.b64decode(content, validate=True).decode()
    except ValueError:  # a UnicodeDecodeError is one
        return OpaqueValue("Bytes (no UTF-8 text)", name)
    return OpaqueValue("Bytes (a document, not its text)", name) if DOCUMENT.match(text) else text


def _replace_lone_surrogates(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count_utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _format_date(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.astimezone()
    return aware.strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03d}" + aware.strftime("%z")


def _encode_file(filename: str, mimetype: str, text: str) -> TypedValueDto:
    content = base64.b64encode(text.encode()).decode()
    return {
        "type": "File",
        "value": content,
        "valueInfo": {"filename": filename, "mimeType": mimetype, "encoding": "UTF-8"},
    }
