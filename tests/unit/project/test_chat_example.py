"""The chat example is consistent: its task and the template, its forms and its diagram."""

import json
from xml.etree import ElementTree as ET

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from support.element_templates import (
    BESIDE_EXAMPLES,
    BPMN,
    CAMUNDA,
    EXAMPLE,
    TEMPLATE,
    TRANSCRIBE_TEMPLATE,
    held_by,
    load,
    written_by,
)

XML = EXAMPLE.read_text(encoding="utf-8")
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
STANDARD_VARIABLES = {"catalyst_responseBody", "catalyst_statusCode", "catalyst_success", "catalyst_error"}
CAUGHT_VARIABLES = {"errorCode", "errorMessage"}


def elements(tag):
    return ET.fromstring(XML).iter(tag)  # noqa: S314 -- our own file


def form(name):
    return json.loads((EXAMPLE.parent / f"{name}.form").read_text(encoding="utf-8"))


def fields(container):
    """Yield all fields of a form, including those in groups."""
    for component in container["components"]:
        yield from fields(component) if "components" in component else [component]


def test_task_matches_the_template():
    remedy = "Open bpmn/groq-example.bpmn in the Modeler and apply the template again"

    assert held_by(XML, "AskGroq") == written_by(load()), remedy


def test_templates_beside_the_examples_are_copies():
    for template in (TEMPLATE, TRANSCRIBE_TEMPLATE):
        beside = BESIDE_EXAMPLES / template.name
        assert beside.read_bytes() == template.read_bytes(), f"cp {template} {beside}"


def test_task_catches_every_bpmn_error():
    assert parse(XML).catches("AskGroq", "ANY_CODE")


def test_user_tasks_have_their_forms():
    referenced = {task.get(f"{CAMUNDA}formRef") for task in elements(f"{BPMN}userTask")}

    assert referenced == {form(file.stem)["id"] for file in EXAMPLE.parent.glob(f"{EXAMPLE.stem}-*.form")}


def test_configure_form_sets_the_payloads_variable():
    (question,) = fields(form("groq-example-configure"))

    assert f"${{{question['key']}}}" in held_by(XML, "AskGroq").texts["catalyst_payload"]


def test_review_form_shows_every_variable_of_the_task():
    shown = {field["key"] for field in fields(form("groq-example-review"))}

    mapped = set(json.loads(CHAT_DEFAULTS[RESPONSE_MAPPING]))
    assert shown == {"userMessage"} | mapped | STANDARD_VARIABLES | CAUGHT_VARIABLES


def test_review_form_is_read_only():
    """Tasklist would write a String, which cannot store a long reply."""
    assert all(field["disabled"] for field in fields(form("groq-example-review")))
