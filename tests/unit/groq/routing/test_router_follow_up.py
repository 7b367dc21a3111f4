"""Follow-up requests in the router: for valid JSON, and for a request that was too large."""

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.call import Truncated
from support.factories import make_response
from support.groq_clients import FakeEndpoints
from support.groq_responses import BUSY, HELLO, IN_JSON, JSON, TOO_LARGE, completion_with, rate_limited

pytestmark = pytest.mark.anyio


def cost(response):
    return cost_usd(response, CHAT_COMPLETION, shipped_catalog())


async def test_follow_up_requests_valid_json_once():
    endpoints = FakeEndpoints(a=[completion_with("Sorry."), completion_with('{"a": 1}')])
    result = await endpoints.call(**JSON)
    assert (result.error, result.attempt_count) == (None, 2)
    assert len(endpoints.payloads[1]["messages"]) == 3
    assert result.cost == cost(completion_with("Sorry.")) + cost(completion_with('{"a": 1}'))


async def test_follow_up_that_fails_again_has_groqs_error_code():
    endpoints = FakeEndpoints(a=[completion_with("Sorry."), completion_with("Still sorry.")])
    result = await endpoints.call(**JSON)
    assert len(endpoints.requests) == 2
    assert result.error.causes == ("json_validate_failed",)
    assert result.error.message == "The response is not what was requested: the response is not one whole JSON value"


async def test_follow_up_to_a_response_that_was_cut_off_requests_a_shorter_one():
    endpoints = FakeEndpoints(a=[completion_with('{"a": 1', reason="length"), IN_JSON])
    result = await endpoints.call(**JSON)
    assert (result.error, len(endpoints.requests)) == (None, 2)
    assert "a shorter one is needed" in endpoints.payloads[1]["messages"][-1]["content"]


PARSING_FAILED = make_response(400, {"error": {"message": "Parsing failed.", "code": "output_parse_failed"}})


async def test_follow_up_to_a_mistake_of_the_model_has_a_lower_temperature():
    endpoints = FakeEndpoints(a=[PARSING_FAILED, HELLO])
    result = await endpoints.call()
    assert (result.error, [payload.get("temperature") for payload in endpoints.payloads]) == (None, [None, 0.2])


async def test_follow_up_to_a_mistake_is_sent_once():
    endpoints = FakeEndpoints(a=[PARSING_FAILED, PARSING_FAILED])
    result = await endpoints.call()
    assert (result.error.causes[0], len(endpoints.requests)) == ("output_parse_failed", 2)


async def test_follow_up_waits_on_the_route_of_the_first_response(waits):
    endpoints = FakeEndpoints(a=[HELLO, rate_limited("30ms"), IN_JSON], b=[IN_JSON])
    result = await endpoints.call(**JSON)
    assert (result.error, endpoints.routes_called, waits) == (None, ["a:m"] * 3, [0.03])


async def test_follow_up_that_fails_goes_to_the_next_route():
    endpoints = FakeEndpoints(a=[HELLO, BUSY], b=[IN_JSON])
    result = await endpoints.call(**JSON)
    assert endpoints.routes_called == ["a:m", "a:m", "b:m"]
    assert len(endpoints.payloads[2]["messages"]) == 1
    assert result.cost == cost(HELLO) + cost(IN_JSON) > cost(IN_JSON) > 0


async def test_cost_counts_responses_that_were_not_usable():
    result = await FakeEndpoints(a=[HELLO, BUSY]).call(**JSON)
    assert (result.error.status, result.cost) == (503, cost(HELLO))


async def test_malformed_json_is_repaired():
    result = await FakeEndpoints(a=[completion_with("```json\n{}\n```")]).call(**JSON)
    assert result.repaired


async def test_json_that_groq_refused_is_repaired():
    error = {"message": "Failed.", "code": "json_validate_failed", "failed_generation": "{'a': 1}"}
    result = await FakeEndpoints(a=[make_response(400, {"error": error})]).call(**JSON)
    assert result.error is None
    assert result.response.body["choices"][0]["message"]["content"] == '{"a": 1}'


async def test_json_format_does_not_hide_other_errors():
    assert (await FakeEndpoints(a=[BUSY]).call(**JSON)).error.status == 503


async def test_reasoning_is_split_before_json_is_read():
    result = await FakeEndpoints(a=[completion_with('<think>{</think>{"a": 1}')]).call(**JSON)
    assert result.error is None
    assert result.response.body["choices"][0]["message"] == {"content": '{"a": 1}', "reasoning": "{"}


async def test_validation_that_raises_is_a_finding():
    endpoints = FakeEndpoints(a=[HELLO])
    schema = {"$ref": "#/$defs/none"}
    result = await endpoints.call(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
    assert result.error.kind is ErrorKind.INVALID_OUTPUT
    assert len(endpoints.responses.stored) == len(endpoints.requests)


async def test_truncation_resends_on_the_same_route(waits):
    shorter = {"model": "m", "messages": []}
    endpoints = FakeEndpoints(a=[TOO_LARGE, rate_limited("1s"), HELLO])
    result = await endpoints.call(truncate=lambda _, fraction: Truncated(shorter, f"{fraction:.2f}"))
    assert endpoints.payloads[1:] == [shorter, shorter]
    assert (result.error, result.omitted, waits) == (None, "0.47", [1])


async def test_truncation_is_tried_once():
    endpoints = FakeEndpoints(a=[TOO_LARGE])
    result = await endpoints.call(truncate=lambda payload, _: Truncated({**payload}, "half"))
    assert (len(endpoints.requests), result.error.kind) == (2, ErrorKind.TOO_LARGE)


async def test_truncation_is_not_possible_for_every_payload():
    endpoints = FakeEndpoints(a=[TOO_LARGE])
    result = await endpoints.call()
    assert (len(endpoints.requests), result.error.kind) == (1, ErrorKind.TOO_LARGE)


async def test_truncated_request_is_stored_under_the_whole_one():
    endpoints = FakeEndpoints(a=[TOO_LARGE, HELLO])
    await endpoints.call(truncate=lambda payload, _: Truncated({**payload, "messages": []}, "all"))
    [(payload, _)] = endpoints.responses.stored
    assert payload["messages"]
