"""BPMN errors: those that nothing catches, and those that nothing throws."""

from collections.abc import Iterator

from catalyst_groq.commands.lint.checks import TaskCheck, shorten
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.names import BPMN
from catalyst_groq.commands.lint.samples import is_constant
from catalyst_groq.connector.fields.ignored_fields import closest
from catalyst_groq.connector.fields.mappings import DEFAULT_CODES
from catalyst_groq.connector.fields.names import ERROR_MAPPING
from catalyst_groq.groq.api.errors import BUDGET_EXCEEDED, EMPTY_ANSWER, KIND_BY_CODE, KIND_BY_REASON, NETWORK_FAILURE

BOUNDARY = f"{BPMN}boundaryEvent"
ERROR_DEFINITION = f"{BPMN}errorEventDefinition"
KNOWN_CAUSES = frozenset(
    (
        *(code.lower() for code in KIND_BY_CODE),
        *(cause for _, causes in (*KIND_BY_REASON.values(), NETWORK_FAILURE) for cause in causes),
        *(BUDGET_EXCEEDED, EMPTY_ANSWER, "invalid_request_error", "request_too_large", "tokens", "requests"),
    )
)


def check_error_mapping(check: TaskCheck) -> Iterator[Finding]:
    """Find causes that are not known, and BPMN errors that nothing in the diagram catches."""
    mapping = check.checked.error_mapping()
    if mapping is None:
        return
    for cause in mapping.codes:
        if check.is_groq and cause.isascii() and not cause[0].isdigit() and cause not in KNOWN_CAUSES:
            near = closest(cause, sorted(KNOWN_CAUSES))
            fix = (
                f"Did you mean {near}?"
                if near
                else "Write a status (429), a class (5xx), a code of Groq, timeout or network"
            )
            problem = f"{ERROR_MAPPING}: '{shorten(cause)}' is not known as a cause"
            yield check.finding("unknown-cause", problem, fix, ERROR_MAPPING)
    yield from _check_uncaught(check, list(dict.fromkeys(mapping.codes.values())))


def _check_uncaught(check: TaskCheck, codes: list[str]) -> Iterator[Finding]:
    definition = check.diagram.definition
    uncaught = [code for code in codes if not definition.catches(check.task.id, code)]
    if not uncaught or check.collects_errors:
        return
    fix = definition.where_to_catch(check.task.id)
    fix = f"{fix[:1].upper()}{fix[1:]}, or remove the code from the mapping"
    listed = ", ".join(map(shorten, uncaught))
    rule_id = "default-error-uncaught" if check.checked.is_default(ERROR_MAPPING) else "uncaught-error"
    yield check.finding(rule_id, f"{ERROR_MAPPING}: nothing catches the BPMN error {listed}", fix, ERROR_MAPPING)


def check_catchers(check: TaskCheck) -> Iterator[Finding]:
    """Find boundary events of the task for codes that it never throws."""
    mapping, written = check.checked.error_mapping(), check.checked.structure(ERROR_MAPPING)
    if mapping is None or not is_constant(written):
        return
    thrown = {*mapping.codes.values(), *DEFAULT_CODES.values()}
    for event in check.diagram.root.iter(BOUNDARY):
        if event.get("attachedToRef") != check.task.id:
            continue
        for definition in event.iterfind(ERROR_DEFINITION):
            reference = definition.get("errorRef")
            code = check.diagram.error_codes.get(reference, reference) if reference else None
            if code and code not in thrown:
                near = closest(code, sorted(thrown))
                problem = f"the boundary event catches the BPMN error {shorten(code)}, which the task does not throw"
                fix = f"Did you mean {near}?" if near else f"Name it in {ERROR_MAPPING}, or remove the event"
                line = check.diagram.lines[event]
                yield Finding(line, event.get("id", ""), event.get("name", ""), "unthrown-error", problem, fix)
