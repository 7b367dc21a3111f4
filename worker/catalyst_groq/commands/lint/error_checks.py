"""BPMN errors: those that nothing catches, and those that nothing throws."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.names import BPMN, CAMUNDA, EXTENSION_ELEMENTS
from catalyst_groq.commands.lint.samples import is_constant
from catalyst_groq.common.texts import closest, shorten
from catalyst_groq.connector.fields import error_causes
from catalyst_groq.connector.fields.mappings import DEFAULT_CODES
from catalyst_groq.connector.fields.names import ERROR_MAPPING
from catalyst_groq.domain.diagram_scopes import read_name

BOUNDARY = f"{BPMN}boundaryEvent"
ERROR_DEFINITION = f"{BPMN}errorEventDefinition"
THROWN_BY_ENGINE = f"{EXTENSION_ELEMENTS}/{CAMUNDA}errorEventDefinition"
"""Errors that the engine throws itself when a worker reports, under a condition."""

KNOWN_CAUSES = frozenset(
    (*error_causes.KNOWN_CAUSES, "invalid_request_error", "request_too_large", "tokens", "requests")
)
"""Those that the worker knows, and further codes of Groq."""


def check_error_mapping(check: TaskCheck) -> Iterator[Finding]:
    """Find causes that are not known, and BPMN errors that nothing in the diagram catches."""
    mapping = check.checked.error_mapping()
    if mapping is None:
        return
    for cause in mapping.codes:
        if check.is_groq and cause.isascii() and not cause[0].isdigit() and cause not in KNOWN_CAUSES:
            near = closest(cause, sorted(KNOWN_CAUSES))
            yield check.describe("unknown-cause", ERROR_MAPPING, "unknown", cause=shorten(cause), near=near)
    yield from _check_uncaught(check, list(dict.fromkeys(mapping.codes.values())))


def _check_uncaught(check: TaskCheck, codes: list[str]) -> Iterator[Finding]:
    definition = check.diagram.definition
    uncaught = [code for code in codes if not definition.catches(check.task.id, code)]
    if not uncaught or check.collects_errors:
        return
    where = "event" if check.task.id in definition.events else "task"
    rule_id = "default-error-uncaught" if check.checked.is_default(ERROR_MAPPING) else "uncaught-error"
    listed = ", ".join(map(shorten, uncaught))
    errors = f"error {listed}" if len(uncaught) == 1 else f"errors {listed}"
    yield check.describe(rule_id, ERROR_MAPPING, where, id=check.task.id, codes=listed, errors=errors)


def check_catchers(check: TaskCheck) -> Iterator[Finding]:
    """Find boundary events of the task for codes that it never throws."""
    mapping, written = check.checked.error_mapping(), check.checked.structure(ERROR_MAPPING)
    if mapping is None or not is_constant(written):
        return
    by_engine = {_code_of(check, definition) for definition in check.task.element.iterfind(THROWN_BY_ENGINE)}
    thrown = {*mapping.codes.values(), *DEFAULT_CODES.values()}
    for event in check.diagram.root.iter(BOUNDARY):
        if read_name(event, "attachedToRef") != check.task.id:
            continue
        for definition in event.iterfind(ERROR_DEFINITION):
            code = _code_of(check, definition)
            if code and code not in thrown | by_engine:
                near = closest(code, sorted(thrown))
                finding = check.describe("unthrown-error", code=shorten(code), near=near)
                line, id_, name = check.diagram.lines[event], read_name(event, "id"), event.get("name", "")
                yield finding._replace(line=line, element_id=id_, element_name=name)


def _code_of(check: TaskCheck, definition: ET.Element) -> str | None:
    """Return the code that an error definition names; None for any code."""
    reference = read_name(definition, "errorRef")
    return check.diagram.error_codes.get(reference, reference) if reference else None
