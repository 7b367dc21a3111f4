"""A mistake in a diagram: what lint says of it, and how a task that runs shows it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from support.lint_diagrams import task_with

HELLO = '"messages": [{"role": "user", "content": "Hello"}]'
PICTURE = (
    '[{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]'
)
SCHEMA = (
    '"response_format": {"type": "json_schema", "json_schema": {"name": "order", "schema": {"type": "object", '
    '"properties": {"amount": {"type": "number"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}}, '
    '"$defs": {"line": {"type": "object", "properties": {"price": {"type": "number"}}}}}}}'
)
TOOL = (
    '"tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", '
    '"properties": {"order": {"type": "string"}}}}}]'
)

ACTIVE, COMPLETED = "ACTIVE", "COMPLETED"
"""States of process instances."""


class Place(StrEnum):
    """Where a mistake shows when the process runs."""

    INCIDENT = "incident"
    BPMN_ERROR = "BPMN error"
    LOG = "warning in the worker's log"
    DEPLOYMENT = "the engine refuses the diagram"
    NOTHING = "no word"


class Shown(NamedTuple):
    """How a task that runs shows a mistake."""

    place: Place
    text: str
    """A part of what is said there; where nothing is said, the state of the process instance."""
    happens: str = ""
    """Where nothing is said, what happens."""


class Mistake(NamedTuple):
    """A diagram with a mistake. The number in a name is the row of the list of what new users stumbled over."""

    name: str
    inside: str
    """The elements of the process, or a whole one."""
    rule_id: str
    problem: str
    """A part of the problem that lint reports."""
    fix: str
    """A part of what lint reports, which names the fix."""
    shown: Shown | None = None
    """None: an incident with the problem and the fix of lint, word for word."""


def field(
    name: str, fields: Mapping[str, str], rule_id: str, problem: str, fix: str, *, shown: Shown | None = None
) -> Mistake:
    """Return the mistake of a task with these fields."""
    return Mistake(name, task_with(fields), rule_id, problem, fix, shown)


def payload(text: str) -> dict[str, str]:
    """Return the payload with these entries."""
    return {"catalyst_payload": "{" + text + "}"}


def mapping(text: str) -> dict[str, str]:
    """Return the response mapping."""
    return {"catalyst_responseMapping": text}


def message(content: str) -> dict[str, str]:
    """Return the payload with one message."""
    return payload(f'"messages": [{{"role": "user", "content": "{content}"}}]')
