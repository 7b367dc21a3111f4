"""Process variables on the command line: `--var name=value`."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Never

from catalyst_groq.connector.expressions.conversions import CONVERSIONS, convert
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.errors import CatalystError

FILE_MARK = "@"
MAX_FILE_BYTES = 100_000_000
UNDECLARED_TYPES = 'a value that is JSON (125, true, null, {…}, […], "…") has its type, any other is a String'


class VariableOptionError(CatalystError):
    """An option is not understood; the message says how it is written."""


def parse_variables(options: Sequence[str], encoder: Encoder) -> dict[str, TypedValueDto]:
    """Return the typed variables of `name=value`, `name:Type=value` and `name=@file`. Raises `VariableOptionError`.

    A value that is JSON has its type, any other is a String; `@file` makes a File of a file's content.
    """
    variables: dict[str, TypedValueDto] = {}
    for option in options:
        written, equals, value = option.partition("=")
        name, colon, kind = written.strip().partition(":")
        if not equals or not name:
            raise VariableOptionError(f"--var '{option}': there is no name=value. Write --var amount=125")
        if name in variables:
            raise VariableOptionError(f"--var {name}: is given twice. Give it once")
        if colon and kind not in CONVERSIONS:
            raise VariableOptionError(f"--var {written}: unknown type. Write one of {', '.join(CONVERSIONS)}")
        variables[name] = _encode(name, kind, value, encoder)
    return variables


def _encode(name: str, kind: str, value: str, encoder: Encoder) -> TypedValueDto:
    if value.startswith(FILE_MARK) and kind in ("", "File"):
        return _read_file(name, Path(value.removeprefix(FILE_MARK)))
    try:
        return encoder.encode(name, convert(_typed(value, kind), kind or None))
    except ValueError as error:
        raise VariableOptionError(f"--var {name}: {error}. Correct it, or leave out the type") from error


def _typed(value: str, kind: str) -> Any:
    """Return the value of a text: what its JSON means without a type or as Json, otherwise the text itself."""
    if kind not in ("", "Json"):
        return value
    try:
        return json.loads(value, parse_constant=_refuse_constant, parse_float=_parse_float)
    except (ValueError, RecursionError) as error:
        if kind:
            raise ValueError(f"is not JSON ({error})") from error
        return value


def _refuse_constant(name: str) -> Never:
    """Refuse NaN and infinities, which are no JSON: they are texts."""
    raise ValueError(name)


def _parse_float(text: str) -> float:
    """Refuse what is too large for a Double: it is a text, too."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _read_file(name: str, path: Path) -> TypedValueDto:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VariableOptionError(f"--var {name}: {path} cannot be read: {error.strerror}. Name a file") from error
    if len(content) > MAX_FILE_BYTES:
        raise VariableOptionError(f"--var {name}: {path} has more than {MAX_FILE_BYTES:,} bytes. Name a smaller file")
    info: Mapping[str, str] = {
        "filename": path.name,
        "mimeType": guess_type(path.name)[0] or "application/octet-stream",
    }
    return {"type": "File", "value": base64.b64encode(content).decode(), "valueInfo": dict(info)}
