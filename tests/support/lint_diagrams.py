"""Diagrams to lint: a process with a form that sets some variables, and what a test plants in it."""

from collections.abc import Mapping
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.connector.fields.names import OBJECT_FIELDS

VARIABLES = ("userMessage", "name", "items", "recording", "photo", "model", "fast", "tenantKey", "seconds", "tone")
ERRORS = "".join(
    f'<bpmn:error id="{code}" errorCode="{code}"/>' for code in ("RATE_LIMITED", "BAD_REQUEST", "TOO_BUSY", "BUSY")
)
CATCHER = '<bpmn:boundaryEvent id="Failed" attachedToRef="Ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'


def process_around(inside: str) -> str:
    """Return a diagram whose process holds the elements. `inside` may also be a whole process."""
    process = inside if inside.lstrip().startswith("<bpmn:process") else _process_with(inside)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="test">
  {process}{ERRORS}
</bpmn:definitions>"""


def _process_with(inside: str) -> str:
    form_fields = "".join(f'<camunda:formField id="{name}" type="string"/>' for name in VARIABLES)
    return f"""<bpmn:process id="test" isExecutable="true" camunda:historyTimeToLive="1">
    <bpmn:startEvent id="Start">
      <bpmn:extensionElements><camunda:formData>{form_fields}</camunda:formData></bpmn:extensionElements>
    </bpmn:startEvent>
{inside}
  </bpmn:process>"""


def task_with(fields: Mapping[str, str], attributes: str = "", extensions: str = "", inside: str = "") -> str:
    """Return a service task with the fields, written as the template writes them, and a boundary event."""
    texts = "".join(
        f"<camunda:field name={quoteattr(name)}><camunda:string>{escape(text)}</camunda:string></camunda:field>"
        for name, text in fields.items()
        if name in OBJECT_FIELDS
    )
    properties = "".join(
        f"<camunda:property name={quoteattr(name)} value={quoteattr(text)}/>"
        for name, text in fields.items()
        if name not in OBJECT_FIELDS
    )
    return f"""\
    <bpmn:serviceTask id="Ask" name="Ask Groq" camunda:type="external" camunda:topic="catalyst-groq" {attributes}>
      <bpmn:extensionElements>{texts}
        <camunda:properties>{properties}</camunda:properties>{extensions}
      </bpmn:extensionElements>{inside}
    </bpmn:serviceTask>
    {CATCHER}"""


def example_diagram(example):
    """Return the diagram of a rule's example."""
    return process_around(example if isinstance(example, str) else task_with(example))


def lint(inside, **settings):
    """Return the findings in a process that holds the elements."""
    return lint_diagram(process_around(inside), replace(default_context(), **settings))


def lint_task(fields, **settings):
    """Return the findings of a task with the fields."""
    return lint(task_with(fields), **settings)


def rules_of(findings):
    """Return the ids of the rules, in the order of the findings."""
    return [finding.rule_id for finding in findings]
