"""The parsed BPMN of a process definition: the fields of external tasks, and which events catch BPMN errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.domain.diagram_encoding import EncodingError, decode_diagram
from catalyst_groq.domain.diagram_scopes import (
    CALL_ACTIVITY,
    CATCH_ALL,
    MESSAGE_EVENT,
    NO_CODES,
    Codes,
    find_activities,
    read_name,
    read_topic,
)
from catalyst_groq.domain.extension_elements import BPMN, KNOWN_NAMESPACES, FieldsError, read_field_inputs, read_texts
from catalyst_groq.domain.multi_instances import MultiInstance, find_multi_instances

DOCUMENT_TYPE = "<!DOCTYPE"
MAX_INLINE_CHARS = 30_000
"""A longer diagram is parsed in another process."""


class TaskOrigin(NamedTuple):
    """Where an external task comes from."""

    process: str
    """The id of the process in the diagram; a file may hold several."""
    topic: str


@dataclass(frozen=True, slots=True)
class Definition:
    """The parts of one deployed process definition that the worker uses."""

    fields: Mapping[str, Mapping[str, str]]
    """By activity id the fields and the extension properties of the external tasks."""

    caught: Mapping[str, Codes]
    """By activity id, the error codes that an event in the process catches."""

    calls: frozenset[str]
    """Ids of the call activities: an error that the called process does not catch is thrown on to the caller."""

    events: frozenset[str] = frozenset()
    """Ids of the events whose message is an external task; no boundary event can be attached to them."""

    origins: Mapping[str, TaskOrigin] = field(default_factory=dict)
    """By activity id of all external tasks."""

    unreadable: Mapping[str, str] = field(default_factory=dict)
    """By activity id why the fields of a task cannot be read: the rest of a sentence about the diagram."""

    field_inputs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By activity id the input parameters that are named like fields."""

    multi_instances: Mapping[str, tuple[MultiInstance, ...]] = field(default_factory=dict)
    """By activity id the loops on and around an activity, the innermost first; activities without one are left out."""

    def fields_of(self, activity_id: str) -> Mapping[str, str]:
        """Return the names and texts of the fields of one external task.

        Raises `FieldsError` if they are unknown: the defaults must not stand in for what was not understood.
        """
        if reason := self.unreadable.get(activity_id):
            raise FieldsError(reason)
        if activity_id not in self.fields:
            problem = f"has no external task '{activity_id}' with a topic in the namespace of a known engine"
            raise FieldsError(f"{problem}. Write its topic in one of {KNOWN_NAMESPACES}")
        return self.fields[activity_id]

    def catches(self, activity_id: str, code: str) -> bool:
        """Whether a boundary event or an event subprocess around the activity catches the code."""
        return bool(self.caught.get(activity_id, NO_CODES) & {code, CATCH_ALL})

    def where_to_catch(self, activity_id: str) -> str:
        """Return an instruction to the modeller how to catch an error of the activity."""
        if activity_id in self.events:
            return f"put '{activity_id}' into a subprocess and attach an error boundary event to that"
        return f"attach an error boundary event to '{activity_id}'"

    def catches_from_calls(self, code: str) -> bool:
        """Whether the code is caught at or around any call activity of this process."""
        return any(self.catches(call, code) for call in self.calls)


class CallingProcess(NamedTuple):
    """A process instance that waits for another one in a call activity."""

    instance_id: str
    definition_id: str


def is_parsed_quickly(xml: str) -> bool:
    """Whether size and form bound the time to parse a diagram to milliseconds.

    A document type may repeat texts: in entities, and in default values of attributes.
    """
    return len(xml) <= MAX_INLINE_CHARS and DOCUMENT_TYPE not in xml


def read_inline(content: bytes) -> Definition | str | None:
    """Read a diagram if that takes milliseconds; None if it may take longer. See `parse_or_explain`."""
    if len(content) > MAX_INLINE_CHARS:
        return None
    try:
        xml = decode_diagram(content)
    except EncodingError as error:
        return str(error)
    return parse_or_explain(xml) if is_parsed_quickly(xml) else None


def parse_or_explain(diagram: str | bytes) -> Definition | str:
    """Parse a diagram, or return why it cannot be read. It may take any time."""
    try:
        return parse(diagram)
    except EncodingError as error:
        return str(error)
    except (ET.ParseError, UnicodeEncodeError) as error:  # the latter: half a surrogate pair
        return f"is not well-formed XML: {error}"
    except RecursionError:
        return "is nested too deeply"


def parse(diagram: str | bytes) -> Definition:
    """Parse one BPMN diagram. No external entity is opened: expat leaves them out."""
    xml = decode_diagram(diagram) if isinstance(diagram, bytes) else diagram
    root = ET.fromstring(xml)  # noqa: S314 -- no entity is opened, and large or repeated ones have their bounds outside
    codes = {read_name(error, "id"): error.get("errorCode") for error in root.iterfind(f"{BPMN}error")}
    fields: dict[str, Mapping[str, str]] = {}
    caught: dict[str, Codes] = {}
    unreadable: dict[str, str] = {}
    origins: dict[str, TaskOrigin] = {}
    field_inputs: dict[str, frozenset[str]] = {}
    calls, events = set(), set()
    multi_instances: dict[str, tuple[MultiInstance, ...]] = {}
    for process in root.iterfind(f"{BPMN}process"):
        for activity, enclosing in find_activities(process, NO_CODES, codes):
            activity_id = read_name(activity, "id")
            caught[activity_id] = enclosing
            if activity.tag == CALL_ACTIVITY:
                calls.add(activity_id)
                continue
            message = activity.find(MESSAGE_EVENT)
            if message is not None:
                events.add(activity_id)
            field_inputs[activity_id] = read_field_inputs(activity, message)
            origins[activity_id] = TaskOrigin(read_name(process, "id"), read_topic(activity) or "")
            try:
                fields[activity_id] = read_texts(activity, message)
            except FieldsError as error:
                unreadable[activity_id] = str(error)
        multi_instances |= find_multi_instances(process, codes)
    return Definition(
        fields, caught, frozenset(calls), frozenset(events), origins, unreadable, field_inputs, multi_instances
    )
