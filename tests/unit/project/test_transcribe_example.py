"""The transcribe example is consistent: its task and the template, its forms and its diagram."""

import json
from xml.etree import ElementTree as ET

from catalyst_groq.connector.fields.mappings import ResponseMapping
from catalyst_groq.connector.fields.names import AUDIO, RESPONSE_MAPPING
from catalyst_groq.domain.definitions import parse
from catalyst_groq.groq.api.audio import MAX_FILE_BYTES
from support.element_templates import BPMN, CAMUNDA, TRANSCRIBE_EXAMPLE, TRANSCRIBE_TEMPLATE, held_by, load, written_by

XML = TRANSCRIBE_EXAMPLE.read_text(encoding="utf-8")
UPLOAD = TRANSCRIBE_EXAMPLE.with_name("groq-transcribe-example-upload.html").read_text(encoding="utf-8")
REVIEW = json.loads(TRANSCRIBE_EXAMPLE.with_name("groq-transcribe-example-review.form").read_text(encoding="utf-8"))
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
TASK = held_by(XML, "Transcribe")


def elements(tag):
    return list(ET.fromstring(XML).iter(tag))  # noqa: S314 -- our own file


def test_task_matches_the_template():
    assert written_by(load(TRANSCRIBE_TEMPLATE)) == TASK


def test_task_catches_every_bpmn_error():
    assert parse(XML).catches("Transcribe", "ANY_CODE")


def test_start_form_uploads_the_tasks_recording():
    (start,) = elements(f"{BPMN}startEvent")

    assert start.get(f"{CAMUNDA}formKey") == "embedded:deployment:groq-transcribe-example-upload.html"
    assert f'cam-variable-name="{TASK.properties[AUDIO]}" cam-variable-type="File"' in UPLOAD
    assert f'cam-max-filesize="{MAX_FILE_BYTES["free"]}"' in UPLOAD


def test_review_form_shows_the_transcript_read_only():
    (task,) = elements(f"{BPMN}userTask")
    shown = [field for group in REVIEW["components"] for field in group["components"]]
    mapping = ResponseMapping.parse(RESPONSE_MAPPING, json.loads(TASK.texts[RESPONSE_MAPPING]))

    assert task.get(f"{CAMUNDA}formRef") == REVIEW["id"]
    assert set(mapping.expressions) - {field["key"] for field in shown} == {"segments"}
    assert all(field["disabled"] for field in shown)


def test_diagram_shows_every_element():
    drawn = {shape.get("bpmnElement") for kind in ("BPMNShape", "BPMNEdge") for shape in elements(f"{BPMNDI}{kind}")}
    (process,) = elements(f"{BPMN}process")

    assert drawn == {element.get("id") for element in process if element.get("id")}
