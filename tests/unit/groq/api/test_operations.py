"""The API operations: encoding of requests, decoding and consumption of responses."""

import json
from decimal import Decimal

import pytest
from aiohttp import FormData
from aiohttp.payload import BytesPayload
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.audio import AudioFile
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, LIST_MODELS, TRANSCRIPTION, TRANSLATION
from catalyst_groq.groq.api.responses import Response
from support.factories import REPLY, make_response, texts

PAYLOAD = {"model": "whisper-large-v3", "response_format": "verbose_json"}
OPERATIONS = {
    "chat completion": (CHAT_COMPLETION, "POST", "/chat/completions"),
    "transcription": (TRANSCRIPTION, "POST", "/audio/transcriptions"),
    "translation": (TRANSLATION, "POST", "/audio/translations"),
    "list of models": (LIST_MODELS, "GET", "/models"),
}


async def encode_parts(payload):
    """Return headers and content of each part of the multipart form."""
    form = TRANSCRIPTION.encode(payload)
    assert isinstance(form, FormData)
    encoded = form()
    boundary = encoded.content_type.split("boundary=")[1].strip('"').encode()
    parts = (await encoded.as_bytes()).split(b"--" + boundary)[1:-1]
    return [tuple(part.strip(b"\r\n").split(b"\r\n\r\n", 1)) for part in parts]


async def encode_fields(payload):
    """Return name and content of each part of the multipart form."""
    return [(head.split(b'name="')[1].split(b'"')[0].decode(), body) for head, body in await encode_parts(payload)]


@pytest.mark.parametrize(("operation", "method", "path"), OPERATIONS.values(), ids=OPERATIONS)
def test_operation_has_a_method_and_a_path(operation, method, path):
    assert (operation.method, operation.path) == (method, path)


def test_token_limits_apply_to_chat_only():
    assert [operation for operation, *_ in OPERATIONS.values() if operation.uses_tokens] == [CHAT_COMPLETION]


def test_chat_request_is_encoded_as_json():
    encoded = CHAT_COMPLETION.encode({"model": "m", "messages": [{"content": "Grüße"}]})

    assert isinstance(encoded, BytesPayload)
    assert encoded.content_type == "application/json"
    assert json.loads(encoded.decode()) == {"model": "m", "messages": [{"content": "Grüße"}]}


def test_list_of_models_has_no_request_body():
    assert LIST_MODELS.encode({}) is None


@pytest.mark.anyio
async def test_form_repeats_a_field_for_each_list_entry():
    fields = await encode_fields({"model": "m", "timestamp_granularities": ["segment", "word"], "temperature": 0.5})

    assert fields == [
        ("model", b"m"),
        ("timestamp_granularities[]", b"segment"),
        ("timestamp_granularities[]", b"word"),
        ("temperature", b"0.5"),
    ]


@pytest.mark.anyio
async def test_form_has_the_audio_file_with_name_and_type():
    [(head, body)] = await encode_parts({"file": AudioFile("call.mp3", "audio/mpeg", bytes(range(256)) * 2)})

    assert b'filename="call.mp3"' in head
    assert b"Content-Type: audio/mpeg" in head
    assert body.startswith(bytes(range(256)))


@pytest.mark.anyio
async def test_form_omits_the_task_parameter():
    assert await encode_fields({"task": "translate", "model": "m"}) == [("model", b"m")]


@given(texts)
def test_form_may_hold_any_text(text):
    form = TRANSCRIPTION.encode({"prompt": text, "words": [text]})
    assert isinstance(form, FormData)
    assert form().size > len(text)


@pytest.mark.parametrize("operation", [TRANSCRIPTION, TRANSLATION])
@pytest.mark.parametrize(
    ("response", "body"),
    [
        (
            make_response(200, "Hi", content_type="text/plain; charset=utf-8"),
            {"model": "whisper-large-v3", "text": "Hi"},
        ),
        (make_response(200, "", content_type="text/plain"), {"model": "whisper-large-v3", "text": ""}),
        (make_response(200, {"text": "Hi"}), {"model": "whisper-large-v3", "text": "Hi"}),
        (make_response(200, {"text": "Hi", "model": "own"}), {"model": "own", "text": "Hi"}),
    ],
)
def test_transcription_is_decoded_to_text_and_model(operation, response, body):
    decoded = operation.decode(response, PAYLOAD)

    assert decoded.ok
    assert decoded.body == body


@pytest.mark.parametrize(
    "response",
    [
        make_response(200, "<html>Log in</html>", content_type="text/html"),
        make_response(400, "no text", content_type="text/plain"),
        make_response(200, {"error": {"message": "no"}}),
        make_response(200, "[]"),
    ],
)
def test_transcription_error_is_not_decoded(response):
    assert TRANSCRIPTION.decode(response, PAYLOAD) is response
    assert not response.ok


def test_chat_response_is_not_decoded():
    response = make_response()
    assert CHAT_COMPLETION.decode(response, PAYLOAD) is response


def test_chat_consumes_tokens_by_kind():
    usage = {"prompt_tokens": 3_000_000, "prompt_tokens_details": {"cached_tokens": 1_000_000}, "completion_tokens": 5}

    assert CHAT_COMPLETION.consumption(make_response(body={**REPLY, "usage": usage})) == {
        "input": 2,
        "cached_input": 1,
        "output": Decimal("0.000005"),
    }


def test_chat_without_usage_has_no_consumption():
    assert CHAT_COMPLETION.consumption(make_response(body={**REPLY, "usage": None})) is None


@pytest.mark.parametrize(("seconds", "hours"), [(7200, 2), (1800.0, Decimal("0.5")), (3, Decimal(10) / 3600)])
def test_audio_consumes_hours_and_at_least_ten_seconds(seconds, hours):
    assert TRANSCRIPTION.consumption(make_response(body={"text": "Hi", "duration": seconds})) == {"audio_hour": hours}


@pytest.mark.parametrize("duration", [None, "long", -1, float("inf"), float("nan"), [], True, False])
def test_audio_of_unknown_length_has_no_consumption(duration):
    assert TRANSCRIPTION.consumption(make_response(body={"text": "Hi", "duration": duration})) is None


def test_list_of_models_consumes_nothing():
    assert LIST_MODELS.consumption(make_response(body={"data": []})) == {}


bodies = st.binary() | st.dictionaries(
    st.sampled_from(["text", "model", "duration", "usage"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
).map(lambda body: json.dumps(body).encode())


@given(bodies, st.sampled_from(["text/plain", "application/json", ""]), st.sampled_from(list(OPERATIONS)))
def test_response_of_any_bytes_is_decoded_and_counted(content, content_type, name):
    operation, *_ = OPERATIONS[name]
    decoded = operation.decode(Response(200, {"content-type": content_type}, content), PAYLOAD)
    consumed = operation.consumption(decoded)

    assert isinstance(decoded, Response)
    assert consumed is None or all(quantity >= 0 for quantity in consumed.values())
