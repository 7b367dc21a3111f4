"""The parsed BPMN of a process definition: the fields of external tasks, and which events catch BPMN errors."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.domain.diagram_encoding import EncodingError, decode_diagram
from catalyst_groq.domain.extension_elements import BPMN, KNOWN_NAMESPACES, FieldsError, attribute, read_texts

SCOPE_TAGS = {f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"}

CALL_ACTIVITY = f"{BPMN}callActivity"
MESSAGE_EVENT = f"{BPMN}messageEventDefinition"

DOCUMENT_TYPE = "<!DOCTYPE"
MAX_INLINE_CHARS = 30_000
"""A longer diagram is parsed in another process."""

CATCH_ALL = None
"""The code of an error event without a code: it catches every BPMN error."""

Codes = frozenset[str | None]
"""Error codes that are caught; `CATCH_ALL` among them stands for every code."""

NO_CODES: Codes = frozenset()


class TaskOrigin(NamedTuple):
    """Where an external task comes from."""

    process: str
    """The id of the process in the diagram; a file may hold several."""
    topic: str


@dataclass(frozen=True, slots=True)
class Definition:
    """The parts of one deployed process definition that the worker uses."""

    fields: Mapping[str, Mapping[str, str]]
    """By activity id the fields of the external tasks, and their properties where the engine may not send them."""

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
    codes = {_name(error, "id"): error.get("errorCode") for error in root.iterfind(f"{BPMN}error")}
    fields: dict[str, Mapping[str, str]] = {}
    caught: dict[str, Codes] = {}
    unreadable: dict[str, str] = {}
    origins: dict[str, TaskOrigin] = {}
    calls, events = set(), set()
    for process in root.iterfind(f"{BPMN}process"):
        for activity, enclosing in _activities(process, NO_CODES, codes):
            activity_id = _name(activity, "id")
            caught[activity_id] = enclosing
            if activity.tag == CALL_ACTIVITY:
                calls.add(activity_id)
                continue
            message = activity.find(MESSAGE_EVENT)
            if message is not None:
                events.add(activity_id)
            origins[activity_id] = TaskOrigin(_name(process, "id"), _topic(activity) or "")
            try:
                fields[activity_id] = read_texts(activity, message)
            except FieldsError as error:
                unreadable[activity_id] = str(error)
    return Definition(fields, caught, frozenset(calls), frozenset(events), origins, unreadable)


def _name(element: ET.Element, attribute_name: str) -> str:
    """Return an id, or a reference to one. The schema of BPMN, by which the engine reads, removes white space."""
    return element.get(attribute_name, "").strip()


def _topic(activity: ET.Element) -> str | None:
    topics = (attribute(part, "topic") for part in (activity, *activity.iterfind(MESSAGE_EVENT)))
    return next((topic for topic in topics if topic is not None), None)


def _activities(scope: ET.Element, outer: Codes, codes: Mapping[str, str | None]) -> Iterator[tuple[ET.Element, Codes]]:
    """Yield all external tasks and call activities in a scope, each with the codes that are caught on and around it."""
    boundaries: dict[str, Codes] = {}
    event_subprocesses: dict[ET.Element, Codes] = {}
    catchers: Counter[str | None] = Counter()
    for element in scope:
        if element.tag == f"{BPMN}boundaryEvent":
            attached_to = _name(element, "attachedToRef")
            boundaries[attached_to] = boundaries.get(attached_to, NO_CODES) | _error_codes(element, codes)
        elif element.tag in SCOPE_TAGS and _name(element, "triggeredByEvent") == "true":
            starts = element.iterfind(f"{BPMN}startEvent")
            event_subprocesses[element] = NO_CODES.union(*(_error_codes(start, codes) for start in starts))
            catchers.update(event_subprocesses[element])
    caught_in_scope = frozenset(catchers)
    for element in scope:
        # An event subprocess does not catch the errors of its own activities; its siblings do.
        own = (code for code in event_subprocesses.get(element, NO_CODES) if catchers[code] == 1)
        enclosing = caught_in_scope.difference(own) | outer | boundaries.get(_name(element, "id"), NO_CODES)
        if element.tag in SCOPE_TAGS:
            yield from _activities(element, enclosing, codes)
        elif element.tag == CALL_ACTIVITY or _topic(element) is not None:
            yield element, enclosing


def _error_codes(event: ET.Element, codes: Mapping[str, str | None]) -> Codes:
    """Return the codes an event catches. A reference to an error without a code catches all, as the engine does."""
    references = (_name(definition, "errorRef") for definition in event.iterfind(f"{BPMN}errorEventDefinition"))
    return frozenset(codes.get(reference, reference) if reference else CATCH_ALL for reference in references)
