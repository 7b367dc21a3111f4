"""Diagrams made for one test each: Start → Ask (service task) → Review (user task) → End, with what the test needs."""

import itertools
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

PROPERTIES = "<camunda:property name={} value={}/>"
FIELD = "<camunda:field name={}><camunda:string>{}</camunda:string></camunda:field>"
INPUT = "<camunda:inputParameter name={}>{}</camunda:inputParameter>"
BOUNDARY = """
    <bpmn:boundaryEvent id="Failed" attachedToRef="Ask">
      <bpmn:errorEventDefinition camunda:errorCodeVariable="errorCode" camunda:errorMessageVariable="errorMessage" {}/>
    </bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="f4" sourceRef="Failed" targetRef="Caught"/>
    <bpmn:userTask id="Caught"/>"""
numbers = itertools.count(1)


def process_with(inside: str) -> tuple[str, str]:
    """Return a new process key and its BPMN: a start that leads to the activity `Ask`, which is inside."""
    key = f"test-{next(numbers)}"
    return (
        key,
        f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="test">
  <bpmn:process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">
    <bpmn:startEvent id="Start"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Start" targetRef="Ask"/>
{inside}
  </bpmn:process>
</bpmn:definitions>""",
    )


def diagram(
    *,
    fields: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    inputs: Mapping[str, str] | None = None,
    boundary: bool = False,
    review: str = "",
    topic: str = "catalyst-groq",
) -> tuple[str, str]:
    """Return a new process key and its BPMN. `review` is the inside of the user task that follows."""
    written = "".join(FIELD.format(quoteattr(name), escape(text)) for name, text in (fields or {}).items())
    listed = "".join(PROPERTIES.format(quoteattr(name), quoteattr(text)) for name, text in (properties or {}).items())
    given = "".join(INPUT.format(quoteattr(name), escape(text)) for name, text in (inputs or {}).items())
    return process_with(
        f"""\
    <bpmn:serviceTask id="Ask" name="Ask Groq" camunda:type="external" camunda:topic="{topic}">
      <bpmn:extensionElements>
        {f"<camunda:properties>{listed}</camunda:properties>" if listed else ""}
        {f"<camunda:inputOutput>{given}</camunda:inputOutput>" if given else ""}
        {written}
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/>
    <bpmn:userTask id="Review">{review}</bpmn:userTask>
    <bpmn:sequenceFlow id="f3" sourceRef="Review" targetRef="End"/>
    <bpmn:endEvent id="End"/>{BOUNDARY.format("") if boundary else ""}"""
    )
