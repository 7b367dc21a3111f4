"""Rate limits in the router: how long a call waits, on which route, and which result counts."""

import time

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.waiting_places import MIN_RETURN_SECONDS
from support.factories import make_response
from support.groq_clients import FakeEndpoints, results_by_route
from support.groq_responses import BAD, BUSY, DENIED, HELLO, rate_limited

pytestmark = pytest.mark.anyio


async def test_rate_limit_waits_on_the_route_with_the_shortest_wait(waits):
    endpoints = FakeEndpoints(a=[rate_limited("9s")], b=[rate_limited("30ms"), HELLO])
    result = await endpoints.call()
    assert waits == [0.03]
    assert endpoints.routes_called == ["a:m", "b:m", "b:m"]
    assert (result.error, result.attempt_count, result.waited) == (None, 3, 0.03)
    assert results_by_route(result) == [("a", "429"), ("b", "answered")]


async def test_rate_limit_on_an_earlier_route_can_be_the_shortest(waits):
    endpoints = FakeEndpoints(a=[rate_limited("1s"), HELLO], b=[rate_limited("9s")])
    result = await endpoints.call()
    assert (waits, endpoints.routes_called, result.error) == ([1], ["a:m", "b:m", "a:m"], None)


async def test_rate_limit_of_another_route_is_waited_after_failure(waits):
    endpoints = FakeEndpoints(a=[rate_limited("1s"), HELLO], b=[BUSY])
    result = await endpoints.call()
    assert (waits, endpoints.routes_called, result.error) == ([1], ["a:m", "b:m", "a:m"], None)


async def test_rate_limit_is_waited_for_again_and_again(waits):
    endpoints = FakeEndpoints(a=[rate_limited("1s"), rate_limited("2s"), HELLO])
    result = await endpoints.call()
    assert (waits, result.attempt_count, result.waited, result.error) == ([1, 2], 3, 3, None)


async def test_rate_limit_beyond_the_local_wait_is_left_to_the_engine():
    result = await FakeEndpoints(a=[rate_limited("9m")], b=[rate_limited("3m")]).call(max_wait=900)
    assert (result.wait_more, result.attempt_count) == (180, 2)


async def test_rate_limit_beyond_the_deadline_ends_the_call():
    result = await FakeEndpoints(a=[rate_limited("9m")]).call(max_wait=300)
    assert (result.wait_more, result.error.kind) == (None, ErrorKind.RATE_LIMITED)


async def test_rate_limit_wait_is_bounded_by_the_deadline():
    result = await FakeEndpoints(a=[rate_limited("20s")]).call(max_wait=10)
    assert (result.wait_more, result.attempt_count) == (None, 1)


async def test_call_after_its_deadline_is_still_sent_once():
    result = await FakeEndpoints(a=[rate_limited("10ms")]).call(max_wait=-5)
    assert (result.attempt_count, result.wait_more) == (1, None)


@pytest.mark.parametrize("response", [make_response(429, ""), make_response(429, "", retry_after="0")])
async def test_rate_limit_without_figures_backs_off(response, waits):
    result = await FakeEndpoints(a=[response, response, make_response()]).call()
    assert result.attempt_count == 3
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1


async def test_rate_limit_too_long_goes_to_a_fallback_model():
    endpoints = FakeEndpoints(a=[rate_limited("3m"), HELLO])
    result = await endpoints.call("m", "n", max_wait=900)
    assert (endpoints.routes_called, result.error) == (["a:m", "a:n"], None)


async def test_rate_limiter_of_the_worker_is_polled_every_second(waits):
    held_back = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "TPM", sent=False, seconds=0, wait=30)
    result = await FakeEndpoints(a=[held_back, held_back, HELLO]).call()
    assert (waits, result.attempt_count, result.waited) == ([1, 1], 1, 2)
    assert len(result.attempts) == 1


async def test_rate_limiter_of_the_worker_counts_like_groqs_own():
    held_back = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "requests per day", sent=False, seconds=0, wait=900)
    result = await FakeEndpoints(a=[held_back], b=[BUSY]).call(max_wait=3600)
    assert (result.error.kind, result.wait_more) == (ErrorKind.RATE_LIMITED, 900)


async def test_result_that_may_pass_counts_more_than_a_final_one():
    result = await FakeEndpoints(a=[BUSY], b=[DENIED]).call()
    assert result.error.status == 503


async def test_result_of_a_final_error_counts_after_a_rate_limit():
    result = await FakeEndpoints(a=[rate_limited("20s")], b=[BAD]).call()
    assert (result.error.status, result.wait_more) == (400, None)


async def test_failure_after_a_wait_is_reported_as_it_is(waits):
    lost = NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=0)
    result = await FakeEndpoints(a=[rate_limited("1ms"), lost]).call()
    assert (result.response, result.attempt_count, result.waited) == (lost, 2, 0.001)
    assert waits == [0.001]


async def test_wait_takes_the_time_that_groq_asks_for():
    started = time.monotonic()
    await FakeEndpoints(a=[rate_limited("50ms"), HELLO]).call()
    assert 0.05 <= time.monotonic() - started < 5


async def test_rate_limit_without_a_waiting_place_is_left_to_the_engine(waits):
    endpoints = FakeEndpoints(a=[rate_limited("1s"), rate_limited("1s"), HELLO])
    places = endpoints.state.waiting_places
    route_id = Route(endpoints.endpoints[0], "m").id
    while places.has_room(route_id):
        places.take(route_id)
    result = await endpoints.call(max_wait=900)
    assert (result.attempt_count, waits) == (1, [])
    assert MIN_RETURN_SECONDS <= result.wait_more < MIN_RETURN_SECONDS + 1
    places.release(route_id)
    assert (await endpoints.call(max_wait=900)).error is None
    assert places.has_room(route_id), "the place is free again"
