"""The batch examples are consistent: their tasks and the template, their forms and their diagrams."""

import json
from xml.etree import ElementTree as ET

import pytest

from catalyst_groq.connector.fields.mappings import ResponseMapping
from catalyst_groq.connector.fields.names import COLLECT, PAYLOAD, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from support.element_templates import BATCH_EXAMPLE, BATCH_REVIEW_EXAMPLE, BPMN, CAMUNDA, held_by, load, written_by

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
STANDARD_VARIABLES = {
    *("catalyst_responseBody", "catalyst_statusCode", "catalyst_success", "catalyst_error", "catalyst_meta")
}
CAUGHT_VARIABLES = {"errorCode", "errorMessage"}
EXAMPLES = [BATCH_EXAMPLE, BATCH_REVIEW_EXAMPLE]


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.stem)
def xml(request):
    return request.param.read_text(encoding="utf-8")


def elements(xml, tag):
    return list(ET.fromstring(xml).iter(tag))  # noqa: S314 -- our own file


def test_task_matches_the_template_but_for_what_it_is_about(xml):
    held, written = held_by(xml, "Summarize"), written_by(load())
    own = {PAYLOAD, RESPONSE_MAPPING}

    assert (held.tag, held.attributes) == (written.tag, written.attributes)
    assert {**held.texts, **dict.fromkeys(own)} == {**written.texts, **dict.fromkeys(own)}
    assert {**held.properties, COLLECT: ""} == written.properties
    assert held.properties[COLLECT] == "summaries"


def test_diagram_shows_every_element(xml):
    drawn = {
        shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(xml, f"{BPMNDI}{kind}")
    }
    (process,) = elements(xml, f"{BPMN}process")
    scopes = [process, *process.iter(f"{BPMN}subProcess")]

    assert drawn == {element.get("id") for scope in scopes for element in scope if element.get("id")}


def test_review_of_an_item_has_variables_of_its_own():
    xml = BATCH_REVIEW_EXAMPLE.read_text(encoding="utf-8")
    (loop,) = parse(xml).multi_instances["Summarize"]
    mapping = json.loads(held_by(xml, "Summarize").texts[RESPONSE_MAPPING])
    mapped = set(ResponseMapping.parse(RESPONSE_MAPPING, mapping).expressions)

    assert loop.item_variables == mapped | STANDARD_VARIABLES | CAUGHT_VARIABLES
    assert loop.caught


def test_review_form_shows_variables_of_the_item_read_only():
    xml = BATCH_REVIEW_EXAMPLE.read_text(encoding="utf-8")
    form = json.loads(BATCH_REVIEW_EXAMPLE.with_name("groq-batch-review-example-review.form").read_text("utf-8"))
    fields = [field for group in form["components"] for field in group["components"]]
    (loop,) = parse(xml).multi_instances["Summarize"]
    (task,) = elements(xml, f"{BPMN}userTask")

    assert task.get(f"{CAMUNDA}formRef") == form["id"]
    assert {field["key"] for field in fields} <= loop.item_variables
    assert all(field["disabled"] for field in fields)
