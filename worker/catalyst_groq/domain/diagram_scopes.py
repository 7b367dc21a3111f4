"""The scopes of a diagram: the external tasks and call activities in them, and the errors caught there. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from catalyst_groq.domain.extension_elements import BPMN, attribute

SCOPE_TAGS = {f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"}
CALL_ACTIVITY = f"{BPMN}callActivity"
MESSAGE_EVENT = f"{BPMN}messageEventDefinition"

CATCH_ALL = None
"""The code of an error event without a code: it catches every BPMN error."""

Codes = frozenset[str | None]
"""Error codes that are caught; `CATCH_ALL` among them stands for every code."""

NO_CODES: Codes = frozenset()


def read_name(element: ET.Element, attribute_name: str) -> str:
    """Return an id, or a reference to one. The schema of BPMN, by which the engine reads, removes white space."""
    return element.get(attribute_name, "").strip()


def is_executable(process: ET.Element) -> bool:
    """Read the attribute as the engine does: where it is missing, the process is executable."""
    return process.get("isExecutable", "true").lower() == "true"


def read_topic(activity: ET.Element) -> str | None:
    """Return the topic of a task, or of an event's message; None if it is no external task."""
    topics = (attribute(part, "topic") for part in (activity, *activity.iterfind(MESSAGE_EVENT)))
    return next((topic for topic in topics if topic is not None), None)


def find_activities(
    scope: ET.Element, outer: Codes, codes: Mapping[str, str | None]
) -> Iterator[tuple[ET.Element, Codes]]:
    """Yield all external tasks and call activities in a scope, each with the codes that are caught on and around it."""
    boundaries: dict[str, Codes] = {}
    event_subprocesses: dict[ET.Element, Codes] = {}
    catchers: Counter[str | None] = Counter()
    for element in scope:
        if element.tag == f"{BPMN}boundaryEvent":
            attached_to = read_name(element, "attachedToRef")
            boundaries[attached_to] = boundaries.get(attached_to, NO_CODES) | _error_codes(element, codes)
        elif element.tag in SCOPE_TAGS and read_name(element, "triggeredByEvent") == "true":
            starts = element.iterfind(f"{BPMN}startEvent")
            event_subprocesses[element] = NO_CODES.union(*(_error_codes(start, codes) for start in starts))
            catchers.update(event_subprocesses[element])
    caught_in_scope = frozenset(catchers)
    for element in scope:
        # An event subprocess does not catch the errors of its own activities; its siblings do.
        own = (code for code in event_subprocesses.get(element, NO_CODES) if catchers[code] == 1)
        enclosing = caught_in_scope.difference(own) | outer | boundaries.get(read_name(element, "id"), NO_CODES)
        if element.tag in SCOPE_TAGS:
            yield from find_activities(element, enclosing, codes)
        elif element.tag == CALL_ACTIVITY or read_topic(element) is not None:
            yield element, enclosing


def _error_codes(event: ET.Element, codes: Mapping[str, str | None]) -> Codes:
    """Return the codes an event catches. A reference to an error without a code catches all, as the engine does."""
    references = (read_name(definition, "errorRef") for definition in event.iterfind(f"{BPMN}errorEventDefinition"))
    return frozenset(codes.get(reference, reference) if reference else CATCH_ALL for reference in references)
