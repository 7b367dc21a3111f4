"""The benchmark's process: the service task of the shipped example, followed by the end event."""

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
    <bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="{{topic}}">{{fields}}</bpmn:serviceTask>
    <bpmn:sequenceFlow id="f3" sourceRef="Ask" targetRef="End"/>
    <bpmn:endEvent id="End"/>
  </bpmn:process>
</bpmn:definitions>"""


def diagram(key: str, topic: str, *, gated: bool) -> str:
    """Return the BPMN: Start → Ask → End, or Start → gate → Ask → End."""
    first, gate = ("Gate", GATE) if gated else ("Ask", "")
    return DIAGRAM.format(key=key, topic=topic, first=first, gate=gate, fields=_template_fields())


@cache
def _template_fields() -> str:
    """Return the extension elements that the element template has written into the example."""
    ET.register_namespace("bpmn", BPMN)
    ET.register_namespace("camunda", "http://camunda.org/schema/1.0/bpmn")
    elements = ET.parse(EXAMPLE_FILE).find(f".//{{{BPMN}}}serviceTask/{{{BPMN}}}extensionElements")  # noqa: S314 -- our own file
    if elements is None:
        raise ValueError(f"{EXAMPLE_FILE} has no service task with the template's fields")
    return ET.tostring(elements, encoding="unicode")
