"""What the deployed BPMN says about our service tasks: their fields, and who catches a BPMN error."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
SCOPES = {f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"}

CATCH_ALL = None
"""Stands among error codes for an error event without a code: it catches every error."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One deployed process definition, as far as the worker reads it."""

    fields: Mapping[str, Mapping[str, str]]
    """Per activity id the texts of its `camunda:field`s, which the engine does not send with the task."""

    caught: Mapping[str, frozenset[str | None]]
    """Per activity id the error codes that something inside the process catches; None stands for all of them."""

    def fields_of(self, activity_id: str) -> Mapping[str, str]:
        """Names and texts of the fields of one service task."""
        return self.fields.get(activity_id, {})

    def catches(self, activity_id: str, code: str) -> bool:
        """Whether a boundary event or an event subprocess around the activity catches the code."""
        return bool(self.caught.get(activity_id, frozenset()) & {code, CATCH_ALL})


class Definitions:
    """The engine's process definitions, each fetched once: a deployed definition never changes."""

    def __init__(self, fetch_xml: Callable[[str], Awaitable[str]]) -> None:
        self._fetch_xml = fetch_xml
        self._known: dict[str, asyncio.Task[Definition]] = {}

    async def of(self, process_definition_id: str) -> Definition:
        """Return the definition; tasks that ask at the same time share one fetch. Raises what the fetch raises."""
        pending = self._known.get(process_definition_id)
        if pending is None or (pending.done() and (pending.cancelled() or pending.exception())):
            pending = asyncio.create_task(self._fetch(process_definition_id))
            self._known[process_definition_id] = pending
        return await asyncio.shield(pending)

    async def _fetch(self, process_definition_id: str) -> Definition:
        return parse(await self._fetch_xml(process_definition_id))


def parse(xml: str) -> Definition:
    """Read the BPMN once. Pure: the text in, what the worker needs of it out."""
    root = ET.fromstring(xml)  # noqa: S314 -- the engine parsed it before us, and expat bounds entities since 2.4
    codes = {error.get("id", ""): error.get("errorCode") for error in root.iter(f"{BPMN}error")}
    fields: dict[str, Mapping[str, str]] = {}
    caught: dict[str, frozenset[str | None]] = {}
    for process in root.iter(f"{BPMN}process"):
        for task, enclosing in _service_tasks(process, frozenset(), codes):
            fields[task.get("id", "")] = _fields(task)
            caught[task.get("id", "")] = enclosing
    return Definition(fields, caught)


def _service_tasks(
    scope: ET.Element, outer: frozenset[str | None], codes: Mapping[str, str | None]
) -> Iterator[tuple[ET.Element, frozenset[str | None]]]:
    """All service-like tasks in a scope, each with the codes that are caught on it and around it."""
    boundaries: dict[str, set[str | None]] = {}
    around = set(outer)
    for element in scope:
        if element.tag == f"{BPMN}boundaryEvent":
            boundaries.setdefault(element.get("attachedToRef", ""), set()).update(_error_codes(element, codes))
        elif element.tag in SCOPES and element.get("triggeredByEvent") == "true":
            for start in element.iterfind(f"{BPMN}startEvent"):
                around |= _error_codes(start, codes)
    for element in scope:
        here = frozenset(boundaries.get(element.get("id", ""), ()))
        if element.tag in SCOPES:
            # An error inside an event subprocess is not caught by that same scope's event subprocesses.
            beyond = outer if element.get("triggeredByEvent") == "true" else frozenset(around)
            yield from _service_tasks(element, beyond | here, codes)
        elif element.get(f"{CAMUNDA}topic") is not None:
            yield element, frozenset(around) | here


def _error_codes(event: ET.Element, codes: Mapping[str, str | None]) -> set[str | None]:
    """Return the codes an event catches. A reference to an error without a code catches all, as the engine does."""
    references = (definition.get("errorRef") for definition in event.iterfind(f"{BPMN}errorEventDefinition"))
    return {codes.get(reference, reference) if reference else CATCH_ALL for reference in references}


def _fields(task: ET.Element) -> dict[str, str]:
    found = {}
    for field in task.iterfind(f"{BPMN}extensionElements/{CAMUNDA}field"):
        text = field.findtext(f"{CAMUNDA}string") or field.findtext(f"{CAMUNDA}expression")
        found[field.get("name", "")] = text or field.get("stringValue") or field.get("expression") or ""
    return found
