"""The router: failover, waits, follow-ups, replay, and which result counts."""

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.errors import ApiError, ErrorKind, Failover, RetryAction, classify
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing import router
from catalyst_groq.groq.routing.call import Truncated
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.waiting_places import MIN_RETURN_SECONDS
from support.factories import REPLY, make_answer
from support.groq_clients import FakeEndpoints, InMemoryResponses, results_by_route

pytestmark = pytest.mark.anyio

GONE = make_answer(404, {"error": {"message": "gone", "code": "model_not_found"}})
BUSY = make_answer(503, "")
DENIED = make_answer(401, {"error": {"message": "Invalid API Key"}})
BAD = make_answer(400, {"error": {"message": "no"}})
SPENT = make_answer(400, {"error": {"message": "no", "code": "spend_limit_reached"}})
FLEX = make_answer(498, "")
MOVED = make_answer(302, "", location="https://portal.test/login")
NOWHERE = make_answer(404, "<html>Not Found</html>")
SILENT = NoResponse(NoResponseReason.TIMEOUT, "nothing", sent=True, seconds=1)
HELLO = make_answer()
TOO_LARGE = make_answer(413, {"error": {"message": "Request too large (TPM): Limit 2000, Requested 3000, please"}})
JSON = {"response_format": {"type": "json_object"}}


def saying(content, reason="stop"):
    return make_answer(body={**REPLY, "choices": [{"message": {"content": content}, "finish_reason": reason}]})


IN_JSON = saying("{}")


def limited(wait):
    return make_answer(429, {"error": {"message": f"Please try again in {wait}."}})


def cost(response):
    return cost_usd(response, CHAT_COMPLETION, shipped_catalog())


@pytest.fixture
def slept(monkeypatch):
    """The waits, which take no time."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(router, "asyncio", SimpleNamespace(sleep=sleep))
    return waits


@pytest.mark.parametrize(
    "first", [BUSY, SILENT, FLEX, GONE, DENIED, SPENT, MOVED, NOWHERE, limited("2m"), limited("20s")]
)
async def test_failover_to_another_endpoint_is_immediate(first):
    endpoints = FakeEndpoints(a=[first], b=[HELLO])
    result = await endpoints.call()
    assert (result.error, result.attempt_count, result.waited) == (None, 2, 0)
    assert endpoints.asked == ["a:m", "b:m"]


async def test_failover_never_for_a_bad_request():
    endpoints = FakeEndpoints(a=[BAD], b=[HELLO])
    assert (await endpoints.call("m", "n")).error.status == 400
    assert endpoints.asked == ["a:m"]


async def test_failover_tries_all_endpoints_before_a_fallback_model():
    endpoints = FakeEndpoints(a=[BUSY], b=[BUSY])
    await endpoints.call("m", "n")
    assert endpoints.asked == ["a:m", "b:m", "a:n", "b:n"]


async def test_failover_to_fallback_models_until_one_responds():
    endpoints = FakeEndpoints(a=[GONE, BUSY, HELLO])
    result = await endpoints.call("x", "y", "z", "q")
    assert endpoints.asked == ["a:x", "a:y", "a:z"]
    assert (result.attempt_count, result.error) == (3, None)
    assert [(attempt.route.model, attempt.result) for attempt in result.attempts_by_route()] == [
        ("x", "404 model_not_found"),
        ("y", "503"),
        ("z", "answered"),
    ]


@pytest.mark.parametrize("status", [400, 401, 413])
async def test_failover_not_to_a_model_that_cannot_help(status):
    endpoints = FakeEndpoints(a=[make_answer(status, {"error": {"message": "no"}})])
    result = await endpoints.call("x", "y")
    assert len(endpoints.requests) == 1
    assert result.error.status == status


async def test_rate_limit_waits_on_the_route_with_the_shortest_wait(slept):
    endpoints = FakeEndpoints(a=[limited("9s")], b=[limited("30ms"), HELLO])
    result = await endpoints.call()
    assert slept == [0.03]
    assert endpoints.asked == ["a:m", "b:m", "b:m"]
    assert (result.error, result.attempt_count, result.waited) == (None, 3, 0.03)
    assert results_by_route(result) == [("a", "429"), ("b", "answered")]


async def test_rate_limit_on_an_earlier_route_can_be_the_shortest(slept):
    endpoints = FakeEndpoints(a=[limited("1s"), HELLO], b=[limited("9s")])
    result = await endpoints.call()
    assert (slept, endpoints.asked, result.error) == ([1], ["a:m", "b:m", "a:m"], None)


async def test_rate_limit_of_another_route_is_waited_for_after_a_failure(slept):
    endpoints = FakeEndpoints(a=[limited("1s"), HELLO], b=[BUSY])
    result = await endpoints.call()
    assert (slept, endpoints.asked, result.error) == ([1], ["a:m", "b:m", "a:m"], None)


async def test_rate_limit_is_waited_for_again_and_again(slept):
    endpoints = FakeEndpoints(a=[limited("1s"), limited("2s"), HELLO])
    result = await endpoints.call()
    assert (slept, result.attempt_count, result.waited, result.error) == ([1, 2], 3, 3, None)


async def test_rate_limit_beyond_the_local_wait_is_left_to_the_engine():
    result = await FakeEndpoints(a=[limited("9m")], b=[limited("3m")]).call(max_wait=900)
    assert (result.wait_more, result.attempt_count) == (180, 2)


async def test_rate_limit_beyond_the_deadline_ends_the_call():
    result = await FakeEndpoints(a=[limited("9m")]).call(max_wait=300)
    assert (result.wait_more, result.error.kind) == (None, ErrorKind.RATE_LIMITED)


async def test_rate_limit_wait_is_bounded_by_the_deadline():
    result = await FakeEndpoints(a=[limited("20s")]).call(max_wait=10)
    assert (result.wait_more, result.attempt_count) == (None, 1)


async def test_call_after_its_deadline_is_still_sent_once():
    result = await FakeEndpoints(a=[limited("10ms")]).call(max_wait=-5)
    assert (result.attempt_count, result.wait_more) == (1, None)


@pytest.mark.parametrize("response", [make_answer(429, ""), make_answer(429, "", retry_after="0")])
async def test_rate_limit_without_figures_backs_off(response, slept):
    result = await FakeEndpoints(a=[response, response, make_answer()]).call()
    assert result.attempt_count == 3
    assert 0 <= slept[0] <= 0.5
    assert 0 <= slept[1] <= 1


async def test_rate_limit_too_long_goes_to_a_fallback_model():
    endpoints = FakeEndpoints(a=[limited("3m"), HELLO])
    result = await endpoints.call("m", "n", max_wait=900)
    assert (endpoints.asked, result.error) == (["a:m", "a:n"], None)


async def test_rate_limiter_of_the_worker_is_asked_every_second(slept):
    held_back = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "TPM", sent=False, seconds=0, wait=30)
    result = await FakeEndpoints(a=[held_back, held_back, HELLO]).call()
    assert (slept, result.attempt_count, result.waited) == ([1, 1], 1, 2)
    assert len(result.attempts) == 1


async def test_rate_limiter_of_the_worker_counts_like_groqs_own():
    held_back = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "requests per day", sent=False, seconds=0, wait=900)
    result = await FakeEndpoints(a=[held_back], b=[BUSY]).call(max_wait=3600)
    assert (result.error.kind, result.wait_more) == (ErrorKind.RATE_LIMITED, 900)


async def test_result_that_may_pass_counts_more_than_a_final_one():
    result = await FakeEndpoints(a=[BUSY], b=[DENIED]).call()
    assert result.error.status == 503


async def test_result_of_a_final_error_counts_after_a_rate_limit():
    result = await FakeEndpoints(a=[limited("20s")], b=[BAD]).call()
    assert (result.error.status, result.wait_more) == (400, None)


async def test_failure_after_a_wait_is_reported_as_it_is(slept):
    lost = NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=0)
    result = await FakeEndpoints(a=[limited("1ms"), lost]).call()
    assert (result.response, result.attempt_count, result.waited) == (lost, 2, 0.001)
    assert slept == [0.001]


async def test_follow_up_asks_once_for_valid_json():
    endpoints = FakeEndpoints(a=[saying("Sorry."), saying('{"a": 1}')])
    result = await endpoints.call(**JSON)
    assert (result.error, result.attempt_count) == (None, 2)
    assert len(endpoints.payloads[1]["messages"]) == 3
    assert result.cost == cost(saying("Sorry.")) + cost(saying('{"a": 1}'))


async def test_follow_up_that_fails_again_has_groqs_error_code():
    endpoints = FakeEndpoints(a=[saying("Sorry."), saying("Still sorry.")])
    result = await endpoints.call(**JSON)
    assert len(endpoints.requests) == 2
    assert result.error.causes == ("json_validate_failed",)
    assert result.error.message == "The response is not what was requested: the response is not JSON"


async def test_follow_up_not_for_a_truncated_response():
    endpoints = FakeEndpoints(a=[saying("{", reason="length")])
    await endpoints.call(**JSON)
    assert len(endpoints.requests) == 1


async def test_follow_up_waits_on_the_route_of_the_first_response(slept):
    endpoints = FakeEndpoints(a=[HELLO, limited("30ms"), IN_JSON], b=[IN_JSON])
    result = await endpoints.call(**JSON)
    assert (result.error, endpoints.asked, slept) == (None, ["a:m"] * 3, [0.03])


async def test_follow_up_that_fails_goes_to_the_next_route():
    endpoints = FakeEndpoints(a=[HELLO, BUSY], b=[IN_JSON])
    result = await endpoints.call(**JSON)
    assert endpoints.asked == ["a:m", "a:m", "b:m"]
    assert len(endpoints.payloads[2]["messages"]) == 1
    assert result.cost == cost(HELLO) + cost(IN_JSON) > cost(IN_JSON) > 0


async def test_cost_counts_responses_that_were_not_usable():
    result = await FakeEndpoints(a=[HELLO, BUSY]).call(**JSON)
    assert (result.error.status, result.cost) == (503, cost(HELLO))


async def test_malformed_json_is_repaired():
    result = await FakeEndpoints(a=[saying("```json\n{}\n```")]).call(**JSON)
    assert result.repaired


async def test_json_that_groq_refused_is_repaired():
    error = {"message": "Failed.", "code": "json_validate_failed", "failed_generation": "{'a': 1}"}
    result = await FakeEndpoints(a=[make_answer(400, {"error": error})]).call(**JSON)
    assert result.error is None
    assert result.response.body["choices"][0]["message"]["content"] == '{"a": 1}'


async def test_json_format_does_not_hide_other_errors():
    assert (await FakeEndpoints(a=[BUSY]).call(**JSON)).error.status == 503


async def test_reasoning_is_split_before_json_is_read():
    result = await FakeEndpoints(a=[saying("<think>{</think>[1]")]).call(**JSON)
    assert result.error is None
    assert result.response.body["choices"][0]["message"] == {"content": "[1]", "reasoning": "{"}


async def test_validation_that_raises_is_a_finding():
    endpoints = FakeEndpoints(a=[HELLO])
    schema = {"$ref": "#/$defs/none"}
    result = await endpoints.call(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
    assert result.error.kind is ErrorKind.GENERATION_FAILED
    assert len(endpoints.responses.stored) == len(endpoints.requests)


async def test_truncation_resends_on_the_same_route(slept):
    shorter = {"model": "m", "messages": []}
    endpoints = FakeEndpoints(a=[TOO_LARGE, limited("1s"), HELLO])
    result = await endpoints.call(truncate=lambda _, fraction: Truncated(shorter, f"{fraction:.2f}"))
    assert endpoints.payloads[1:] == [shorter, shorter]
    assert (result.error, result.omitted, slept) == (None, "0.47", [1])


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


async def test_endpoint_gets_its_own_model_name():
    names = {"a": {"other": "other"}, "b": {"m": "local-m"}}
    endpoints = FakeEndpoints(names=names, a=[HELLO], b=[HELLO])
    result = await endpoints.call()
    assert endpoints.asked == ["b:local-m"]
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
    assert endpoints.asked == [f"a:{new}"]


async def test_open_circuit_breaker_is_skipped():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=1), a=[BUSY], b=[HELLO])
    await endpoints.call()
    result = await endpoints.call(temperature=1)
    assert endpoints.asked == ["a:m", "b:m", "b:m"]
    assert results_by_route(result) == [("a", "not sent: circuit breaker open"), ("b", "answered")]


async def test_open_circuit_breaker_of_the_only_route_sends_nothing():
    endpoints = FakeEndpoints(CircuitBreakers(threshold=1, reset_timeout=30), a=[BUSY])
    first, result = await endpoints.call(), await endpoints.call()
    assert first.wait_more is None
    assert endpoints.asked == ["a:m"]
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
    assert endpoints.asked == ["a:m"]
    assert results_by_route(result)[-1] == ("a", "not sent: no model for chat")
    assert result.error.status == 503


async def test_least_latency_tries_the_faster_endpoint_first():
    slow, fast = (replace(HELLO, seconds=seconds) for seconds in (5.0, 1.0))
    endpoints = FakeEndpoints(latency=LatencyTracker(), a=[slow], b=[fast])
    for number in range(4):
        await endpoints.call(temperature=number)
    assert endpoints.asked == ["a:m", "b:m", "b:m", "b:m"]


async def test_replay_sends_nothing():
    endpoints = FakeEndpoints(a=[HELLO])
    first, again = await endpoints.call(), await endpoints.call()
    assert len(endpoints.requests) == 1
    assert (first.replayed, again.replayed, again.stored) == (False, True, True)
    assert (again.attempt_count, again.cost) == (0, first.cost)


async def test_replay_includes_the_follow_up():
    endpoints = FakeEndpoints(a=[saying("Sorry."), IN_JSON])
    await endpoints.call(**JSON)
    again = await endpoints.call(**JSON)
    assert len(endpoints.requests) == 2
    assert (again.error, again.replayed) == (None, True)


async def test_replay_without_the_follow_up_sends_only_that():
    endpoints = FakeEndpoints(a=[saying("Sorry."), IN_JSON])
    await endpoints.call(**JSON)
    endpoints.responses.stored.pop()
    again = await endpoints.call(**JSON)
    assert (len(endpoints.requests), again.error, again.attempt_count) == (3, None, 1)
    assert len(endpoints.payloads[-1]["messages"]) == 3


async def test_response_is_stored_as_it_came():
    raw = saying("<think>hm</think>```json\n{}\n```")
    endpoints = FakeEndpoints(a=[raw])
    result = await endpoints.call(**JSON)
    [(_, stored)] = endpoints.responses.stored
    assert stored is raw
    assert result.response.content != raw.content


async def test_response_that_is_no_result_is_not_stored():
    endpoints = FakeEndpoints(a=[make_answer(200, "<html>"), BUSY])
    await endpoints.call()
    assert endpoints.responses.stored == []


async def test_journal_that_cannot_be_read_stops_the_call():
    class BrokenResponses(InMemoryResponses):
        async def load(self, _):
            raise JournalError("broken")

    endpoints = FakeEndpoints(a=[HELLO])
    endpoints.responses = BrokenResponses()
    with pytest.raises(JournalError):
        await endpoints.call()
    assert endpoints.requests == []


async def test_error_kind_can_be_added_from_outside():
    flagged = ErrorKind(
        "flagged", "a flagged prompt", RetryAction.GIVE_UP, Failover.OTHER_MODEL, "Rephrase the prompt."
    )

    def classify_flagged(response):
        if not isinstance(response, NoResponse) and response.code == "prompt_flagged":
            return ApiError(flagged, ("prompt_flagged",), response.message, response.status)
        return classify(response)

    refused = make_answer(400, {"error": {"message": "No.", "code": "prompt_flagged"}})
    endpoints = FakeEndpoints(a=[refused, HELLO])
    endpoints.router = replace(endpoints.router, classify=classify_flagged)
    assert (await endpoints.call("m", "n")).error is None
    assert endpoints.asked == ["a:m", "a:n"]
    endpoints = FakeEndpoints(a=[refused])
    endpoints.router = replace(endpoints.router, classify=classify_flagged)
    assert (await endpoints.call()).error.kind.remedy == "Rephrase the prompt."


async def test_wait_takes_the_time_that_groq_asks_for():
    started = time.monotonic()
    await FakeEndpoints(a=[limited("50ms"), HELLO]).call()
    assert 0.05 <= time.monotonic() - started < 5


RESPONSES = st.sampled_from(
    [BUSY, SILENT, GONE, DENIED, BAD, MOVED, HELLO, IN_JSON, saying("Sorry."), TOO_LARGE, limited("9m"), limited("1ms")]
)


@given(st.lists(RESPONSES, min_size=1, max_size=5), st.lists(RESPONSES, min_size=1, max_size=5), st.booleans())
def test_call_ends_and_its_sums_are_those_of_its_attempts(at_a, at_b, in_json):
    endpoints = FakeEndpoints(a=[*at_a, HELLO], b=[*at_b, HELLO])

    async def run():
        return await endpoints.call("m", "n", max_wait=1, **(JSON if in_json else {}))

    result = asyncio.run(run())
    assert result.attempt_count == len(endpoints.requests)
    assert result.stored == (result.error is None or result.error.kind is ErrorKind.GENERATION_FAILED) or result.error


async def test_rate_limit_without_a_waiting_place_is_left_to_the_engine(slept):
    endpoints = FakeEndpoints(a=[limited("1s"), limited("1s"), HELLO])
    places = endpoints.state.waiting_places
    route_id = Route(endpoints.endpoints[0], "m").id
    while places.has_room(route_id):
        places.take(route_id)
    result = await endpoints.call(max_wait=900)
    assert (result.attempt_count, slept) == (1, [])
    assert MIN_RETURN_SECONDS <= result.wait_more < MIN_RETURN_SECONDS + 1
    places.release(route_id)
    assert (await endpoints.call(max_wait=900)).error is None
    assert places.has_room(route_id), "the place is free again"


async def test_refused_key_is_left_to_the_engine_until_the_task_gives_up():
    endpoints = FakeEndpoints(a=[DENIED])
    first, second = await endpoints.call(max_wait=900), await endpoints.call(max_wait=900)
    assert endpoints.asked == ["a:m"]
    assert 20 < first.wait_more < 40
    assert 20 < second.wait_more < 40
    assert second.error.causes == first.error.causes
    assert results_by_route(second) == [("a", "not sent: key refused")]
    assert (await endpoints.call(max_wait=10)).wait_more == pytest.approx(10, abs=1)
    assert (await endpoints.call(max_wait=1)).wait_more is None
