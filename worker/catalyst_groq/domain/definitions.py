"""The parsed BPMN of a process definition: the fields of external tasks, and which events catch BPMN errors."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree as ET

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
SCOPE_TAGS = {f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"}

CALL_ACTIVITY = f"{BPMN}callActivity"
MESSAGE_EVENT = f"{BPMN}messageEventDefinition"
TOPIC_ATTRIBUTE = f"{CAMUNDA}topic"
EXTENSION_ELEMENTS = f"{BPMN}extensionElements"

DOCUMENT_TYPE = "<!DOCTYPE"
MAX_INLINE_CHARS = 30_000
"""A longer diagram is parsed in another process."""

CATCH_ALL = None
"""The code of an error event without a code: it catches every BPMN error."""

Codes = frozenset[str | None]
"""Error codes that are caught; `CATCH_ALL` among them stands for every code."""

NO_CODES: Codes = frozenset()


@dataclass(frozen=True, slots=True)
class Definition:
    """The parts of one deployed process definition that the worker uses."""

    fields: Mapping[str, Mapping[str, str]]
    """By activity id, what the engine does not send with a task: fields, and properties of an event's message."""

    caught: Mapping[str, Codes]
    """By activity id, the error codes that an event in the process catches."""

    calls: frozenset[str]
    """Ids of the call activities: an error that the called process does not catch is thrown on to the caller."""

    events: frozenset[str] = frozenset()
    """Ids of the events whose message is an external task; no boundary event can be attached to them."""

    def fields_of(self, activity_id: str) -> Mapping[str, str]:
        """Return the names and texts of the fields of one external task."""
        return self.fields.get(activity_id, {})

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


def parse_or_explain(xml: str) -> Definition | str:
    """Parse a diagram, or return why it cannot be read. It may take any time."""
    try:
        return parse(xml)
    except ET.ParseError as error:
        return f"is not well-formed XML: {error}"
    except RecursionError:
        return "is nested too deeply"


def parse(xml: str) -> Definition:
    """Parse the XML of one BPMN diagram. No external entity is opened: expat leaves them out."""
    root = ET.fromstring(xml)  # noqa: S314 -- no entity is opened, and large or repeated ones have their bounds outside
    codes = {error.get("id", ""): error.get("errorCode") for error in root.iter(f"{BPMN}error")}
    fields: dict[str, Mapping[str, str]] = {}
    caught: dict[str, Codes] = {}
    calls, events = set(), set()
    for process in root.iter(f"{BPMN}process"):
        for activity, enclosing in _activities(process, NO_CODES, codes):
            activity_id = activity.get("id", "")
            caught[activity_id] = enclosing
            if activity.tag == CALL_ACTIVITY:
                calls.add(activity_id)
            else:
                fields[activity_id] = _fields(activity)
            if activity.find(MESSAGE_EVENT) is not None:
                events.add(activity_id)
    return Definition(fields, caught, frozenset(calls), frozenset(events))


def _activities(scope: ET.Element, outer: Codes, codes: Mapping[str, str | None]) -> Iterator[tuple[ET.Element, Codes]]:
    """Yield all external tasks and call activities in a scope, each with the codes that are caught on and around it."""
    boundaries: dict[str, Codes] = {}
    event_subprocesses: dict[ET.Element, Codes] = {}
    catchers: Counter[str | None] = Counter()
    for element in scope:
        if element.tag == f"{BPMN}boundaryEvent":
            attached_to = element.get("attachedToRef", "")
            boundaries[attached_to] = boundaries.get(attached_to, NO_CODES) | _error_codes(element, codes)
        elif element.tag in SCOPE_TAGS and element.get("triggeredByEvent") == "true":
            starts = element.iterfind(f"{BPMN}startEvent")
            event_subprocesses[element] = NO_CODES.union(*(_error_codes(start, codes) for start in starts))
            catchers.update(event_subprocesses[element])
    caught_in_scope = frozenset(catchers)
    for element in scope:
        # An event subprocess does not catch the errors of its own activities; its siblings do.
        own = (code for code in event_subprocesses.get(element, NO_CODES) if catchers[code] == 1)
        enclosing = caught_in_scope.difference(own) | outer | boundaries.get(element.get("id", ""), NO_CODES)
        if element.tag in SCOPE_TAGS:
            yield from _activities(element, enclosing, codes)
        elif element.tag == CALL_ACTIVITY or any(
            part.get(TOPIC_ATTRIBUTE) is not None for part in (element, *element.iterfind(MESSAGE_EVENT))
        ):
            yield element, enclosing


def _error_codes(event: ET.Element, codes: Mapping[str, str | None]) -> Codes:
    """Return the codes an event catches. A reference to an error without a code catches all, as the engine does."""
    references = (definition.get("errorRef") for definition in event.iterfind(f"{BPMN}errorEventDefinition"))
    return frozenset(codes.get(reference, reference) if reference else CATCH_ALL for reference in references)


def _fields(activity: ET.Element) -> dict[str, str]:
    """Return the fields of a task, or of an event and its message, and the properties of that message."""
    fields = {
        item.get("name", ""): item.get("value", "")
        for item in activity.iterfind(f"{MESSAGE_EVENT}/{EXTENSION_ELEMENTS}/{CAMUNDA}properties/{CAMUNDA}property")
    }
    for path in (EXTENSION_ELEMENTS, f"{MESSAGE_EVENT}/{EXTENSION_ELEMENTS}"):
        for field in activity.iterfind(f"{path}/{CAMUNDA}field"):
            text = field.findtext(f"{CAMUNDA}string") or field.findtext(f"{CAMUNDA}expression")
            fields[field.get("name", "")] = text or field.get("stringValue") or field.get("expression") or ""
    return fields
