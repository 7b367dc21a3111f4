"""The tools example holds together: its task and the template, its placeholders, its flows and its drawing."""

from xml.etree import ElementTree as ET

import pytest

from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.task_request import read_task_request
from catalyst_groq.domain.definitions import parse
from support.element_templates import BPMN, TOOLS_EXAMPLE, held_by, load, written_by
from support.factories import make_definition, make_task

XML = TOOLS_EXAMPLE.read_text(encoding="utf-8")
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
TASK = held_by(XML, "AskGroq")


def elements(tag):
    return list(ET.fromstring(XML).iter(tag))  # noqa: S314 -- our own file


def messages(**variables):
    task = make_task(variables, TASK.properties)
    fields = read_task_request(RawFields.from_task(task, make_definition(TASK.texts)))
    return fields.builder.payload(stream=False)["messages"]


def test_the_task_holds_the_fields_of_the_template():
    template = written_by(load())

    assert TASK.attributes == template.attributes
    assert TASK.texts.keys() == template.texts.keys()
    assert TASK.properties.keys() == template.properties.keys()


def test_first_the_question_is_asked_and_then_what_the_tool_found():
    assert messages(userMessage="Where is it?")[1] == {"role": "user", "content": "Where is it?"}
    found = messages(userMessage="Where is it?", toolCallId="call_1", toolResult="In Bremen")
    assert found[1] == {"role": "tool", "tool_call_id": "call_1", "content": "In Bremen"}


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_tool_that_finds_nothing_says_so(nothing):
    assert messages(toolCallId="call_1", toolResult=nothing)[1]["content"] == "nothing found"


def test_every_bpmn_error_is_caught():
    assert parse(XML).catches("AskGroq", "ANY_CODE")


def test_everything_is_drawn():
    drawn = {shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(f"{BPMNDI}{kind}")}
    (process,) = elements(f"{BPMN}process")

    assert drawn == {element.get("id") for element in process if element.get("id")}
