"""Fields of generated task forms (`camunda:formField`): types of the engine, and none for files.

Camunda 7.24 refuses to deploy any other type, unless the engine's configuration adds it (`customFormTypes`). Of a File
that a client submits for a field of the type `string` it makes the text `java.io.ByteArrayInputStream@…`.
"""

import re
from collections.abc import Iterator

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.diagram import Diagram
from catalyst_groq.commands.lint.fields import is_transcription
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.names import CAMUNDA
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.fields.names import AUDIO
from catalyst_groq.domain.diagram_scopes import read_name

FORM_FIELD = f"{CAMUNDA}formField"
FORM_TYPES = ("string", "long", "boolean", "date", "enum")
FILE_TYPES = ("file", "binary", "bytes")
"""In lower case: types that people write for a file."""

ONE_VARIABLE = re.compile(r"(\w+)|\$\{(\w+)\}")
UNKNOWN_TYPE = "unknown-form-type"


def check_form_types(diagram: Diagram) -> Iterator[Finding]:
    """Find form fields of a type that the engine does not know."""
    for field in diagram.root.iter(FORM_FIELD):
        kind = field.get("type", "")
        if kind in FORM_TYPES:
            continue
        values = {"field": shorten(field.get("id", "")), "type": shorten(kind)}
        message = "file" if kind.lower() in FILE_TYPES else ""
        problem, fix = all_rules()[UNKNOWN_TYPE].describe(message, **values)
        owner = diagram.owner_of(field)
        yield Finding(diagram.lines[field], read_name(owner, "id"), owner.get("name", ""), UNKNOWN_TYPE, problem, fix)


def check_recording(check: TaskCheck) -> Iterator[Finding]:
    """Find a recording that a generated form asks for."""
    named = ONE_VARIABLE.fullmatch(str(check.checked.raw.fields.get(AUDIO, "")).strip())
    if named is None or not is_transcription(check.checked):
        return
    name = named[1] or named[2]
    for field in check.diagram.root.iter(FORM_FIELD):
        if field.get("id") == name and field.get("type") in FORM_TYPES:
            yield check.describe("form-field-for-file", AUDIO, field=shorten(name), type=field.get("type"))
            return
