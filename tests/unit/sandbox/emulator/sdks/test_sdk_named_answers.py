"""The SDKs of Groq and OpenAI with each answer by name: they parse it, or raise the error that they have for it."""

import json
from contextlib import ExitStack

import groq as groq_sdk
import httpx
import pytest

from catalyst_groq.sandbox.emulator.named_answers.answer import NamedRequest, RequestKind
from catalyst_groq.sandbox.emulator.named_answers.catalog import NAMED_ANSWERS
from support.sdks import HELLO, MODEL, client_of

pytestmark = pytest.mark.slow

ERRORS_BY_STATUS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
SDK_ERRORS = {
    "redirect": "APIConnectionError",
    "json_without_end": "APITimeoutError",
    "rate_limit_inside_stream": "APIError",
}
OTHER_ERRORS = {"empty_body": json.JSONDecodeError, "stream_with_keep_alives": json.JSONDecodeError}
ERRORS_OF_GROQS_SDK = {"stream_without_end": httpx.ReadTimeout}
"""It does not close a stream after `[DONE]`, but reads on."""

ENDLESS = ("stream_without_end", "json_without_end")
FIRST_KINDS = {
    name: next(kind for kind in (RequestKind.CHAT, RequestKind.STREAM, RequestKind.AUDIO) if kind in answer.kinds)
    for name, answer in NAMED_ANSWERS.items()
}


@pytest.fixture(scope="module")
def clients(running):
    """One client of each SDK for all tests; to make one takes longer than a test."""
    made = {}
    with ExitStack() as stack:

        def client_for(sdk):
            if sdk not in made:
                made[sdk] = stack.enter_context(client_of(sdk, running))
            return made[sdk]

        yield client_for


@pytest.fixture
def client(clients, sdk, groq):
    return clients(sdk)


def call(client, kind):
    if kind is RequestKind.AUDIO:
        return client.audio.transcriptions.create(model="whisper-large-v3", file=("call.wav", b"RIFF"))
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, stream=kind is RequestKind.STREAM)
    return list(answer) if kind is RequestKind.STREAM else answer


def error_for(name, sdk):
    """Return the error that an SDK raises for an answer; None if it parses it."""
    status = NAMED_ANSWERS[name].make(NamedRequest(FIRST_KINDS[name], MODEL)).status
    by_status = "InternalServerError" if status >= 500 else ERRORS_BY_STATUS.get(status, "APIStatusError")
    if error := by_status if status >= 400 else SDK_ERRORS.get(name):
        return getattr(sdk, error)
    return (OTHER_ERRORS | (ERRORS_OF_GROQS_SDK if sdk is groq_sdk else {})).get(name)


@pytest.mark.parametrize("name", NAMED_ANSWERS)
def test_sdk_parses_a_script_or_raises_its_error(client, sdk, groq, name):
    groq.next(script=name)
    expected = error_for(name, sdk)
    if name in ENDLESS:
        client = client.with_options(timeout=0.2)

    if expected:
        with pytest.raises(expected) as raised:
            call(client, FIRST_KINDS[name])
        assert type(raised.value) is expected
    else:
        assert call(client, FIRST_KINDS[name]) is not None
    assert len(groq.calls) == 1


@pytest.mark.parametrize(
    "name", [name for name, answer in NAMED_ANSWERS.items() if answer.kinds == RequestKind.COMPLETION]
)
def test_sdk_reads_the_same_from_a_streamed_script(client, groq, name):
    groq.next(2, script=name)
    message = call(client, RequestKind.CHAT).choices[0].message
    deltas = [chunk.choices[0].delta for chunk in call(client, RequestKind.STREAM)]

    assert [delta.content for delta in deltas if delta.content] == ([message.content] if message.content else [])
    assert calls_of(*deltas) == calls_of(message)


def calls_of(*messages):
    functions = [called.function for message in messages for called in message.tool_calls or []]
    return [(function.name, function.arguments) for function in functions]
