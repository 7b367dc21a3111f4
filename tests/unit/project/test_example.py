"""The example holds together: its task and the template, its forms, its diagram and the picture of it."""

import json
import re
from xml.etree import ElementTree as ET

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from support.element_templates import (
    BESIDE_EXAMPLES,
    BPMN,
    CAMUNDA,
    EXAMPLE,
    ROOT,
    TEMPLATE,
    TRANSCRIBE_TEMPLATE,
    held_by,
    load,
    written_by,
)

XML = EXAMPLE.read_text(encoding="utf-8")
DIAGRAM = ROOT / "docs" / "pictures" / "groq-example.svg"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
STANDARD_VARIABLES = {"catalyst_responseBody", "catalyst_statusCode", "catalyst_success", "catalyst_error"}
CAUGHT_VARIABLES = {"errorCode", "errorMessage"}


def elements(tag):
    return ET.fromstring(XML).iter(tag)  # noqa: S314 -- our own file


def form(name):
    return json.loads((EXAMPLE.parent / f"{name}.form").read_text(encoding="utf-8"))


def fields(container):
    """Return all fields of a form, those in groups too."""
    for component in container["components"]:
        yield from fields(component) if "components" in component else [component]


def test_the_task_holds_what_the_template_writes():
    mend = "Open bpmn/groq-example.bpmn in the Modeler and apply the template anew"

    assert held_by(XML, "AskGroq") == written_by(load()), mend


def test_the_templates_that_the_modeler_finds_beside_the_examples_are_the_templates():
    for template in (TEMPLATE, TRANSCRIBE_TEMPLATE):
        beside = BESIDE_EXAMPLES / template.name
        assert beside.read_bytes() == template.read_bytes(), f"cp {template} {beside}"


def test_every_bpmn_error_is_caught():
    assert parse(XML).catches("AskGroq", "ANY_CODE")


def test_each_user_task_has_its_form():
    asked_for = {task.get(f"{CAMUNDA}formRef") for task in elements(f"{BPMN}userTask")}

    assert asked_for == {form(file.stem)["id"] for file in EXAMPLE.parent.glob(f"{EXAMPLE.stem}-*.form")}


def test_what_is_asked_is_what_the_payload_needs():
    (question,) = fields(form("groq-example-configure"))

    assert f"${{{question['key']}}}" in held_by(XML, "AskGroq").texts["catalyst_payload"]


def test_the_review_shows_all_that_the_task_sets():
    shown = {field["key"] for field in fields(form("groq-example-review"))}

    mapped = set(json.loads(CHAT_DEFAULTS[RESPONSE_MAPPING]))
    assert shown == {"userMessage"} | mapped | STANDARD_VARIABLES | CAUGHT_VARIABLES


def test_the_review_writes_nothing_back():
    """Tasklist would write a String, which a long reply does not fit into."""
    assert all(field["disabled"] for field in fields(form("groq-example-review")))


def test_the_picture_shows_the_diagram_as_it_is():
    drawn = {name.removesuffix("_label") for name in re.findall(r'data-element-id="([^"]+)"', DIAGRAM.read_text())}
    shapes = [*elements(f"{BPMNDI}BPMNShape"), *elements(f"{BPMNDI}BPMNEdge")]

    assert drawn == {shape.get("bpmnElement") for shape in shapes}, "make pictures"
