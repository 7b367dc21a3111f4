"""The process around an external task in contract tests."""

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="contract">
  <process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="Start"/>
    <sequenceFlow id="f1" sourceRef="Start" targetRef="Ask"/>
    <serviceTask id="Ask" camunda:type="external" camunda:topic="{topic}" camunda:taskPriority="{priority}">
      <extensionElements>
        <camunda:properties>{properties}</camunda:properties>
        <camunda:field name="catalyst_payload"><camunda:string>{{}}</camunda:string></camunda:field>
      </extensionElements>
    </serviceTask>
    <boundaryEvent id="Failed" attachedToRef="Ask">
      <errorEventDefinition camunda:errorCodeVariable="errorCode" camunda:errorMessageVariable="errorMessage"/>
    </boundaryEvent>
    <sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/>
    <userTask id="Review" name="{review}"/>
    <sequenceFlow id="f3" sourceRef="Failed" targetRef="Caught"/>
    <userTask id="Caught"/>
  </process>
  <process id="{key}-caller" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="CallerStart"/>
    <sequenceFlow id="c1" sourceRef="CallerStart" targetRef="Call"/>
    <callActivity id="Call" calledElement="{key}"/>
  </process>
</definitions>"""
PROPERTY = "<camunda:property name={} value={}/>"
OBSTACLE = "${obstacle}"
"""An expression that cannot be evaluated, so that the step after the task fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Ask (external task) → Review (user task), or by a boundary event → Caught; and a process that calls it."""

    topic: str
    properties: tuple[tuple[str, str], ...] = ()
    priority: int = 0
    next_step_fails: bool = False

    def bpmn(self, key: str) -> str:
        """Return the BPMN for a process key."""
        properties = "".join(PROPERTY.format(quoteattr(name), quoteattr(value)) for name, value in self.properties)
        review = OBSTACLE if self.next_step_fails else "Review"
        return BPMN.format(key=key, topic=self.topic, priority=self.priority, properties=properties, review=review)
