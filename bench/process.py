"""The process that is measured: the service task of the shipped example, with nothing after it."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

EXAMPLE = Path(__file__).parents[1] / "bpmn" / "groq-example.bpmn"
RELEASE = "release"
"""The message that a gated process waits for."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
GATE = """
    <bpmn:intermediateCatchEvent id="Gate">
      <bpmn:messageEventDefinition messageRef="Release"/>
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="f2" sourceRef="Gate" targetRef="Ask"/>"""
DIAGRAM = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="bench">
  <bpmn:message id="Release" name="{RELEASE}"/>
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
    return DIAGRAM.format(key=key, topic=topic, first=first, gate=gate, fields=_fields())


@cache
def _fields() -> str:
    """What the element template has written into the example, whatever that is today."""
    ET.register_namespace("bpmn", BPMN)
    ET.register_namespace("camunda", "http://camunda.org/schema/1.0/bpmn")
    found = ET.parse(EXAMPLE).find(f".//{{{BPMN}}}serviceTask/{{{BPMN}}}extensionElements")  # noqa: S314 -- our own file
    if found is None:
        raise ValueError(f"{EXAMPLE} has no service task with the template's fields")
    return ET.tostring(found, encoding="unicode")
