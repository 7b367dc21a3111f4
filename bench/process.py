"""The benchmark's process: the service task of the shipped example, followed by the end event."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

EXAMPLE_FILE = Path(__file__).parents[1] / "bpmn" / "groq-example.bpmn"
RELEASE_MESSAGE = "release"
"""The message that a gated process waits for."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
GATE = """
    <bpmn:intermediateCatchEvent id="Gate">
      <bpmn:messageEventDefinition messageRef="Release"/>
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="f2" sourceRef="Gate" targetRef="Ask"/>"""
DIAGRAM = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="bench">
  <bpmn:message id="Release" name="{RELEASE_MESSAGE}"/>
  <bpmn:process id="{{key}}" isExecutable="true" camunda:historyTimeToLive="1">
    <bpmn:startEvent id="Start"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Start" targetRef="{{first}}"/>{{gate}}
{{activity}}
    <bpmn:sequenceFlow id="f3" sourceRef="{{activity_id}}" targetRef="End"/>
    <bpmn:endEvent id="End"/>
  </bpmn:process>
</bpmn:definitions>"""
TASK = """
    <bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="{topic}">{fields}{loop}</bpmn:serviceTask>"""
BATCHES = """
    <bpmn:subProcess id="Batch">
      <bpmn:multiInstanceLoopCharacteristics isSequential="true">
        <bpmn:loopCardinality>${{items / 50 + (items % 50 > 0 ? 1 : 0)}}</bpmn:loopCardinality>
      </bpmn:multiInstanceLoopCharacteristics>
      <bpmn:startEvent id="BatchStart"/>
      <bpmn:sequenceFlow id="b1" sourceRef="BatchStart" targetRef="Ask"/>{task}
    </bpmn:subProcess>"""
LOOP = """<bpmn:multiInstanceLoopCharacteristics{attributes}>
      <bpmn:loopCardinality>{items}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a process has many items."""

    name: str
    loop: str = ""
    batches: bool = False


PLAIN = Shape("separate instances")
ONE = Shape("one multi-instance", LOOP.format(attributes="", items="${items}"))
SHAPES = (
    PLAIN,
    ONE,
    Shape(
        "one multi-instance, asyncAfter on each item",
        LOOP.format(attributes=' camunda:asyncAfter="true"', items="${items}"),
    ),
    Shape(
        "batches of 50, one after the other",
        LOOP.format(attributes="", items="${items - loopCounter * 50 > 50 ? 50 : items - loopCounter * 50}"),
        batches=True,
    ),
)


def diagram(key: str, topic: str, *, gated: bool, shape: Shape = PLAIN) -> str:
    """Return the BPMN: Start → Ask → End, or Start → gate → Ask → End; `shape` says what is in place of Ask."""
    task = TASK.format(topic=topic, fields=_template_fields(), loop=shape.loop)
    activity, activity_id = (BATCHES.format(task=task), "Batch") if shape.batches else (task, "Ask")
    gate = GATE.replace('targetRef="Ask"', f'targetRef="{activity_id}"') if gated else ""
    first = "Gate" if gated else activity_id
    return DIAGRAM.format(key=key, first=first, gate=gate, activity=activity, activity_id=activity_id)


@cache
def _template_fields() -> str:
    """Return the extension elements that the element template has written into the example."""
    ET.register_namespace("bpmn", BPMN)
    ET.register_namespace("camunda", "http://camunda.org/schema/1.0/bpmn")
    elements = ET.parse(EXAMPLE_FILE).find(f".//{{{BPMN}}}serviceTask/{{{BPMN}}}extensionElements")  # noqa: S314 -- our own file
    if elements is None:
        raise ValueError(f"{EXAMPLE_FILE} has no service task with the template's fields")
    return ET.tostring(elements, encoding="unicode")
