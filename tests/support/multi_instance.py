"""Processes with a multi-instance: on the task itself, or on a subprocess around it."""

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from support.diagrams import FIELD, INPUT, PROPERTIES

MODEL = "openai/gpt-oss-20b"
CONTENT = "item ${loopCounter}"
MAPPING = {"text": "choices[0].message.content"}
REVIEW = '<bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/><bpmn:userTask id="Review"/>'


def loop(items: int, *, sequential: bool = False, until: str = "") -> str:
    """Return the loop of a multi-instance with that many items. `until`: the expression that ends it early."""
    end = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    kind = ' isSequential="true"' if sequential else ""
    cardinality = f"<bpmn:loopCardinality>{items}</bpmn:loopCardinality>"
    return f"<bpmn:multiInstanceLoopCharacteristics{kind}>{cardinality}{end}</bpmn:multiInstanceLoopCharacteristics>"


def inputs(parameters: Mapping[str, str]) -> str:
    """Return the input parameters of an activity."""
    written = "".join(INPUT.format(quoteattr(name), escape(text)) for name, text in parameters.items())
    return f"<camunda:inputOutput>{written}</camunda:inputOutput>" if written else ""


def collecting_task(
    task_id: str = "Ask",
    *,
    inside: str = "",
    topic: str = "catalyst-groq",
    content: str = CONTENT,
    parameters: Mapping[str, str] | None = None,
    **properties: str,
) -> str:
    """Return a task that collects in `results`. `inside` is its loop; `properties` are named without `catalyst_`."""
    fields = {
        "catalyst_payload": {"model": MODEL, "messages": [{"role": "user", "content": content}]},
        "catalyst_responseMapping": MAPPING,
    }
    texts = "".join(FIELD.format(quoteattr(name), escape(json.dumps(value))) for name, value in fields.items())
    named = {f"catalyst_{name}": text for name, text in {"collect": "results", **properties}.items()}
    listed = "".join(PROPERTIES.format(quoteattr(name), quoteattr(text)) for name, text in named.items())
    return f"""<bpmn:serviceTask id="{task_id}" camunda:type="external" camunda:topic="{topic}"><bpmn:extensionElements>
        <camunda:properties>{listed}</camunda:properties>{inputs(parameters or {})}{texts}
        </bpmn:extensionElements>{inside}</bpmn:serviceTask>"""


def subprocess(
    first: str,
    inside: str,
    *,
    around: str = "",
    subprocess_id: str = "Ask",
    parameters: Mapping[str, str] | None = None,
) -> str:
    """Return a subprocess that begins with the activity `first`; `around` is its loop."""
    return f"""<bpmn:subProcess id="{subprocess_id}">
        <bpmn:extensionElements>{inputs(parameters or {})}</bpmn:extensionElements>{around}
        <bpmn:startEvent id="{subprocess_id}Start"/>
        <bpmn:sequenceFlow id="{subprocess_id}Flow" sourceRef="{subprocess_id}Start" targetRef="{first}"/>
        {inside}</bpmn:subProcess>"""
