"""The tasks of this worker in a diagram, with their fields as they are written."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from catalyst_groq.commands.lint.diagram import PARAMETERS, Diagram
from catalyst_groq.commands.lint.names import BPMN, CAMUNDA, EXTENSION_ELEMENTS, MESSAGE_EVENT, TOPIC_ATTRIBUTE
from catalyst_groq.domain.diagram_scopes import read_name
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.external_task import ExternalTask

TEMPLATE_ATTRIBUTE = f"{CAMUNDA}modelerTemplate"
TEMPLATE_PREFIX = "io.catalyst.template."
PROPERTIES = f"{EXTENSION_ELEMENTS}/{CAMUNDA}properties/{CAMUNDA}property"
FIELDS = f"{EXTENSION_ELEMENTS}/{CAMUNDA}field"
INPUTS = f"{PARAMETERS}inputParameter"
OUTPUTS = f"{PARAMETERS}outputParameter"
TYPE_ATTRIBUTE = f"{CAMUNDA}type"
EXTERNAL = "external"
EXTERNAL_TAGS = frozenset(f"{BPMN}{name}" for name in ("serviceTask", "sendTask", "businessRuleTask"))
ESCAPED_EXPRESSION = "\\${"
"""The engine leaves it as `${`."""


@dataclass(frozen=True)
class WrittenTask:
    """An external task as it is written. Its fields are looked up by the worker's own code."""

    element: ET.Element
    topic: str
    items: Sequence[ET.Element]
    """The elements that hold its fields and parameters."""
    lines: Mapping[str, int]
    """Of its fields, by their names."""
    line: int
    repeated: Sequence[str]
    """Names of the fields that are written more than once."""
    inputs: Mapping[str, str | None]
    """Its input parameters: their texts; None for one that the engine computes."""
    external_task: ExternalTask = field(repr=False)

    @property
    def id(self) -> str:
        """The activity id."""
        return read_name(self.element, "id")

    @property
    def name(self) -> str:
        """The name in the diagram."""
        return self.element.get("name", "")

    @property
    def has_catalyst_fields(self) -> bool:
        """Whether it has fields of this worker, or its template."""
        return any(name.startswith(FIELD_PREFIX) for name in self.lines) or is_templated(self.element)


def is_templated(element: ET.Element) -> bool:
    """Whether a template of this worker is applied to the element."""
    return element.get(TEMPLATE_ATTRIBUTE, "").startswith(TEMPLATE_PREFIX)


def find_external_tasks(diagram: Diagram) -> Iterator[WrittenTask]:
    """Yield all external tasks: service tasks and the like, and events whose message is one."""
    for element in diagram.root.iter():
        own = [element] if element.tag in EXTERNAL_TAGS else []
        parts = [part for part in (*own, *element.iterfind(MESSAGE_EVENT)) if part.get(TYPE_ATTRIBUTE) == EXTERNAL]
        topics = [topic for part in parts if (topic := part.get(TOPIC_ATTRIBUTE)) is not None]
        if topics:
            yield _read_task(diagram, element, topics[0])


def has_computed_topic(task: WrittenTask) -> bool:
    """Whether an expression of the engine makes up the topic."""
    return "${" in task.topic or "#{" in task.topic


def select_tasks(tasks: Collection[WrittenTask], topics: Collection[str]) -> list[WrittenTask]:
    """Return the tasks that this worker processes, as far as the diagram shows it."""
    return [task for task in tasks if task.topic in topics or (has_computed_topic(task) and task.has_catalyst_fields)]


def _read_task(diagram: Diagram, element: ET.Element, topic: str) -> WrittenTask:
    inputs = {item.get("name", ""): _constant_of(item) for item in element.iterfind(INPUTS)}
    properties = {item.get("name", ""): item.get("value", "") for item in element.iterfind(PROPERTIES)}
    given = {
        name: {"type": "String", "value": text}
        for name, text in inputs.items()
        # A field that the engine computes has a value that is not known.
        if text is not None or name.startswith(FIELD_PREFIX)
    }
    owners = (element, *element.iterfind(MESSAGE_EVENT))
    # In the order in which the worker looks a field up, the last one first.
    written = [item for path in (INPUTS, FIELDS, PROPERTIES) for owner in owners for item in owner.iterfind(path)]
    fetched = {
        "id": "",
        "activityId": read_name(element, "id"),
        "processInstanceId": "",
        "executionId": "",
        "processDefinitionId": "",
        "extensionProperties": properties,
        "variables": given,
    }
    return WrittenTask(
        element=element,
        topic=topic,
        items=written,
        lines={item.get("name", ""): diagram.lines[item] for item in written},
        line=diagram.lines[element],
        repeated=[name for name, count in Counter(item.get("name", "") for item in written).items() if count > 1],
        inputs=inputs,
        external_task=ExternalTask(fetched),
    )


def _constant_of(parameter: ET.Element) -> str | None:
    """Return the text that the engine gives to the worker; None for an expression, a script, a list or a map."""
    text = parameter.text or ""
    if len(parameter):
        return None
    without_escapes = text.replace(ESCAPED_EXPRESSION, "")
    return None if "${" in without_escapes or "#{" in without_escapes else text.replace(ESCAPED_EXPRESSION, "${")
