"""An operation that a caller adds without changing the package: text to speech."""

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.fields.names import COMMON_DEFAULTS
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation
from catalyst_groq.domain.outcomes import Completion, Failure
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.operations import Operation, encode_json
from support.handler_harness import KEY, HandlerHarness, InMemoryJournal

pytestmark = pytest.mark.anyio

MODEL = "canopylabs/orpheus-v1-english"
AUDIO = b"RIFF\xff\xfe\x00gsk_fedcba9876543210"
"""No UTF-8, and with what would be masked as a key in a text: audio must not be changed."""


def decode_speech(response, payload):
    if response.status != 200 or response.body is not None:
        return response
    data = base64.b64encode(response.content).decode()
    return response.with_body({"model": payload["model"], "data": data, "characters": len(payload["input"])})


def characters_consumed(response):
    return {"million_characters": Decimal(response.body["characters"]) / 1_000_000}


SPEECH = Operation(
    path="/audio/speech", model_kind="speech", encode=encode_json, decode=decode_speech, consumption=characters_consumed
)


@dataclass(frozen=True)
class SpeechRequest:
    """Builds the request; satisfies the protocol `RequestBuilder`."""

    parameters: dict[str, Any]
    operation: Operation = SPEECH

    @classmethod
    def from_fields(cls, fields, catalog):  # noqa: ARG003 -- the protocol's
        if not (text := fields.text("catalyst_speechText")):
            raise FieldError("catalyst_speechText", "is empty", "Write the text to speak")
        return cls({"model": MODEL, "voice": fields.text("catalyst_voice"), "input": text})

    def payload(self, *, stream):
        return dict(self.parameters)

    def with_files(self, payload, contents):
        return dict(payload)

    def output_variables(self, payload, answer):
        return {"spokenBy": payload["voice"]}

    def truncate(self, payload, fraction):
        return None


SPEAK = TaskOperation(
    {
        **COMMON_DEFAULTS,
        "catalyst_operation": "speak",
        "catalyst_speechText": "${text}",
        "catalyst_voice": "hannah",
        "catalyst_responseMapping": '{"speech": "data"}',
        "catalyst_url": "https://api.groq.com/openai/v1",
        "catalyst_timeout": "30",
    },
    SpeechRequest.from_fields,
)
OPERATIONS = {**TASK_OPERATIONS, "speak": SPEAK}
TASK = {"text": "Hello Ada"}, {"catalyst_operation": "speak", "catalyst_voice": "troy"}


@asynccontextmanager
async def speech_harness(*statuses, body=None, operations=OPERATIONS, **parts):
    """A handler with the HTTP client, and a server that speaks; `statuses` are those of its responses in turn.

    With `body`, the server responds with that JSON instead of audio.
    """
    received = []

    async def speak(request):
        received.append((await request.json(), request.headers["authorization"]))
        status = statuses[min(len(received), len(statuses)) - 1]
        if status != 200:
            return web.json_response({"error": {"message": "Terms not accepted."}}, status=status)
        return web.json_response(body) if body else web.Response(body=AUDIO, content_type="audio/wav")

    app = web.Application()
    app.router.add_post("/openai/v1/audio/speech", speak)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = HttpGroqClient()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/openai/v1"
        yield HandlerHarness(client=client, operations=operations, urls=AllowedUrls(url), **parts), received
    finally:
        await client.aclose()
        await runner.cleanup()


async def test_added_operation_completes_a_task():
    async with speech_harness(200) as (harness, received):
        outcome = await harness.handle(*TASK)

    assert received == [({"model": MODEL, "voice": "troy", "input": "Hello Ada"}, f"Bearer {KEY}")]
    assert isinstance(outcome, Completion), outcome
    assert base64.b64decode(outcome.variables["speech"]) == AUDIO
    assert outcome.variables["spokenBy"] == "troy"
    assert outcome.variables["catalyst_meta"]["modelUsed"] == MODEL
    assert outcome.variables["catalyst_meta"]["costUsd"] == pytest.approx(9 * 22 / 1_000_000)


async def test_added_operation_is_replayed_from_the_journal():
    async with speech_harness(200, journal=InMemoryJournal()) as (harness, received):
        first, again = [await harness.handle(*TASK) for _ in range(2)]

    assert len(received) == 1
    assert first.variables["speech"] == again.variables["speech"]
    assert again.variables["catalyst_meta"]["replayed"]
    assert first.variables["catalyst_meta"]["costUsd"] == again.variables["catalyst_meta"]["costUsd"]


async def test_added_operation_reports_groqs_errors():
    async with speech_harness(400) as (harness, _):
        outcome = await harness.handle(*TASK)

    assert isinstance(outcome, Failure)
    assert "127.0.0.1" in outcome.message.partition(": 400 Terms not accepted. Correct the Request Payload")[0]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"catalyst_operation": "speak", "catalyst_speechText": "${blank}"}, "catalyst_speechText: is empty. Write"),
        (
            {"catalyst_operation": "sing"},
            "catalyst_operation: 'sing' is not an operation of this worker. Write one of chat, transcribe, speak",
        ),
    ],
)
async def test_added_operation_has_fields_and_messages(properties, message):
    harness = HandlerHarness(operations=OPERATIONS)
    outcome = await harness.handle({"blank": "", "userMessage": "Hi", "text": "Hi"}, properties)
    assert outcome.message.startswith(message)
    assert not harness.groq.requests


async def test_added_operation_requires_only_its_own_variables():
    harness = HandlerHarness(operations=OPERATIONS)
    await harness.handle({"text": "Hi"}, {"catalyst_operation": "speak", "catalyst_timeout": "soon"})
    assert {"text", "catalyst_voice"} <= set(harness.handler.data.variables_to_fetch.names)


def fail(*_):
    raise KeyError("a defect")


@pytest.mark.parametrize("broken", [replace(SPEECH, decode=fail), replace(SPEECH, consumption=fail)])
async def test_added_operation_that_fails_loses_no_response(broken, caplog):
    speak = replace(SPEAK, build=lambda *parts: replace(SpeechRequest.from_fields(*parts), operation=broken))
    operations = {**TASK_OPERATIONS, "speak": speak}
    body = {"model": MODEL, "text": "Hello"}
    async with speech_harness(200, body=body, operations=operations, journal=InMemoryJournal()) as (harness, received):
        outcomes = [await harness.handle(*TASK) for _ in range(2)]

    assert len(received) == 1
    assert [type(outcome) for outcome in outcomes] == [Completion, Completion]
    assert "KeyError: 'a defect'" in caplog.text
