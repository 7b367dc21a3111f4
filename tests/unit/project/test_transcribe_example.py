"""The transcribe example holds together: its task and the template, its forms and its drawing."""

import json
from xml.etree import ElementTree as ET

from catalyst_groq.connector.fields.mappings import ResponseMapping
from catalyst_groq.connector.fields.names import AUDIO, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from catalyst_groq.groq.api.audio import MOST_BYTES
from support.element_templates import BPMN, CAMUNDA, TRANSCRIBE_EXAMPLE, TRANSCRIBE_TEMPLATE, held_by, load, written_by

XML = TRANSCRIBE_EXAMPLE.read_text(encoding="utf-8")
UPLOAD = TRANSCRIBE_EXAMPLE.with_name("groq-transcribe-example-upload.html").read_text(encoding="utf-8")
REVIEW = json.loads(TRANSCRIBE_EXAMPLE.with_name("groq-transcribe-example-review.form").read_text(encoding="utf-8"))
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
TASK = held_by(XML, "Transcribe")


def elements(tag):
    return list(ET.fromstring(XML).iter(tag))  # noqa: S314 -- our own file


def test_the_task_holds_what_the_template_writes():
    assert written_by(load(TRANSCRIBE_TEMPLATE)) == TASK


def test_every_bpmn_error_is_caught():
    assert parse(XML).catches("Transcribe", "ANY_CODE")


def test_the_start_asks_for_the_recording_that_the_task_hears():
    (start,) = elements(f"{BPMN}startEvent")

    assert start.get(f"{CAMUNDA}formKey") == "embedded:deployment:groq-transcribe-example-upload.html"
    assert f'cam-variable-name="{TASK.properties[AUDIO]}" cam-variable-type="File"' in UPLOAD
    assert f'cam-max-filesize="{MOST_BYTES["free"]}"' in UPLOAD


def test_the_review_shows_what_was_heard_and_writes_nothing_back():
    (task,) = elements(f"{BPMN}userTask")
    shown = [field for group in REVIEW["components"] for field in group["components"]]
    mapping = ResponseMapping.parse(RESPONSE_MAPPING, json.loads(TASK.texts[RESPONSE_MAPPING]))

    assert task.get(f"{CAMUNDA}formRef") == REVIEW["id"]
    assert set(mapping.expressions) - {field["key"] for field in shown} == {"segments"}
    assert all(field["disabled"] for field in shown)


def test_everything_is_drawn():
    drawn = {shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(f"{BPMNDI}{kind}")}
    (process,) = elements(f"{BPMN}process")

    assert drawn == {element.get("id") for element in process if element.get("id")}
