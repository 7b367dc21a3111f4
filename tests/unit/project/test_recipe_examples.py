"""The recipes are consistent: their tasks and the template, their forms, their diagrams and the page about them."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from catalyst_groq.connector.fields.names import COLLECT, CONVERSATION, ERROR_MAPPING, PAYLOAD, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from support.element_templates import BPMN, CAMUNDA, EXAMPLE, ROOT, held_by, load, written_by

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
FOLDER = EXAMPLE.parent
TASKS = {"approval": "Draft", "classify": "Classify", "extract": "Extract", "translate": "Translate"}
OWN_TEXTS = {PAYLOAD, RESPONSE_MAPPING, ERROR_MAPPING}
OWN_PROPERTIES = {COLLECT, CONVERSATION}


@pytest.fixture(params=TASKS)
def recipe(request):
    return request.param, (FOLDER / f"groq-{request.param}-example.bpmn").read_text(encoding="utf-8")


def elements(xml, tag):
    return list(ET.fromstring(xml).iter(tag))  # noqa: S314 -- our own file


def test_task_matches_the_template_but_for_what_it_is_about(recipe):
    name, xml = recipe
    held, written = held_by(xml, TASKS[name]), written_by(load())

    assert (held.tag, held.attributes) == (written.tag, written.attributes)
    assert held.texts.keys() == written.texts.keys()
    assert held.properties | dict.fromkeys(OWN_PROPERTIES) == written.properties | dict.fromkeys(OWN_PROPERTIES)


def test_task_catches_every_bpmn_error_or_collects_it(recipe):
    name, xml = recipe
    assert parse(xml).catches(TASKS[name], "ANY_CODE") or held_by(xml, TASKS[name]).properties[COLLECT]


def test_forms_have_the_names_that_tasks_refer_to(recipe):
    _, xml = recipe
    for task in elements(xml, f"{BPMN}userTask"):
        if form := task.get(f"{CAMUNDA}formRef"):
            assert json.loads((FOLDER / f"{form}.form").read_text(encoding="utf-8"))["id"] == form


def test_diagram_shows_every_element(recipe):
    _, xml = recipe
    drawn = {
        shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(xml, f"{BPMNDI}{kind}")
    }
    (process,) = elements(xml, f"{BPMN}process")

    assert drawn == {element.get("id") for element in process if element.get("id")}


def test_page_of_recipes_links_to_every_example():
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [path.name for path in FOLDER.glob("*.bpmn") if f"../bpmn/{path.name}" not in page] == []


@pytest.mark.parametrize("example", sorted(FOLDER.glob("*.bpmn")), ids=lambda path: path.stem)
def test_picture_of_a_recipe_shows_its_current_diagram(example):
    picture = (ROOT / "docs" / "pictures" / f"{example.stem}.svg").read_text(encoding="utf-8")
    drawn = {name.removesuffix("_label") for name in re.findall(r'data-element-id="([^"]+)"', picture)}
    xml = example.read_text(encoding="utf-8")
    shapes = [*elements(xml, f"{BPMNDI}BPMNShape"), *elements(xml, f"{BPMNDI}BPMNEdge")]

    assert drawn == {shape.get("bpmnElement") for shape in shapes}, "make pictures"
