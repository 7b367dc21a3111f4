"""The process variables that a diagram sets itself, as far as they can be seen in it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from catalyst_groq.commands.lint.diagram import LOOP_VARIABLES, Diagram
from catalyst_groq.commands.lint.names import BPMN, CAMUNDA, MESSAGE_EVENT, TOPIC_ATTRIBUTE
from catalyst_groq.commands.lint.tasks import WrittenTask
from catalyst_groq.connector.fields.ignored_fields import STANDARD_VARIABLES

NAMING_ATTRIBUTES = frozenset(
    f"{CAMUNDA}{name}"
    for name in (
        *("resultVariable", "elementVariable", "initiator", "errorCodeVariable", "errorMessageVariable"),
        *("escalationCodeVariable", "decisionResultVariable"),
    )
)
NAMED_ELEMENTS = {
    f"{CAMUNDA}inputParameter": "name",
    f"{CAMUNDA}outputParameter": "name",
    f"{CAMUNDA}formField": "id",
    f"{CAMUNDA}out": "target",
}
SET_VARIABLE = re.compile(r"setVariable(?:Local)?\(\s*['\"](\w+)['\"]")
FOREIGN_CODE_ATTRIBUTES = frozenset(
    f"{CAMUNDA}{name}" for name in ("formKey", "formRef", "class", "delegateExpression", "expression")
)
FOREIGN_CODE_ELEMENTS = frozenset(
    (
        *(f"{BPMN}{name}" for name in ("callActivity", "receiveTask", "messageEventDefinition", "scriptTask")),
        *(f"{BPMN}signalEventDefinition", f"{CAMUNDA}script", f"{CAMUNDA}connector"),
    )
)
"""Elements through which variables come that no diagram names."""


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Names of the variables that the diagram is seen to set."""

    names: frozenset[str]
    may_be_incomplete: bool
    """Whether forms, code, messages or other workers may set more."""


def find_set_variables(diagram: Diagram, outputs: frozenset[str], own_tasks: list[WrittenTask]) -> SetVariables:
    """Return what a diagram sets. `outputs` are the variables that this worker sets."""
    own = {task.element for task in own_tasks}
    own |= {event for task in own_tasks for event in task.element.iterfind(MESSAGE_EVENT)}
    names = {*outputs, *STANDARD_VARIABLES, *LOOP_VARIABLES, *_names_in(diagram)}
    return SetVariables(frozenset(names), _has_foreign_code(diagram, own))


def _names_in(diagram: Diagram) -> Iterator[str]:
    for element in diagram.root.iter():
        if attribute := NAMED_ELEMENTS.get(element.tag):
            yield element.get(attribute, "")
        for name, value in element.attrib.items():
            if name in NAMING_ATTRIBUTES:
                yield value
            yield from SET_VARIABLE.findall(value)
        yield from SET_VARIABLE.findall(element.text or "")


def _has_foreign_code(diagram: Diagram, own: set[ET.Element]) -> bool:
    return any(
        element not in own
        and (
            element.tag in FOREIGN_CODE_ELEMENTS
            or element.get(TOPIC_ATTRIBUTE) is not None
            or not FOREIGN_CODE_ATTRIBUTES.isdisjoint(
                name for name, value in element.attrib.items() if not SET_VARIABLE.search(value)
            )
        )
        for element in diagram.root.iter()
    )
