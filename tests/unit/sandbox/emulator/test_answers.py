import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from catalyst_groq.groq.models.token_estimate import estimate_tokens
from catalyst_groq.sandbox.emulator.schemas import generate_sample
from catalyst_groq.sandbox.emulator.service import CompletionReply, ErrorReply
from catalyst_groq.sandbox.emulator.streaming import split_into_chunks
from support.emulator_requests import chat_body, completion_of, error_object, error_of, make_service, reply_to

QWEN = "qwen/qwen3.8-27b"


def tool(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"}, days={"type": "integer", "minimum": 3})
ORDER = tool("find_order", number={"type": "string"})


def test_completion_quotes_the_request():
    answer = completion_of(make_service(), chat_body("Is order 4711 paid?"))

    assert "“Is order 4711 paid?”" in str(answer.content)
    assert "openai/gpt-oss-120b" in str(answer.content)


def test_completion_is_deterministic():
    body = chat_body("Tell me something.", seed=7)

    one, other = completion_of(make_service(), body), completion_of(make_service(), body)

    assert (one.content, one.reasoning, one.usage, one.seed) == (other.content, other.reasoning, other.usage, 7)
    assert one.id != other.id


@pytest.mark.parametrize("amount", [1, 20_000])
def test_completion_has_requested_number_of_characters(amount):
    answer = completion_of(make_service(), chat_body(f"Please answer in {amount} characters."))

    assert len(str(answer.content)) == amount


@pytest.mark.parametrize("amount", [1, 5000])
def test_completion_has_requested_number_of_tokens(amount):
    answer = completion_of(make_service(), chat_body(f"Reply with {amount} tokens", include_reasoning=False))

    assert answer.usage.completion_tokens - answer.usage.reasoning_tokens == amount


def test_token_budget_cuts_the_completion():
    answer = completion_of(make_service(), chat_body("Answer in 500 tokens", max_completion_tokens=100))

    assert answer.finish_reason == "length"
    assert answer.usage.completion_tokens == 100


def test_token_budget_includes_reasoning():
    answer = completion_of(make_service(), chat_body(max_tokens=5, reasoning_effort="high"))

    assert (answer.content, answer.finish_reason) == ("", "length")
    assert answer.usage.reasoning_tokens == answer.usage.completion_tokens == 5


def test_stop_sequence_ends_the_completion():
    assert completion_of(make_service(), chat_body("A and B", stop=["and"])).content == "You asked: “A "


def test_usage_times_follow_from_latency_and_speed():
    usage = completion_of(make_service(latency=0.25, tokens_per_second=100), chat_body()).usage.as_json()

    assert usage["queue_time"] == 0.25
    assert usage["completion_time"] == pytest.approx(usage["completion_tokens"] / 100)
    assert usage["total_time"] == pytest.approx(usage["prompt_time"] + usage["completion_time"])
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_speed_and_latency_of_one_model():
    groq = make_service(model_latency={QWEN: 3}, model_tokens_per_second={QWEN: 10}, tokens_per_second="model")

    assert completion_of(groq, chat_body(model=QWEN)).usage.queue_time == 3
    assert reply_to(groq, chat_body(model=QWEN)).tokens_per_second == 10
    assert reply_to(groq, chat_body(model="openai/gpt-oss-20b")).tokens_per_second == 1000


def test_json_mode_returns_a_json_object():
    answer = completion_of(make_service(), chat_body("Answer as json", response_format={"type": "json_object"}))

    assert json.loads(str(answer.content))["question"] == "Answer as json"


NODE = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["leaf", "branch"]},
        "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
    "required": ["kind", "left", "children"],
    "additionalProperties": False,
}
SCHEMAS = [
    {"type": "object", "properties": {"total": {"type": "number", "minimum": 2.5, "maximum": 2.6}}},
    {"type": "object", "properties": {"a": {"type": ["null", "integer"]}, "b": {"const": 5}, "c": {"type": "null"}}},
    {"type": "object", "properties": {"even": {"type": "integer", "multipleOf": 2, "minimum": 5}}},
    {
        "type": "object",
        "properties": {"short": {"type": "string", "maxLength": 3}, "long": {"type": "string", "minLength": 90}},
    },
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            {"properties": {"b": {"type": "boolean"}}},
        ]
    },
    {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    {"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
    {"exclusiveMinimum": 7, "type": "integer"},
    {"exclusiveMaximum": 7, "type": "integer", "minimum": 6},
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=[json.dumps(schema)[:50] for schema in SCHEMAS])
def test_structured_output_satisfies_its_schema(schema):
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}

    answer = completion_of(make_service(), chat_body(response_format=response_format))

    validate(json.loads(str(answer.content)), schema)


leaves = st.one_of(
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-50, 50),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, size: {"type": "string", "minLength": low, "maxLength": low + size},
        st.integers(0, 60),
        st.integers(0, 9),
    ),
    st.just({"type": "boolean"}),
    st.just({"enum": [3, "x"]}),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abcd"), inner).map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            }
        ),
        inner.map(lambda items: {"type": "array", "items": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
    ),
    max_leaves=8,
)


@given(schemas)
def test_sample_satisfies_every_schema(schema):
    validate(generate_sample(schema), schema)


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"$ref": "#/$defs/gone"}, {"type": "word"}]
)
def test_invalid_schema_is_rejected(schema):
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}

    response = error_of(make_service(), chat_body(response_format=response_format))

    assert error_object(response)["message"].startswith("invalid JSON schema for response_format: 'reply': ")


def test_recursive_schema_gets_a_finite_sample():
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": endless}}

    assert json.loads(str(completion_of(make_service(), chat_body(response_format=response_format)).content))["a"]


def test_json_mode_rejects_scripted_text_that_is_not_json():
    groq = make_service({"answer": "Sure! Here it is"})

    response = error_of(groq, chat_body("json please", response_format={"type": "json_object"}))

    assert error_object(response)["failed_generation"] == "Sure! Here it is"


@pytest.mark.parametrize(("strict", "accepted"), [(True, False), (False, True)])
def test_only_strict_schema_validates_scripted_answers(strict, accepted):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "strict": strict, "schema": schema}}

    reply = reply_to(make_service({"answer": {"n": "many"}}), chat_body(response_format=response_format))

    assert isinstance(reply, CompletionReply) == accepted


def test_tool_mentioned_by_the_user_is_called():
    answer = completion_of(make_service(), chat_body("Please get weather for tomorrow", tools=[ORDER, WEATHER]))

    assert answer.finish_reason == "tool_calls"
    assert answer.content is None
    [call] = answer.tool_calls
    assert call.name == "get_weather"
    assert re.fullmatch(r"call_[0-9a-f]{4}", call.id)
    validate(call.arguments, WEATHER["function"]["parameters"])


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", []),
        ("none", []),
        ("required", ["find_order"]),
        ({"type": "function", "function": {"name": "get_weather"}}, ["get_weather"]),
    ],
)
def test_tool_choice_selects_the_calls(choice, called):
    answer = completion_of(make_service(), chat_body("Hello", tools=[ORDER, WEATHER], tool_choice=choice))

    assert [call.name for call in answer.tool_calls] == called


@pytest.mark.parametrize(("model", "number"), [("openai/gpt-oss-120b", 1), (QWEN, 2)])
def test_parallel_tool_calls_depend_on_the_model(model, number):
    body = chat_body("find order 7, then get weather", model=model, tools=[ORDER, WEATHER])

    assert len(completion_of(make_service(), body).tool_calls) == number
    assert len(completion_of(make_service(), body | {"parallel_tool_calls": False}).tool_calls) == 1


def test_tool_result_ends_the_tool_calls():
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "get weather"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "22 degrees"},
    ]

    answer = completion_of(make_service(), chat_body(messages=messages, tools=[WEATHER]))

    assert str(answer.content).startswith("The tool said: “22 degrees”")


def test_built_in_tools_are_executed():
    answer = completion_of(make_service(), chat_body("Who won?", tools=[{"type": "browser_search"}]))

    assert answer.executed_tools[0]["type"] == "browser_search"


@pytest.mark.parametrize(
    ("model", "fields", "thought_in_content", "thought_apart"),
    [
        ("openai/gpt-oss-120b", {}, False, True),
        ("openai/gpt-oss-120b", {"include_reasoning": False}, False, False),
        (QWEN, {}, True, False),
        (QWEN, {"reasoning_format": "parsed"}, False, True),
        (QWEN, {"reasoning_format": "hidden"}, False, False),
        (QWEN, {"include_reasoning": True}, False, True),
        (QWEN, {"reasoning_effort": "none"}, False, False),
        ("meta-llama/llama-prompt-guard-2-22m", {}, False, False),
    ],
)
def test_reasoning_format_follows_the_request(model, fields, thought_in_content, thought_apart):
    answer = completion_of(make_service(), chat_body(model=model, **fields))

    assert str(answer.content).startswith("<think>") == thought_in_content
    assert (answer.reasoning is not None) == thought_apart


def test_images_count_as_tokens_and_are_mentioned():
    image = {"type": "image_url", "image_url": {"url": "https://example.org/invoice.png"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image, image]}]

    answer = completion_of(make_service(), chat_body(model=QWEN, messages=messages))

    assert "“What is it?” It came with 2 images." in str(answer.content)
    assert answer.usage.prompt_tokens > 2 * 2048


def test_prompt_cache_holds_a_long_prefix_for_two_hours():
    groq = make_service(time_scale=1e-9)
    rules = [{"role": "system", "content": "Be kind. " * 100}]
    first, second = (chat_body(messages=[*rules, {"role": "user", "content": text}]) for text in ("One?", "Two?"))

    assert completion_of(groq, first).usage.cached_tokens == 0
    assert completion_of(groq, second).usage.as_json()["prompt_tokens_details"]["cached_tokens"] > 200
    groq.clock.advance(7201)
    assert completion_of(groq, second).usage.cached_tokens == 0


def test_stream_chunks_add_up_to_the_completion():
    answer = completion_of(
        make_service(), chat_body("find order 7" + " and more" * 10, tools=[ORDER], tool_choice="none")
    )
    sent = [chunk.data for chunk in split_into_chunks(answer)]
    deltas = [one["choices"][0]["delta"] for one in sent]

    assert "".join(delta.get("content", "") for delta in deltas) == answer.content
    assert "".join(delta.get("reasoning", "") for delta in deltas) == answer.reasoning
    assert deltas[0]["role"] == "assistant"
    assert {one["id"] for one in sent} == {answer.id}
    assert sent[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert sent[-1]["usage"] == sent[-1]["x_groq"]["usage"] == answer.usage.as_json()


WORDS = [
    "type",
    "function",
    "name",
    "parameters",
    "json_schema",
    "schema",
    "strict",
    "properties",
    "required",
    "items",
    "anyOf",
    "$ref",
    "additionalProperties",
    "image_url",
    "url",
    "role",
    "content",
    "text",
    "user",
    "assistant",
    "tool",
    "tool_calls",
    "tool_call_id",
    "object",
    "array",
    "json_object",
    "raw",
    "flex",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "stream",
    "max_tokens",
    "service_tier",
    "seed",
    "reasoning_format",
    "minimum",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)
some_messages = st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls"]), json_values), max_size=2)
functions = st.fixed_dictionaries({"name": st.just("f")}, optional={"parameters": json_values})
some_tools = st.lists(st.fixed_dictionaries({"type": st.just("function"), "function": functions}), max_size=2)
named_schemas = st.fixed_dictionaries({"name": st.just("f")}, optional={"schema": json_values, "strict": st.booleans()})
formats = st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": named_schemas})
fields = st.one_of(
    st.dictionaries(st.sampled_from(WORDS), json_values),
    st.fixed_dictionaries({}, optional={"messages": some_messages, "tools": some_tools, "tool_choice": json_values}),
    st.fixed_dictionaries({"tools": some_tools, "tool_choice": st.just("required")}),
    st.fixed_dictionaries({"response_format": formats}),
)


@given(fields)
def test_emulator_never_fails_on_any_request(body):
    reply = reply_to(make_service(), chat_body() | body)

    assert isinstance(reply, CompletionReply | ErrorReply)


messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system", "assistant"]), "content": st.text(max_size=40)}
)


@given(st.lists(messages, min_size=1, max_size=4), st.integers(1, 60))
def test_completion_never_exceeds_its_token_budget(conversation, budget):
    answer = completion_of(make_service(), chat_body(messages=conversation, max_completion_tokens=budget))

    assert answer.usage.completion_tokens <= budget
    assert estimate_tokens(str(answer.content)) <= budget
