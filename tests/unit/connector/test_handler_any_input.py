"""Whatever a modeller, Groq or the engine may write, the handler returns an outcome and finds no internal error."""

import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from catalyst_groq.domain.outcomes import Outcome
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.observability.metrics import Metrics
from support.factories import REPLY, make_record, make_response, make_task
from support.handler_harness import CATCHING_TASK, HandlerHarness, InMemoryJournal

DENIED = make_response(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}})

any_text = st.text(st.characters(), max_size=40)
field_names = st.sampled_from(
    ["payload", "model", "secretSource", "apiKey", "responseMapping", "errorMapping", "url", "timeout", "retries"]
).map("catalyst_{}".format)
pieces = st.sampled_from(
    ["${userMessage}", "${", '{"a": ', "}", "messages: ", "- ", "R3/", "PT1S", "https://", "${@}", "&a [*a]"]
)
field_texts = st.one_of(any_text, st.lists(pieces | any_text, max_size=6).map("".join))
RESPONSE_NAMES = [*REPLY, "index", "finish_reason", "message", "role", "content", "error", "code"]
RESPONSE_NAMES += ["prompt_tokens", "completion_tokens", "total_tokens"]
PAYLOAD_NAMES = ["messages", "role", "content", "type", "text", "image_url", "url", "model", "stream", "tools"]
PAYLOAD_NAMES += ["response_format", "json_schema", "schema", "reasoning_effort", "reasoning_format", "n", "stop"]
PAYLOAD_NAMES += ["max_tokens"]


def structures(names):
    """Any JSON, with names that have a meaning."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(names) | st.text(max_size=5)
    keys = st.sampled_from(names)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=15
    )


def handle(harness, task):
    """Handle a task and count it, as the worker does; neither may fail."""
    outcome = asyncio.run(harness.handler.handle(task))
    assert isinstance(outcome, Outcome)
    assert not getattr(outcome, "message", "").startswith("Internal error"), outcome
    Metrics(CollectorRegistry(), shipped_catalog()).on_end(make_record(outcome, task))


@given(st.dictionaries(field_names, field_texts, max_size=3), any_text)
def test_any_fields_have_an_outcome(properties, message):
    handle(HandlerHarness(process=CATCHING_TASK), make_task({"userMessage": message}, properties))


@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from(PAYLOAD_NAMES), structures(PAYLOAD_NAMES), max_size=6),
    st.lists(
        st.fixed_dictionaries({"role": structures(PAYLOAD_NAMES), "content": structures(PAYLOAD_NAMES)}),
        min_size=1,
        max_size=3,
    ),
    any_text,
)
def test_any_payload_has_an_outcome(payload, messages, message):
    properties = {"catalyst_payload": json.dumps({**payload, "messages": messages})}
    handle(HandlerHarness(), make_task({"userMessage": message}, properties))


@pytest.mark.slow
@example(200, {"choices": [None]}, {}, {})
@example(200, {"choices": [{}], "usage": {"prompt_tokens": -1, "completion_tokens": "1"}, "model": [1]}, {}, {})
@example(200, {"choices": [{}], "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}}, {}, {})
@given(
    st.sampled_from([200, 204, 302, 400, 401, 404, 413, 429, 498, 500]),
    structures(RESPONSE_NAMES).map(json.dumps)
    | st.fixed_dictionaries({}, optional=dict.fromkeys(RESPONSE_NAMES, structures(RESPONSE_NAMES)))
    | any_text,
    st.dictionaries(st.sampled_from(["retry-after", "x-request-id"]), any_text),
    st.sampled_from([{}, {"response_format": {"type": "json_object"}}]),
)
def test_any_response_has_an_outcome(status, body, headers, parameters):
    payload = {"messages": [{"role": "user", "content": "Hi"}], **parameters}
    properties = {
        "catalyst_payload": json.dumps(payload),
        "catalyst_giveUpAfter": "PT0S",
        "catalyst_conversation": "talk",
    }
    harness = HandlerHarness(make_response(status, body, **headers), process=CATCHING_TASK)
    handle(harness, make_task({}, properties))


HOSTILE_JSON = ["1" * 5000, "9" * 300, "NaN", "-Infinity", "1e999", '"\\ud800"', '"\\u0000"', "[" * 3000 + "]" * 3000]
HOSTILE_JSON += ["[" * 190 + "]" * 190, '{"a":' * 150 + "1" + "}" * 150, "[" * 3000, '"<think>"']
hostile_json = st.sampled_from(HOSTILE_JSON) | structures(RESPONSE_NAMES).map(json.dumps)
SCHEMA_NAMES = [
    "type",
    "properties",
    "items",
    "$ref",
    "$dynamicRef",
    "$id",
    "$schema",
    "$defs",
    "enum",
    "allOf",
    "object",
]
SCHEMA_NAMES += [
    "#",
    "#/$defs/type",
    "http://127.0.0.1:9/",
    "file:///etc/passwd",
    "string",
    "pattern",
    "required",
    "not",
]
EXPRESSIONS = [
    "@",
    "a",
    "choices[0]",
    "[@, @]",
    "{a: @, b: @}",
    "[*]",
    "to_string(@)",
    "join('', @)",
    "sum(@)",
    "*",
    "[]",
]
EXPRESSIONS += [
    "sort(@)",
    "max_by(@, &a)",
    "map(&@, @)",
    "merge(@, @)",
    "parse_json(@)",
    "tool_calls(@)",
    "`[1]`",
    "[::0]",
]


@pytest.mark.slow
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("id", "model", "content", "prompt_tokens", "finish_reason", "extra"), hostile_json)
    ),
    st.none() | hostile_json,
    st.dictionaries(st.sampled_from(SCHEMA_NAMES), structures(SCHEMA_NAMES), max_size=4),
    st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=8).map(" | ".join),
)
def test_any_paid_response_is_paid_once_and_no_internal_error(parts, content, schema, expression):
    text = json.dumps({**REPLY, "usage": {"prompt_tokens": 1, "completion_tokens": 1}, **dict.fromkeys(parts, "#")})
    for part in parts.values():
        text = text.replace('"#"', part, 1)
    if content is not None:
        text = text.replace('"Hello Ada"', json.dumps(content))
    payload = {
        "messages": [{"role": "user", "content": f"${{{expression}}}"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    }
    properties = {
        "catalyst_payload": json.dumps(payload),
        "catalyst_responseMapping": json.dumps({"x": expression, "y:Integer": expression}),
    }
    journal = InMemoryJournal()
    harness = HandlerHarness(make_response(200, text), journal=journal)
    task = make_task({"a": [1, {"a": "x"}]}, properties)
    handle(harness, task)
    requests = len(harness.payloads)
    handle(harness, task)
    assert len(harness.payloads) == requests or not journal.responses


@pytest.mark.parametrize("figures", ["Limit 5, Requested {}", "Limit {}, Requested 9", "try again in {}u.s"])
@pytest.mark.parametrize("status", [413, 429])
def test_refusal_with_thousands_of_digits_has_an_outcome(status, figures):
    message = f"Request too large for model: {figures.format('1' * 5000)}"
    body = {"error": {"message": message, "code": "rate_limit_exceeded"}}
    handle(HandlerHarness(make_response(status, body)), make_task(properties={"catalyst_whenTooLong": "dropTurns"}))


ENGINE_JSON = structures(["type", "value", "valueInfo", "String", "Json", "File", "Object", "encoding"])


@pytest.mark.slow
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "variables": ENGINE_JSON
            | st.dictionaries(st.sampled_from(["userMessage", "catalyst_payload", "x"]), ENGINE_JSON),
            "extensionProperties": ENGINE_JSON,
            "retries": ENGINE_JSON,
            "createTime": ENGINE_JSON,
            "lockExpirationTime": ENGINE_JSON,
        },
    )
)
def test_any_task_of_the_engine_has_an_outcome(context):
    try:
        task = make_task(**context)
    except (AttributeError, TypeError):
        return  # a fetch that finds these takes the response for that of another server
    assert isinstance(asyncio.run(HandlerHarness(DENIED).handler.handle(task)), Outcome)
