"""The multi-instance loops on and around the external tasks of a diagram. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from catalyst_groq.domain.diagram_scopes import NO_CODES, SCOPE_TAGS, Codes, find_activities, read_name, read_topic
from catalyst_groq.domain.extension_elements import BPMN, read_input_parameters

MULTI_INSTANCE = f"{BPMN}multiInstanceLoopCharacteristics"


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """An activity with a multi-instance loop, as one external task in it sees it."""

    activity_id: str
    item_variables: frozenset[str]
    """Names of the input parameters by which each item has variables of its own around the task or the next loop."""
    caught: Codes
    """The error codes that an event inside an item catches: the error ends neither the item nor the loop."""


def find_multi_instances(
    scope: ET.Element, codes: Mapping[str, str | None], around: tuple[ET.Element, ...] = ()
) -> dict[str, tuple[MultiInstance, ...]]:
    """Return the loops on and around the external tasks of a scope, the innermost first.

    `around`: the scope and those around it, up to the outermost loop; empty outside of loops.
    """
    found: dict[str, tuple[MultiInstance, ...]] = {}
    for element in scope:
        path = (*around, element) if around or element.find(MULTI_INSTANCE) is not None else ()
        if element.tag in SCOPE_TAGS:
            found |= find_multi_instances(element, codes, path)
        elif path and read_topic(element) is not None:
            found[read_name(element, "id")] = tuple(_loops_on(path))
    if scope.find(MULTI_INSTANCE) is not None:
        inside = {read_name(activity, "id"): caught for activity, caught in find_activities(scope, NO_CODES, codes)}
        scope_id = read_name(scope, "id")
        found |= {
            activity_id: tuple(
                replace(loop, caught=inside.get(activity_id, NO_CODES)) if loop.activity_id == scope_id else loop
                for loop in loops
            )
            for activity_id, loops in found.items()
        }
    return found


def _loops_on(path: tuple[ET.Element, ...]) -> Iterator[MultiInstance]:
    """Yield the loops on a path to an activity, the innermost first, as if no event inside an item caught anything."""
    names: set[str] = set()
    for element in reversed(path):
        names |= read_input_parameters(element)
        if element.find(MULTI_INSTANCE) is not None:
            yield MultiInstance(read_name(element, "id"), frozenset(names), NO_CODES)
            names = set()
