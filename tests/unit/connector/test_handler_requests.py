"""What the handler sends for a task: files, conversations, recordings, replaced models and truncated requests."""

import json
import threading
from datetime import timedelta
from unittest.mock import ANY

import pytest

from catalyst_groq.connector import handler
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.errors import DefinitionError, EngineRefused, EngineResponseTooLarge
from support.factories import REPLY, make_response
from support.handler_harness import CATCHING_TASK, KEY, HandlerHarness

pytestmark = pytest.mark.anyio

DENIED = make_response(401, {"error": {"message": f"Invalid API Key {KEY}", "code": "invalid_api_key"}})
VISION = {"catalyst_payload": "messages: [{role: user, content: ['What is this?', '${photo}']}]"}
PHOTO = {"type": "File", "value": None, "valueInfo": {"filename": "photo.txt"}}

SET_PHOTO = "Set the variable 'photo' again, then raise the task's retries."
TRANSCRIBE = {"catalyst_operation": "transcribe"}
VOICEMAIL = {"type": "File", "value": None, "valueInfo": {"filename": "voicemail.wav", "mimeType": "audio/wav"}}
TRANSCRIPT = make_response(200, {"text": "Hi", "model": "whisper-large-v3-turbo", "duration": 90, "segments": []})

TOO_LARGE = make_response(
    413,
    {
        "error": {
            "message": "Request too large on tokens per minute (TPM): Limit 2000, Requested 3000, "
            "please reduce your message size"
        }
    },
)
CUT_VARIABLE = {"catalyst_whenTooLong": "cutVariable"}


async def test_file_is_read_only_where_it_is_used():
    harness = HandlerHarness()
    outcome = await harness.handle(None, VISION, files={"photo": PHOTO, "other": PHOTO})

    assert isinstance(outcome, Completion), outcome
    assert harness.payloads[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "text", "text": "the content of photo"},
    ]
    assert harness.read_files == ["photo"]


async def test_unreadable_file_fails_by_the_tasks_own_retries():
    async def refuse(_, name):
        raise EngineRefused(500, "ProcessEngineException", f"{name} is gone")

    harness = HandlerHarness(read_file=refuse)
    own = {**VISION, "catalyst_retries": "R2/PT7S"}
    first = await harness.handle(None, own, files={"photo": PHOTO})
    last = await harness.handle(None, own, files={"photo": PHOTO}, retries=1)

    assert first.message == (
        "The File 'photo' cannot be read: the engine responded 500 ProcessEngineException: photo is gone. "
        "Retrying in 7 s."
    )
    assert last.message == first.message.replace("Retrying in 7 s.", f"{SET_PHOTO} {IF_IN_DIAGRAM}")
    assert last.details.startswith("Groq was not called. ")
    assert [(each.retries, each.retry_timeout) for each in (first, last)] == [(1, timedelta(seconds=7)), (0, ANY)]
    assert harness.payloads == []


@pytest.mark.parametrize("room", range(380, 460, 4))
async def test_no_part_of_a_key_is_left_where_a_long_refusal_of_a_file_is_cut(room):
    async def refuse(*_):
        raise EngineRefused(500, "ProcessEngineException", f"{'x' * room} {KEY} {'y' * 300}")

    outcome = await HandlerHarness(read_file=refuse).handle(None, VISION, files={"photo": PHOTO}, retries=1)

    assert KEY[:8] not in outcome.message


@pytest.mark.parametrize("room", range(500, 580, 4))
async def test_no_part_of_a_key_is_left_where_a_long_error_of_a_diagram_is_cut(room):
    error = DefinitionError("ask:1:d1", f"{'x' * room} {KEY} {'y' * 300}")
    outcome = await HandlerHarness(engine_error=error).handle(None, VISION)

    assert KEY[:8] not in outcome.message


@pytest.mark.parametrize("field", ["catalyst_payload", "catalyst_responseMapping"])
@pytest.mark.parametrize("room", range(50, 110, 6))
async def test_no_part_of_a_key_is_left_where_an_expression_or_its_value_is_cut(field, room):
    expression = f"abs('{'x' * room} {KEY} {'y' * 300}')"
    values = {
        "catalyst_payload": f"messages: ${{{expression}}}",
        "catalyst_responseMapping": json.dumps({"a": expression}),
    }
    outcome = await HandlerHarness().handle(None, {field: values[field]})

    assert outcome.message.startswith(field)
    assert KEY[:8] not in outcome.message


SHEET = {"type": "File", "value": None, "valueInfo": {"filename": "offer.xlsx", "mimeType": "application/vnd.ms-excel"}}
MAPPED = {**VISION, "catalyst_errorMapping": '{"unreadable_file": "EXTRACTION_FAILED"}'}


async def read_sheet(*_):
    return b"PK\x03\x04\0xl/workbook.xml"


async def test_unreadable_file_is_an_incident_that_names_the_variable():
    outcome = await HandlerHarness(read_file=read_sheet).handle(None, VISION, files={"photo": SHEET})

    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("catalyst_payload: uses the File 'photo' (offer.xlsx")
    assert outcome.message.endswith(f"CSV. {SET_PHOTO} {IF_IN_DIAGRAM}")


async def test_unreadable_file_is_a_bpmn_error_where_it_is_mapped():
    harness = HandlerHarness(process=CATCHING_TASK, read_file=read_sheet)
    outcome = await harness.handle(None, MAPPED, files={"photo": SHEET})

    assert isinstance(outcome, BpmnError)
    assert outcome.code == "EXTRACTION_FAILED"
    assert outcome.message.endswith("which cannot be sent to a model. Export its sheets as CSV.")
    assert outcome.variables["catalyst_error"] == outcome.message
    assert outcome.variables["catalyst_meta"]["blame"] == "request"
    assert harness.payloads == []


async def test_file_without_content_asks_nobody():
    async def read_nothing(*_):
        return b""

    harness = HandlerHarness(process=CATCHING_TASK, read_file=read_nothing)
    outcome = await harness.handle(None, MAPPED, files={"photo": PHOTO})

    assert isinstance(outcome, BpmnError)
    assert outcome.message == "catalyst_payload: the File 'photo' is empty. Choose a file."
    assert harness.payloads == []


async def test_image_for_a_model_without_vision_is_caught():
    async def read_image(*_):
        return b"\x89PNG"

    picture = {**PHOTO, "valueInfo": {"filename": "photo.png"}}
    caught = await HandlerHarness(process=CATCHING_TASK, read_file=read_image).handle(
        None, MAPPED, files={"photo": picture}
    )
    incident = await HandlerHarness(read_file=read_image).handle(None, VISION, files={"photo": picture})

    assert isinstance(caught, BpmnError)
    assert isinstance(incident, Failure)
    assert SET_PHOTO in incident.message


async def test_unreadable_file_that_nothing_catches_is_an_incident():
    outcome = await HandlerHarness(read_file=read_sheet).handle(None, MAPPED, files={"photo": SHEET})

    assert isinstance(outcome, Failure)
    assert f"CSV. {SET_PHOTO} Nothing catches the BPMN error EXTRACTION_FAILED. " in outcome.message
    assert outcome.message.endswith(IF_IN_DIAGRAM)
    assert outcome.details.startswith("Groq was not called. ")
    assert "catalyst_payload:\n" in outcome.details
    assert outcome.variables["catalyst_meta"]["blame"] == "request"


@pytest.mark.parametrize(("retries", "kind"), [(2, Failure), (1, BpmnError)])
async def test_refused_file_is_a_bpmn_error_after_the_retries(retries, kind):
    async def refuse(*_):
        raise EngineRefused(500, "ProcessEngineException", "gone")

    harness = HandlerHarness(process=CATCHING_TASK, read_file=refuse)
    outcome = await harness.handle(None, MAPPED, files={"photo": PHOTO}, retries=retries)

    assert isinstance(outcome, kind)
    assert "raise the task's retries" not in outcome.message


async def test_file_that_is_too_large_is_a_bpmn_error_where_it_is_mapped():
    async def refuse(*_):
        raise EngineResponseTooLarge("Engine at http://engine: 200,000,000 bytes")

    harness = HandlerHarness(process=CATCHING_TASK, read_file=refuse)
    assert isinstance(await harness.handle(None, MAPPED, files={"photo": PHOTO}), BpmnError)


async def test_file_that_is_too_large_is_named():
    async def refuse(*_):
        raise EngineResponseTooLarge("Engine at http://engine: 200,000,000 bytes")

    outcome = await HandlerHarness(read_file=refuse).handle(None, VISION, files={"photo": PHOTO})

    assert outcome.message == (
        "The File 'photo' cannot be read: Engine at http://engine: 200,000,000 bytes. "
        f"Store less in it. {SET_PHOTO} {IF_IN_DIAGRAM}"
    )
    assert outcome.retries == 0


async def test_conversation_is_continued_in_its_variable():
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    harness = HandlerHarness()
    outcome = await harness.handle({"userMessage": "And now?", "talk": turns}, {"catalyst_conversation": "talk"})

    messages = harness.payloads[0]["messages"]
    assert messages[1:] == [*turns, {"role": "user", "content": "And now?"}]
    assert outcome.variables["talk"] == [*messages[1:], {"role": "assistant", "content": "Hello Ada"}]


async def test_retired_model_is_replaced_for_this_task_and_the_next():
    gone = make_response(404, {"error": {"message": "gone", "code": "model_not_found"}})
    harness = HandlerHarness(gone, make_response())
    retired = {"catalyst_model": "llama-3.3-70b-versatile"}
    outcome = await harness.handle(None, retired)
    await harness.handle(None, retired)

    requested, replacement = retired["catalyst_model"], "openai/gpt-oss-120b"
    assert [payload["model"] for payload in harness.payloads] == [requested, replacement, replacement]
    meta = outcome.variables["catalyst_meta"]
    assert (meta["modelAsked"], meta["modelsTried"]) == (requested, [requested, replacement])


async def test_recording_is_transcribed():
    harness = HandlerHarness(TRANSCRIPT)
    outcome = await harness.handle(None, TRANSCRIBE, files={"recording": VOICEMAIL})

    assert harness.read_files == ["recording"]
    assert harness.payloads[0]["file"].content == b"the content of recording"
    assert isinstance(outcome, Completion)
    assert (outcome.variables["transcript"], outcome.variables["duration"]) == ("Hi", 90.0)
    assert outcome.variables["catalyst_meta"]["costUsd"] == 0.001


async def test_recording_in_details_has_no_content():
    outcome = await HandlerHarness(DENIED).handle(None, TRANSCRIBE, files={"recording": VOICEMAIL})

    assert '"file": "voicemail.wav (audio/wav, 24 bytes, SHA-256 ' in outcome.details


UNUSABLE_RECORDINGS = {
    "null": {"type": "Null", "value": None},
    "null_file_as_string": {"type": "String", "value": None},
    "empty": {"type": "String", "value": ""},
    "text": {"type": "String", "value": "hm"},
    "json": {"type": "Json", "value": '{"name": "voicemail.wav"}'},
    "object": {"type": "Object", "value": "rO0AB", "valueInfo": {"serializationDataFormat": "application/x-java"}},
}


@pytest.mark.parametrize("recording", UNUSABLE_RECORDINGS.values(), ids=UNUSABLE_RECORDINGS)
@pytest.mark.parametrize("audio", ["recording", "${recording}"])
async def test_recording_that_is_no_file_is_an_unreadable_file(recording, audio):
    fields = {**TRANSCRIBE, "catalyst_audio": audio}
    mapped = {**fields, "catalyst_errorMapping": '{"unreadable_file": "NO_RECORDING"}'}
    harness = HandlerHarness(process=CATCHING_TASK)
    caught = await harness.handle(None, mapped, files={"recording": recording})
    incident = await HandlerHarness().handle(None, fields, files={"recording": recording})

    assert isinstance(caught, BpmnError), caught
    assert caught.code == "NO_RECORDING"
    assert isinstance(incident, Failure)
    assert "Set the variable 'recording' again, then raise the task's retries." in incident.message
    assert incident.message.startswith(caught.message)
    assert harness.payloads == []


@pytest.mark.parametrize("audio", ["recording", "${recording}"])
async def test_recording_that_does_not_exist_is_a_mistake_of_the_field(audio):
    fields = {**TRANSCRIBE, "catalyst_audio": audio, "catalyst_errorMapping": '{"unreadable_file": "NO_RECORDING"}'}
    outcome = await HandlerHarness(process=CATCHING_TASK).handle({}, fields)

    assert isinstance(outcome, Failure)
    assert "Set 'recording' in this instance" in outcome.message


@pytest.mark.parametrize(
    ("photo", "problem"), [(None, "is null"), ("", "is empty"), ({"name": "photo.png"}, "is an object")]
)
async def test_image_without_a_url_is_an_unreadable_file(photo, problem):
    payload = "messages: [{role: user, content: [{type: image_url, image_url: {url: '${photo}'}}]}]"
    fields = {**MAPPED, "catalyst_payload": payload}
    harness = HandlerHarness(process=CATCHING_TASK)
    outcome = await harness.handle({"photo": photo}, fields)

    assert isinstance(outcome, BpmnError), outcome
    assert outcome.message == f"catalyst_payload: uses 'photo' as an image, but it {problem}. Use a File or a URL."
    assert harness.payloads == []


async def test_image_without_a_url_in_a_list_of_a_variable_is_an_unreadable_file():
    parts = [{"type": "image_url", "image_url": {"url": ""}}]
    harness = HandlerHarness(process=CATCHING_TASK)
    fields = {**MAPPED, "catalyst_payload": "messages: [{role: user, content: '${parts}'}]"}
    caught = await harness.handle({"parts": parts}, fields)
    incident = await HandlerHarness().handle({"parts": parts}, {**fields, "catalyst_errorMapping": "{}"})

    assert isinstance(caught, BpmnError)
    assert caught.message == "catalyst_payload: has an image whose URL is empty. Use a File or a URL."
    assert "Set the variable again, then raise the task's retries." in incident.message


async def test_request_that_is_too_large_is_sent_again_truncated():
    harness = HandlerHarness(TOO_LARGE, make_response())
    text = "It was a dark and stormy night. " * 300

    outcome = await harness.handle({"userMessage": text}, CUT_VARIABLE)

    first, second = map(json.dumps, harness.payloads)
    assert text in first
    assert len(second) < len(first) / 1.5
    assert outcome.variables["catalyst_meta"]["truncated"].endswith("characters of the variable 'userMessage'")


async def test_truncated_request_that_waits_is_sent_again_unchanged():
    limited = make_response(429, {"error": {"message": "Rate limit reached. Please try again in 0.001s."}})
    harness = HandlerHarness(TOO_LARGE, limited, make_response())

    await harness.handle({"userMessage": "A dark night. " * 600}, CUT_VARIABLE)

    complete, *truncated = harness.payloads
    assert len(truncated) == 2
    assert truncated[0] == truncated[1] != complete


async def test_request_that_is_too_large_fails_by_default():
    harness = HandlerHarness(TOO_LARGE)
    outcome = await harness.handle({"userMessage": "A dark night. " * 600})
    assert outcome.message.startswith("Groq: 413 Request too large")
    assert len(harness.groq.requests) == 1


@pytest.mark.parametrize(("text", "is_beside"), [("short", False), ("x" * 60_000, True)])
async def test_fields_are_read_beside_the_loop_for_large_variables(monkeypatch, text, is_beside):
    threads, read = [], TaskRequestReader.read
    monkeypatch.setattr(
        TaskRequestReader, "read", lambda *args: (threads.append(threading.get_ident()), read(*args))[1]
    )

    await HandlerHarness().handle({"userMessage": text})

    assert [thread != threading.get_ident() for thread in threads] == [is_beside]


@pytest.mark.parametrize(("text", "is_beside"), [("short", False), ("x" * 60_000, True)])
async def test_large_outcome_is_redacted_and_described_beside_the_loop(monkeypatch, text, is_beside):
    threads = {}

    def record(owner, name):
        original = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *args: (threads.update({name: threading.get_ident()}), original(*args))[1]
        )

    record(handler, "redact_outcome")
    record(ErrorDetails, "describe_call")
    failed = make_response(400, {"error": {"message": "no"}})
    await HandlerHarness(failed).handle({"userMessage": text}, {"catalyst_errorMapping": "{}"})
    assert (threads["describe_call"] != threading.get_ident()) is is_beside

    answer = make_response(body={**REPLY, "more": text})
    await HandlerHarness(answer).handle({"userMessage": "Hi"}, {"catalyst_responseMapping": '{"all": "more"}'})
    assert (threads["redact_outcome"] != threading.get_ident()) is is_beside
