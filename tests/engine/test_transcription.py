"""Recordings written down, seen from a process on a real engine."""

import json

import pytest

from support.diagrams import diagram
from support.element_templates import TRANSCRIBE_EXAMPLE
from support.files import SECONDS, file, recording
from support.process_instance import Instance

pytestmark = pytest.mark.engine

TRANSCRIBE = {"catalyst_operation": "transcribe"}
ASSIGNED = """<bpmn:extensionElements><camunda:inputOutput>
    <camunda:inputParameter name="assigned">${reviewer}</camunda:inputParameter>
    </camunda:inputOutput></bpmn:extensionElements>"""
"""A user task that cannot begin without the variable `reviewer`."""


def transcribing(**properties):
    return diagram(properties=TRANSCRIBE | {f"catalyst_{name}": text for name, text in properties.items()})


@pytest.mark.usefixtures("worker")
@pytest.mark.every_engine
def test_transcription_example_transcribes_upload(process_client, emulator):
    emulator.next(answer="Call me back.")
    process_client.deploy(*sorted(TRANSCRIBE_EXAMPLE.parent.glob("groq-transcribe-example*")))
    instance = Instance(
        process_client, process_client.start_typed("groq-transcribe-example", {"recording": file(recording())})
    )

    assert instance.task() == "Review"
    variables = instance.variables()
    assert variables["transcript"] == "Call me back."
    assert (variables["language"], variables["duration"]) == ("English", SECONDS)
    assert variables["segments"] == [{"start": 0, "end": SECONDS, "text": " Call me back."}]
    assert (variables["catalyst_success"], variables["catalyst_statusCode"]) == (True, 200)
    meta = variables["catalyst_meta"]
    assert meta["modelAsked"] == meta["modelUsed"] == "whisper-large-v3-turbo"
    assert meta["costUsd"] == pytest.approx(0.04 / 360)  # Groq bills ten seconds at least
    assert emulator.calls[0].path.endswith("/audio/transcriptions")
    assert emulator.calls[0].body == {
        "model": "whisper-large-v3-turbo",
        "response_format": "verbose_json",
        "timestamp_granularities[]": "segment",
    }


def test_transcription_translates_to_plain_text(start_instance, emulator):
    emulator.next(answer="Call me back.")
    made = transcribing(translate="true", model="whisper-large-v3", responseFormat="text", audio="${call.file}")
    instance = start_instance(made, {"recording": file(recording())}, call={"file": "https://files.example/call.mp3"})

    assert instance.task() == "Review"
    assert instance.variables()["transcript"] == "Call me back."
    assert instance.variables()["segments"] is None
    assert emulator.calls[0].path.endswith("/audio/translations")
    assert emulator.calls[0].body["url"] == "https://files.example/call.mp3"


def test_transcription_waits_out_rate_limit(start_instance, emulator):
    emulator.next(status=429, headers={"retry-after": "0.1"}, body={"error": {"message": "Rate limit reached"}})
    instance = start_instance(transcribing(), {"recording": file(recording())})

    assert instance.task() == "Review"
    assert len(emulator.calls) == 2
    assert instance.variables()["catalyst_meta"]["waitedMs"] >= 100


def test_transcription_of_non_audio_is_incident_without_request(start_instance, emulator):
    instance = start_instance(transcribing(), {"recording": file(b"%PDF", "notes.pdf", "application/pdf")})

    assert instance.incident().startswith("catalyst_audio: names the File 'recording' (notes.pdf, application/pdf)")
    assert not emulator.calls


@pytest.mark.every_engine
def test_transcription_is_replayed_after_rejected_completion(start_instance, emulator):
    made = diagram(properties=TRANSCRIBE | {"catalyst_retries": "R2/PT0S"}, review=ASSIGNED)
    instance = start_instance(made, {"recording": file(recording())})

    assert "reviewer" in instance.incident()
    assert len(emulator.calls) == 1


def test_transcription_rejected_by_groq_is_bpmn_error(start_instance, emulator):
    emulator.next(status=400, body={"error": {"message": "could not process file - is it a valid media file?"}})
    made = diagram(properties=TRANSCRIBE | {"catalyst_errorMapping": json.dumps({"400": "UNHEARD"})}, boundary=True)
    instance = start_instance(made, {"recording": file(recording())})

    assert instance.task() == "Caught"
    assert instance.variables()["errorCode"] == "UNHEARD"
