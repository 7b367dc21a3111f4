"""The tools example is consistent: its task and the template, its placeholders, its flows and its diagram."""

from xml.etree import ElementTree as ET

import pytest

from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.definitions import parse
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.element_templates import BPMN, TOOLS_EXAMPLE, held_by, load, written_by
from support.factories import make_definition, make_task

XML = TOOLS_EXAMPLE.read_text(encoding="utf-8")
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
TASK = held_by(XML, "AskGroq")


def elements(tag):
    return list(ET.fromstring(XML).iter(tag))  # noqa: S314 -- our own file


def messages(**variables):
    task = make_task(variables, TASK.properties)
    reader = TaskRequestReader(shipped_catalog())
    request = reader.read(reader.read_fields(task, make_definition(TASK.texts)))
    return request.builder.payload(stream=False)["messages"]


def test_task_has_the_fields_of_the_template():
    template = written_by(load())

    assert TASK.attributes == template.attributes
    assert TASK.texts.keys() == template.texts.keys()
    assert TASK.properties.keys() == template.properties.keys()


def test_payload_has_the_question_and_then_the_tool_result():
    assert messages(userMessage="Where is it?")[1] == {"role": "user", "content": "Where is it?"}
    with_result = messages(userMessage="Where is it?", toolCallId="call_1", toolResult="In Bremen")
    assert with_result[1] == {"role": "tool", "tool_call_id": "call_1", "content": "In Bremen"}


@pytest.mark.parametrize("result", [None, ""])
def test_payload_names_an_empty_tool_result(result):
    assert messages(toolCallId="call_1", toolResult=result)[1]["content"] == "nothing found"


def test_task_catches_every_bpmn_error():
    assert parse(XML).catches("AskGroq", "ANY_CODE")


def test_diagram_shows_every_element():
    drawn = {shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(f"{BPMNDI}{kind}")}
    (process,) = elements(f"{BPMN}process")

    assert drawn == {element.get("id") for element in process if element.get("id")}
