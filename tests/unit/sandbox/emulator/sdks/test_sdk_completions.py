"""The emulator with the SDKs of Groq and OpenAI: completions, streams, tools and models."""

import json
from typing import Any

import groq as groq_sdk
import pytest

from support.sdks import HELLO, MODEL, client_of

WEATHER: Any = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


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
