"""Failover in the router: other endpoints and models, circuit breakers, and model names of endpoints."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.error_kinds import ErrorKind, Failover, RetryAction
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.responses import NoResponse
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.paused_accounts import REFUSALS_UNTIL_PAUSE
from support.factories import make_response
from support.groq_clients import BlockingGroqClient, FakeEndpoints, FakeGroqClient, results_by_route
from support.groq_responses import (
    BAD,
    BUSY,
    DENIED,
    FLEX,
    GONE,
    HELLO,
    IN_JSON,
    JSON,
    MOVED,
    NOWHERE,
    SILENT,
    SPENT,
    TOO_LARGE,
    completion_with,
    rate_limited,
)

pytestmark = pytest.mark.anyio


async def test_request_names_its_endpoint():
    endpoints = FakeEndpoints(a=[BUSY], b=[HELLO])
    await endpoints.call()
    assert [request.endpoint for request in endpoints.requests] == ["a", "b"]


@pytest.mark.parametrize(
    "first", [BUSY, SILENT, FLEX, GONE, DENIED, SPENT, MOVED, NOWHERE, rate_limited("2m"), rate_limited("20s")]
)
async def test_failover_to_another_endpoint_is_immediate(first):
    endpoints = FakeEndpoints(a=[first], b=[HELLO])
    result = await endpoints.call()
    assert (result.error, result.attempt_count, result.waited) == (None, 2, 0)
    assert endpoints.routes_called == ["a:m", "b:m"]


async def test_failover_never_for_a_bad_request():
    endpoints = FakeEndpoints(a=[BAD], b=[HELLO])
    assert (await endpoints.call("m", "n")).error.status == 400
    assert endpoints.routes_called == ["a:m"]


async def test_failover_tries_all_endpoints_before_a_fallback_model():
    endpoints = FakeEndpoints(a=[BUSY], b=[BUSY])
    await endpoints.call("m", "n")
    assert endpoints.routes_called == ["a:m", "b:m", "a:n", "b:n"]


async def test_failover_to_fallback_models_until_one_responds():
    endpoints = FakeEndpoints(a=[GONE, BUSY, HELLO])
    result = await endpoints.call("x", "y", "z", "q")
    assert endpoints.routes_called == ["a:x", "a:y", "a:z"]
    assert (result.attempt_count, result.error) == (3, None)
    assert [(attempt.route.model, attempt.result) for attempt in result.attempts_by_route()] == [
        ("x", "404 model_not_found"),
        ("y", "503"),
        ("z", "answered"),
    ]


@pytest.mark.parametrize("status", [400, 401, 402])
async def test_failover_not_to_a_model_that_cannot_help(status):
    endpoints = FakeEndpoints(a=[make_response(status, {"error": {"message": "no"}})])
    result = await endpoints.call("x", "y")
    assert len(endpoints.requests) == 1
    assert result.error.status == status


def refused(status, code):
    return make_response(status, {"error": {"message": "no", "code": code}})


@pytest.mark.parametrize(
    ("refusal", "tries"),
    [
        (TOO_LARGE, 1),
        (refused(400, "model_terms_required"), 1),
        (refused(403, "not_available_for_plan"), 1),
        (refused(400, "tool_use_failed"), 2),
        (refused(400, "output_parse_failed"), 2),
    ],
)
async def test_failover_of_what_is_refused_for_one_model(refusal, tries):
    endpoints = FakeEndpoints(a=[refusal] * tries + [HELLO])
    result = await endpoints.call("x", "y")
    assert (endpoints.routes_called, result.error) == (["a:x"] * tries + ["a:y"], None)


async def test_endpoint_gets_its_own_model_name():
    names = {"a": {"other": "other"}, "b": {"m": "local-m"}}
    endpoints = FakeEndpoints(names=names, a=[HELLO], b=[HELLO])
    result = await endpoints.call()
    assert endpoints.routes_called == ["b:local-m"]
    assert [attempt.route.model for attempt in result.attempts] == ["m"]


async def test_model_that_no_endpoint_serves_is_named():
    result = await FakeEndpoints(names={"a": {"other": "other"}}, a=[HELLO]).call()
    assert result.error.kind is ErrorKind.MODEL_NOT_FOUND
    assert result.error.message == "No endpoint serves the model 'm' (endpoints: a)"
    assert result.attempt_count == 0


async def test_retired_model_that_no_endpoint_serves_is_replaced():
    new = "openai/gpt-oss-120b"
    endpoints = FakeEndpoints(names={"a": {new: new}}, a=[HELLO])
    await endpoints.call("llama-3.3-70b-versatile")
    assert endpoints.routes_called == [f"a:{new}"]


async def test_open_circuit_breaker_is_skipped():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=1), a=[BUSY], b=[HELLO])
    await endpoints.call()
    result = await endpoints.call(temperature=1)
    assert endpoints.routes_called == ["a:m", "b:m", "b:m"]
    assert results_by_route(result) == [("a", "not sent: circuit breaker open"), ("b", "answered")]


async def test_open_circuit_breaker_of_the_only_route_sends_nothing():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=1, reset_timeout=30), a=[BUSY])
    first, result = await endpoints.call(), await endpoints.call()
    assert first.wait_more is None
    assert endpoints.routes_called == ["a:m"]
    assert 20 < result.wait_more < 40
    assert result.attempt_count == 0
    assert result.error.causes == ("circuit_open", "503", "5xx")


async def test_open_circuit_breaker_beyond_the_deadline_is_transient():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=1, reset_timeout=30), a=[BUSY])
    await endpoints.call()
    result = await endpoints.call(max_wait=5)
    assert (result.wait_more, result.error.kind) == (None, ErrorKind.TRANSIENT)


async def test_open_circuit_breaker_counts_less_than_a_failure():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=2), a=[BUSY], b=[BUSY])
    await endpoints.call()
    endpoints.state.circuit_breakers.record_success(Route(endpoints.endpoints[1], "m"))
    await endpoints.call()
    result = await endpoints.call()
    assert results_by_route(result) == [("a", "not sent: circuit breaker open"), ("b", "503")]
    assert result.wait_more is None


async def test_circuit_breaker_stays_closed_after_a_response():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=2), a=[BUSY, HELLO, BUSY, BAD, BUSY, HELLO])
    results = [await endpoints.call(temperature=number) for number in range(6)]
    assert [results_by_route(result)[0][1] for result in results] == [
        "503",
        "answered",
        "503",
        "400",
        "503",
        "answered",
    ]


async def test_fallback_model_gets_an_adapted_request():
    endpoints = FakeEndpoints(a=[BUSY, HELLO])
    result = await endpoints.call("m", "openai/gpt-oss-20b", reasoning_effort="none")
    assert [payload["reasoning_effort"] for payload in endpoints.payloads] == ["none", "low"]
    assert [attempt.changes for attempt in result.attempts] == [(), ("reasoning_effort: none became low",)]


async def test_fallback_model_that_is_incompatible_is_skipped():
    endpoints = FakeEndpoints(a=[BUSY])
    result = await endpoints.call("m", "whisper-large-v3")
    assert endpoints.routes_called == ["a:m"]
    assert results_by_route(result)[-1] == ("a", "not sent: no model for chat")
    assert result.error.status == 503


async def test_least_latency_tries_the_faster_endpoint_first():
    slow, fast = (replace(HELLO, seconds=seconds) for seconds in (5.0, 1.0))
    endpoints = FakeEndpoints(latency=LatencyTracker(), a=[slow], b=[fast])
    for number in range(4):
        await endpoints.call(temperature=number)
    assert endpoints.routes_called == ["a:m", "b:m", "b:m", "b:m"]


async def test_error_kind_can_be_added_from_outside():
    flagged = ErrorKind(
        "flagged", "a flagged prompt", RetryAction.GIVE_UP, Failover.OTHER_MODEL, "Rephrase the prompt."
    )

    def classify_flagged(response):
        if not isinstance(response, NoResponse) and response.code == "prompt_flagged":
            return ApiError(flagged, ("prompt_flagged",), response.message, response.status)
        return classify(response)

    refused = make_response(400, {"error": {"message": "No.", "code": "prompt_flagged"}})
    endpoints = FakeEndpoints(a=[refused, HELLO])
    endpoints.router = replace(endpoints.router, classify=classify_flagged)
    assert (await endpoints.call("m", "n")).error is None
    assert endpoints.routes_called == ["a:m", "a:n"]
    endpoints = FakeEndpoints(a=[refused])
    endpoints.router = replace(endpoints.router, classify=classify_flagged)
    assert (await endpoints.call()).error.kind.remedy == "Rephrase the prompt."


RESPONSES = st.sampled_from(
    [
        BUSY,
        SILENT,
        GONE,
        DENIED,
        BAD,
        MOVED,
        HELLO,
        IN_JSON,
        completion_with("Sorry."),
        TOO_LARGE,
        rate_limited("9m"),
        rate_limited("1ms"),
    ]
)


@given(st.lists(RESPONSES, min_size=1, max_size=5), st.lists(RESPONSES, min_size=1, max_size=5), st.booleans())
def test_call_ends_and_its_sums_are_those_of_its_attempts(at_a, at_b, in_json):
    endpoints = FakeEndpoints(a=[*at_a, HELLO], b=[*at_b, HELLO])

    async def run():
        return await endpoints.call("m", "n", max_wait=1, **(JSON if in_json else {}))

    result = asyncio.run(run())
    assert result.attempt_count == len(endpoints.requests)
    assert result.stored == (result.error is None or result.error.kind is ErrorKind.GENERATION_FAILED) or result.error


async def test_refused_key_is_left_to_the_engine_until_the_task_gives_up():
    endpoints = FakeEndpoints(a=[DENIED] * 3)
    refused = [await endpoints.call(max_wait=900) for _ in range(3)]
    paused = await endpoints.call(max_wait=900)
    assert endpoints.routes_called == ["a:m"] * 3
    assert all(20 < result.wait_more < 40 for result in (*refused, paused))
    assert paused.error.causes == refused[0].error.causes
    assert results_by_route(paused) == [("a", "not sent: account paused")]
    assert (await endpoints.call(max_wait=10)).wait_more == pytest.approx(10, abs=1)
    assert (await endpoints.call(max_wait=1)).wait_more is None


async def cancel_call(endpoints):
    """Cancel a call while its request is under way."""
    endpoints.clients["a"] = blocking = BlockingGroqClient(HELLO)
    call = asyncio.ensure_future(endpoints.call())
    await asyncio.wait_for(blocking.started.wait(), 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("failing", [BUSY, DENIED])
async def test_cancelled_call_leaves_the_probe_to_the_next_one(clock, failing):
    endpoints = FakeEndpoints(CircuitBreakers(REFUSALS_UNTIL_PAUSE), a=[failing])
    for _ in range(REFUSALS_UNTIL_PAUSE):
        await endpoints.call()
    clock.now += 31
    await cancel_call(endpoints)
    endpoints.clients["a"] = FakeGroqClient(HELLO)
    assert (await endpoints.call()).error is None
