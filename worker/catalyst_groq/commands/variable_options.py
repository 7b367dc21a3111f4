"""Process variables on the command line: `name=text`, `name:=json`, `name@file`, `name:Date=text`."""

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catalyst_groq.common.json_codec import check_finite, parse
from catalyst_groq.connector.expressions.conversions import CONVERSIONS, convert
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.errors import CatalystError

SEPARATOR = re.compile(r":=|=|@")
MAX_FILE_BYTES = 128_000_000
"""As for a File that the engine sends."""

FORMS = "Write name=text, name:=json or name@file"


class VariableOptionError(CatalystError):
    """An option is not understood, or its file cannot be read; the message says how it is written."""


class GivenVariables(NamedTuple):
    """Variables as the engine would send them, and the contents of the Files among them, by their names."""

    typed: Mapping[str, TypedValueDto]
    files: Mapping[str, bytes]

    def with_contents(self) -> dict[str, TypedValueDto]:
        """Return the variables as the engine takes them: with the contents of the Files."""
        contents = {name: base64.b64encode(content).decode() for name, content in self.files.items()}
        return {name: {**typed, "value": contents.get(name, typed["value"])} for name, typed in self.typed.items()}


def read_variables(options: Iterable[str], encoder: Encoder) -> GivenVariables:
    """Read the options. Raises `VariableOptionError`."""
    typed: dict[str, TypedValueDto] = {}
    files: dict[str, bytes] = {}
    for option in options:
        separator = SEPARATOR.search(option)
        name, _, kind = option[: separator.start()].strip().partition(":") if separator else ("", "", "")
        if not separator or not name:
            raise VariableOptionError(f"--var '{option}' has no name and value. {FORMS}.")
        if name in typed:
            raise VariableOptionError(f"--var {name} is given twice. Leave one of them out.")
        if kind and kind not in CONVERSIONS:
            raise VariableOptionError(f"--var {name}:{kind}: unknown type. Write one of {', '.join(CONVERSIONS)}.")
        text = option[separator.end() :]
        match separator[0]:
            case "=":
                typed[name] = _encode(name, text, kind, encoder)
            case ":=":
                typed[name] = _encode(name, _read_json(name, text), kind, encoder)
            case _:
                files[name] = read_file(Path(text).expanduser(), f"--var {name}")
                typed[name] = {"type": "File", "value": None, "valueInfo": {"filename": Path(text).name}}
    return GivenVariables(typed, files)


def file_of(option: str) -> Path | None:
    """Return the file that an option names, if it does."""
    separator = SEPARATOR.search(option)
    return Path(option[separator.end() :]).expanduser() if separator and separator[0] == "@" else None


def _encode(name: str, value: Any, kind: str, encoder: Encoder) -> TypedValueDto:
    try:
        return encoder.encode(name, convert(value, kind or None))
    except ValueError as error:
        raise VariableOptionError(f"--var {name}: {error}. Correct it, or leave out the type.") from error


def _read_json(name: str, text: str) -> Any:
    try:
        value = parse(text)
        check_finite(value)
    except (ValueError, RecursionError) as error:
        fix = f"Write {name}={text} for a text, or correct the JSON"
        raise VariableOptionError(f"--var {name}:= is not followed by JSON: {error}. {fix}.") from error
    return value


def read_file(path: Path, option: str) -> bytes:
    """Return the content of a file that an option names. Raises `VariableOptionError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VariableOptionError(f"{option}: {path} cannot be read: {reason}. Name a file that exists.") from error
    if len(content) > MAX_FILE_BYTES:
        raise VariableOptionError(f"{option}: {path} has more than {MAX_FILE_BYTES:,} bytes. Name a smaller file.")
    return content
