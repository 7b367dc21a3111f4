"""The emulator with the SDKs of Groq and OpenAI: completions, streams, tools, and each typed error."""

import importlib
import io
import json
import re
import wave
from typing import Any

import groq as groq_sdk
import pytest

from catalyst_groq.groq.api.go_duration import format_go_duration
from catalyst_groq.sandbox.emulator import running_emulator

MODEL = "openai/gpt-oss-120b"
HELLO: Any = [{"role": "user", "content": "Hello?"}]
WEATHER: Any = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@pytest.fixture(scope="module")
def running():
    with running_emulator() as groq:
        yield groq


@pytest.fixture
def groq(running):
    running.reset()
    return running


@pytest.fixture(params=["groq", pytest.param("openai", marks=pytest.mark.slow)])
def sdk(request):
    return importlib.import_module(request.param)  # importing OpenAI's SDK takes 2 s: only for the tests that use it


def client_of(sdk, groq, **chosen):
    options: Any = {"api_key": "gsk_test", "max_retries": 0, "timeout": 5} | chosen
    if sdk is groq_sdk:
        return groq_sdk.Groq(base_url=groq.url, **options)
    return sdk.OpenAI(base_url=groq.base_url, **options)


@pytest.fixture
def client(sdk, groq):
    with client_of(sdk, groq) as sdk_client:
        yield sdk_client


def test_sdk_reads_a_completion(client):
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=100, seed=7)

    assert "“Hello?”" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model == MODEL


def test_sdk_reads_groqs_own_fields(groq):
    with client_of(groq_sdk, groq) as client:
        answer = client.chat.completions.create(model=MODEL, messages=HELLO, seed=7)

    assert answer.choices[0].message.reasoning
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    assert answer.usage.total_time == pytest.approx(answer.usage.prompt_time + answer.usage.completion_time)
    assert (answer.x_groq.seed, answer.service_tier) == (7, "on_demand")


def test_sdk_reads_a_stream_to_its_end(client):
    options = {} if isinstance(client, groq_sdk.Groq) else {"stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, **options))

    assert "“Hello?”" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0


def test_sdk_reads_stream_usage_from_x_groq(groq):
    with client_of(groq_sdk, groq) as client:
        chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))

    assert chunks[0].x_groq.id == chunks[-1].x_groq.id
    assert chunks[-1].x_groq.usage.completion_tokens > 0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async_sdk_reads_a_completion(sdk, groq):
    async_client = (
        groq_sdk.AsyncGroq(base_url=groq.url, api_key="gsk_test")
        if sdk is groq_sdk
        else sdk.AsyncOpenAI(base_url=groq.base_url, api_key="gsk_test")
    )
    async with async_client as client:
        answer = await client.chat.completions.create(model=MODEL, messages=HELLO)

    assert answer.choices[0].message.content


def test_sdk_reads_tool_calls(client):
    messages = [{"role": "user", "content": "get weather"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])

    [call] = answer.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "sample city"})
    assert answer.choices[0].finish_reason == "tool_calls"


def test_sdk_reads_streamed_tool_calls(client):
    messages = [{"role": "user", "content": "get weather"}]
    chunks = list(client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER], stream=True))

    [call] = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert call.function.name == "get_weather"


def test_sdk_reads_structured_output(client):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        response_format={"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}},
    )

    assert isinstance(json.loads(answer.choices[0].message.content)["n"], int)


def test_sdk_lists_models(client):
    listed = {model.id for model in client.models.list().data}

    assert MODEL in listed
    assert client.models.retrieve(MODEL).id == MODEL


ERRORS = [
    ({"status": 401}, "AuthenticationError", 401),
    ({"status": 400}, "BadRequestError", 400),
    ({"error_code": "json_validate_failed"}, "BadRequestError", 400),
    ({"error_code": "model_decommissioned"}, "BadRequestError", 400),
    ({"status": 403}, "PermissionDeniedError", 403),
    ({"status": 404}, "NotFoundError", 404),
    ({"status": 413}, "APIStatusError", 413),
    ({"status": 422}, "UnprocessableEntityError", 422),
    ({"status": 429}, "RateLimitError", 429),
    ({"status": 498}, "APIStatusError", 498),
    ({"status": 500}, "InternalServerError", 500),
    ({"status": 502}, "InternalServerError", 502),
    ({"status": 503}, "InternalServerError", 503),
]


@pytest.mark.parametrize("case", ERRORS, ids=[str(rule) for rule, *_ in ERRORS])
def test_sdk_raises_a_typed_error_for_each_status(client, sdk, groq, case):
    rule, error, status = case
    groq.next(**rule)

    with pytest.raises(getattr(sdk, error)) as raised:
        client.chat.completions.create(model=MODEL, messages=HELLO)

    assert type(raised.value).__name__ == error
    assert raised.value.status_code == status


@pytest.mark.parametrize("fault", ["cut", "garbage", "reset"])
def test_sdk_raises_on_a_broken_connection(client, sdk, groq, fault):
    groq.next(fault=fault)

    with pytest.raises(sdk.APIConnectionError):
        client.chat.completions.create(model=MODEL, messages=HELLO)


def test_sdk_raises_on_a_timeout(sdk, groq):
    groq.next(fault="hang")

    with client_of(sdk, groq, timeout=0.2) as client, pytest.raises(sdk.APITimeoutError):
        client.chat.completions.create(model=MODEL, messages=HELLO)


def test_sdk_raises_on_an_error_inside_a_stream(client, sdk, groq):
    groq.next(fault="stream_error")

    with pytest.raises(sdk.APIError, match="Internal Server Error"):
        list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))


def test_sdk_raises_groqs_validation_errors(client, sdk):
    with pytest.raises(sdk.BadRequestError, match="number must be at most 2"):
        client.chat.completions.create(model=MODEL, messages=HELLO, temperature=2.5)
    with pytest.raises(sdk.NotFoundError, match="does not exist or you do not have access to it"):
        client.chat.completions.create(model="llama-3.3-70b-versatile", messages=HELLO)


def test_sdk_raises_on_an_invalid_key(sdk, groq):
    with (
        client_of(sdk, groq, api_key="gsk_invalid") as client,
        pytest.raises(sdk.AuthenticationError, match="Invalid API Key"),
    ):
        client.models.list()


def test_limit_applies_after_the_allowed_requests(client, sdk, groq):
    groq.set(limits={"*": {"rpm": 1}})
    client.chat.completions.create(model=MODEL, messages=HELLO)

    with pytest.raises(sdk.RateLimitError, match=r"requests per minute \(RPM\): Limit 1, Used 1, Requested 1"):
        client.chat.completions.create(model=MODEL, messages=HELLO)


LIMITS = {
    "rpm": (1, "requests per minute (RPM)"),
    "rpd": (1, "requests per day (RPD)"),
    "tpm": (2000, "tokens per minute (TPM)"),
    "tpd": (2000, "tokens per day (TPD)"),
    "otpm": (1920, "output tokens per minute (OTPM)"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_sdk_sees_every_limit_and_its_wait(client, sdk, groq, name):
    limit, words = LIMITS[name]
    groq.set(limits={"*": {name: limit}})
    client.chat.completions.create(model=MODEL, messages=HELLO)
    with pytest.raises(sdk.RateLimitError, match=re.escape(f"on {words}: Limit {limit}, Used ")) as error:
        client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=1900)

    groq.advance(float(error.value.response.headers["retry-after"]))

    assert error.value.response.json()["error"]["code"] == "rate_limit_exceeded"
    assert client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=1900).choices


def test_unreachable_output_limit_has_no_retry_after(client, sdk, groq):
    groq.set(plan="free")

    with pytest.raises(sdk.RateLimitError, match=r"Request too large .*\(OTPM\): Limit 1000, Requested 1016") as error:
        client.chat.completions.create(model="qwen/qwen3.8-27b", messages=HELLO, max_completion_tokens=1000)

    assert "retry-after" not in error.value.response.headers


def test_headers_report_daily_requests_and_minute_tokens(client, groq):
    groq.set(plan="free", time_scale=1e-9)
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    used = answer.parse().usage.total_tokens
    limits = {name.removeprefix("x-ratelimit-"): value for name, value in answer.headers.items() if "ratelimit" in name}

    assert limits == {
        "limit-requests": "1000",
        "remaining-requests": "999",
        "reset-requests": "1m26.4s",
        "limit-tokens": "8000",
        "remaining-tokens": str(8000 - used),
        "reset-tokens": format_go_duration(used / 8000 * 60),
    }


def test_sdk_retries_after_the_given_wait(sdk, groq):
    groq.next(status=429, headers={"retry-after": "0.3"})

    with client_of(sdk, groq, max_retries=1) as client:
        client.chat.completions.create(model=MODEL, messages=HELLO)

    first, second = groq.calls
    assert (first.status, second.status) == (429, 200)
    assert (second.at - first.at).total_seconds() > 0.25


def test_prompt_above_the_plans_limit_raises_413(sdk, groq):
    groq.set(plan="free")

    with client_of(sdk, groq) as client, pytest.raises(sdk.APIStatusError, match="Limit 8000, Requested 9"):
        client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=9000)


def recording(seconds):
    data = io.BytesIO()
    with wave.open(data, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(1000)
        written.writeframes(bytes(1000 * seconds))
    return "voicemail.wav", data.getvalue()


def transcribe(client, seconds=3, **fields):
    fields = {"model": "whisper-large-v3-turbo"} | fields
    return client.audio.transcriptions.create(file=recording(seconds), **fields)


def test_transcription_returns_text(client):
    assert transcribe(client).text.startswith("The Groq emulator generated this transcript of voicemail.wav")


def test_transcription_returns_plain_text(client):
    assert "voicemail.wav" in str(transcribe(client, response_format="text"))


def test_transcription_returns_segments_and_words(client):
    transcript = transcribe(client, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    body = transcript.model_dump()

    assert (body["duration"], body["segments"][0]["end"]) == (3, 3)
    assert body["words"][0]["word"] == "The"


def test_transcription_rule_matches_the_file_name(client, groq):
    groq.next(answer="Call me back.", when={"contains": "voicemail"})

    assert transcribe(client).text == "Call me back."


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # OpenAI's SDK says so of its translations
def test_translation_requires_the_large_model(client, sdk):
    translate = client.audio.translations.create

    assert translate(file=recording(1), model="whisper-large-v3").text
    with pytest.raises(sdk.BadRequestError, match="does not support translations"):
        translate(file=recording(1), model="whisper-large-v3-turbo")


def test_audio_limits_count_at_least_ten_seconds(client, sdk, groq):
    groq.set(limits={"*": {"ash": 7200}})
    transcribe(client, seconds=1)

    with pytest.raises(
        sdk.RateLimitError, match=r"audio seconds per hour \(ASH\): Limit 7200, Used 10, Requested 7195"
    ):
        transcribe(client, seconds=7195)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [({"response_format": "srt"}, "response_format"), ({"model": MODEL}, "does not support transcriptions")],
)
def test_invalid_transcription_request_is_rejected(client, sdk, fields, problem):
    with pytest.raises(sdk.BadRequestError, match=problem):
        transcribe(client, **fields)
