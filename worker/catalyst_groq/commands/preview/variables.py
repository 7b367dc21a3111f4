"""The variables of a previewed task, as the command line gives them: `name=text`, `name:=json`, `name@file`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catalyst_groq.commands.preview.errors import PreviewError
from catalyst_groq.common.json_codec import check_finite, parse
from catalyst_groq.domain.variables import Encoder, TypedValueDto

SEPARATOR = re.compile(r":=|=|@")
MAX_FILE_BYTES = 128_000_000
"""As for a File that the engine sends."""

FORMS = "Write name=text, name:=json or name@file"


class GivenVariables(NamedTuple):
    """Variables as the engine would send them, and the contents of the Files among them, by their names."""

    typed: Mapping[str, TypedValueDto]
    files: Mapping[str, bytes]


def read_variables(options: Iterable[str], encoder: Encoder) -> GivenVariables:
    """Read the options. Raises `PreviewError`."""
    typed: dict[str, TypedValueDto] = {}
    files: dict[str, bytes] = {}
    for option in options:
        separator = SEPARATOR.search(option)
        name = option[: separator.start()].strip() if separator else ""
        if not separator or not name:
            raise PreviewError(f"--var '{option}' has no name and value. {FORMS}.")
        if name in typed:
            raise PreviewError(f"--var {name} is given twice. Leave one of them out.")
        text = option[separator.end() :]
        match separator[0]:
            case "=":
                typed[name] = encoder.encode(name, text)
            case ":=":
                typed[name] = encoder.encode(name, _read_json(name, text))
            case _:
                files[name] = read_file(Path(text).expanduser(), f"--var {name}")
                typed[name] = {"type": "File", "value": None, "valueInfo": {"filename": Path(text).name}}
    return GivenVariables(typed, files)


def file_of(option: str) -> Path | None:
    """Return the file that an option names, if it does."""
    separator = SEPARATOR.search(option)
    return Path(option[separator.end() :]).expanduser() if separator and separator[0] == "@" else None


def _read_json(name: str, text: str) -> Any:
    try:
        value = parse(text)
        check_finite(value)
    except (ValueError, RecursionError) as error:
        fix = f"Write {name}={text} for a text, or correct the JSON"
        raise PreviewError(f"--var {name}:= is not followed by JSON: {error}. {fix}.") from error
    return value


def read_file(path: Path, option: str) -> bytes:
    """Return the content of a file that an option names. Raises `PreviewError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PreviewError(f"{option}: {path} cannot be read: {reason}. Name a file that exists.") from error
    if len(content) > MAX_FILE_BYTES:
        raise PreviewError(f"{option}: {path} has more than {MAX_FILE_BYTES:,} bytes. Name a smaller file.")
    return content
