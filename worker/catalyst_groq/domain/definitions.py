"""What the deployed BPMN says about our tasks: their fields, and who catches a BPMN error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree as ET

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
SCOPES = {f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"}

CALL = f"{BPMN}callActivity"
MESSAGE = f"{BPMN}messageEventDefinition"
TOPIC = f"{CAMUNDA}topic"
EXTENSIONS = f"{BPMN}extensionElements"

CATCH_ALL = None
"""Stands among error codes for an error event without a code: it catches every error."""

Codes = frozenset[str | None]
NOTHING: Codes = frozenset()


@dataclass(frozen=True, slots=True)
class Definition:
    """One deployed process definition, as far as the worker reads it."""

    fields: Mapping[str, Mapping[str, str]]
    """Per activity id what the engine does not send with the task: fields, and properties of an event's message."""

    caught: Mapping[str, Codes]
    """Per activity id the error codes that something inside the process catches; None stands for all of them."""

    calls: frozenset[str]
    """Ids of the call activities: an error that nothing catches in the called process goes on to the caller."""

    events: frozenset[str] = frozenset()
    """Ids of the events whose message is an external task; no boundary event can be attached to them."""

    def fields_of(self, activity_id: str) -> Mapping[str, str]:
        """Names and texts of the fields of one external task."""
        return self.fields.get(activity_id, {})

    def catches(self, activity_id: str, code: str) -> bool:
        """Whether a boundary event or an event subprocess around the activity catches the code."""
        return bool(self.caught.get(activity_id, NOTHING) & {code, CATCH_ALL})

    def where_to_catch(self, activity_id: str) -> str:
        """Say what would catch an error of the activity."""
        if activity_id in self.events:
            return f"put '{activity_id}' into a subprocess and attach an error boundary event to that"
        return f"attach an error boundary event to '{activity_id}'"

    def catches_from_calls(self, code: str) -> bool:
        """Whether the code is caught where some call activity of this process lets it out."""
        return any(self.catches(call, code) for call in self.calls)


class CallingProcess(NamedTuple):
    """A process instance that waits for another one in a call activity."""

    instance_id: str
    definition_id: str


def parse(xml: str) -> Definition:
    """Read the BPMN once. Pure: the text in, what the worker needs of it out."""
    root = ET.fromstring(xml)  # noqa: S314 -- the engine parsed it before us, and expat bounds entities since 2.4
    codes = {error.get("id", ""): error.get("errorCode") for error in root.iter(f"{BPMN}error")}
    fields: dict[str, Mapping[str, str]] = {}
    caught: dict[str, Codes] = {}
    calls, events = set(), set()
    for process in root.iter(f"{BPMN}process"):
        for activity, enclosing in _activities(process, NOTHING, codes):
            activity_id = activity.get("id", "")
            caught[activity_id] = enclosing
            if activity.tag == CALL:
                calls.add(activity_id)
            else:
                fields[activity_id] = _fields(activity)
            if activity.find(MESSAGE) is not None:
                events.add(activity_id)
    return Definition(fields, caught, frozenset(calls), frozenset(events))


def _activities(scope: ET.Element, outer: Codes, codes: Mapping[str, str | None]) -> Iterator[tuple[ET.Element, Codes]]:
    """All external tasks and call activities in a scope, each with the codes that are caught on and around it."""
    boundaries: dict[str, Codes] = {}
    event_subprocesses: dict[ET.Element, Codes] = {}
    for element in scope:
        if element.tag == f"{BPMN}boundaryEvent":
            attached_to = element.get("attachedToRef", "")
            boundaries[attached_to] = boundaries.get(attached_to, NOTHING) | _error_codes(element, codes)
        elif element.tag in SCOPES and element.get("triggeredByEvent") == "true":
            starts = element.iterfind(f"{BPMN}startEvent")
            event_subprocesses[element] = NOTHING.union(*(_error_codes(start, codes) for start in starts))
    for element in scope:
        # An event subprocess does not catch what comes out of itself; those beside it do.
        beside = (caught for other, caught in event_subprocesses.items() if other is not element)
        around = outer.union(*beside) | boundaries.get(element.get("id", ""), NOTHING)
        if element.tag in SCOPES:
            yield from _activities(element, around, codes)
        elif element.tag == CALL or any(part.get(TOPIC) is not None for part in (element, *element.iterfind(MESSAGE))):
            yield element, around


def _error_codes(event: ET.Element, codes: Mapping[str, str | None]) -> Codes:
    """Return the codes an event catches. A reference to an error without a code catches all, as the engine does."""
    references = (definition.get("errorRef") for definition in event.iterfind(f"{BPMN}errorEventDefinition"))
    return frozenset(codes.get(reference, reference) if reference else CATCH_ALL for reference in references)


def _fields(activity: ET.Element) -> dict[str, str]:
    """Return what is written on a task, or on an event and its message."""
    found = {
        written.get("name", ""): written.get("value", "")
        for written in activity.iterfind(f"{MESSAGE}/{EXTENSIONS}/{CAMUNDA}properties/{CAMUNDA}property")
    }
    for written_on in (EXTENSIONS, f"{MESSAGE}/{EXTENSIONS}"):
        for field in activity.iterfind(f"{written_on}/{CAMUNDA}field"):
            text = field.findtext(f"{CAMUNDA}string") or field.findtext(f"{CAMUNDA}expression")
            found[field.get("name", "")] = text or field.get("stringValue") or field.get("expression") or ""
    return found
