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
from support.factories import REPLY, make_response, make_task
from support.handler_harness import CATCHING_TASK, HandlerHarness

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
    Metrics(CollectorRegistry(), shipped_catalog())(task, outcome, 0.1)


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


ENGINE_JSON = structures(["type", "value", "valueInfo", "String", "Json", "File", "Object", "encoding"])


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
