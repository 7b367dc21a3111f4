"""Routes that fail are left alone for a while, and slow ones are asked later."""

import pytest

from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.routing import circuit_breaker, latency
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Succession
from support.factories import make_answer

BUSY = classify(make_answer(503, {"error": {"message": "over capacity"}}))
DENIED = classify(make_answer(401, {"error": {"message": "Invalid API Key"}}))
LIMITED = classify(make_answer(429, {"error": {"message": "Try again in 2s."}}))


def route(name, model="m", priority=0):
    return Route(Endpoint(name, Account(f"http://{name}", "key"), priority=priority), model)


A, B = route("a"), route("b")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set forward, and no jitter."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    for module in (circuit_breaker, latency):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(circuit_breaker, "JITTER", 0)
    return clock


def failing(times, route=A, **settings):
    opened = CircuitBreakers(**{"threshold": 3, "reset_timeout": 30} | settings)
    for _ in range(times):
        opened.record_failure(route, BUSY)
    return opened


def test_a_circuit_opens_after_so_many_failures_in_a_row(clock):
    assert failing(2).check(A) is None
    opened = failing(3)

    why_not = opened.check(A)
    assert (why_not.kind, why_not.causes, why_not.wait) == (ErrorKind.TRANSIENT, ("circuit_open", "503", "5xx"), 30)
    assert why_not.message == "m at a is not asked for 30 s, after 3 failures in a row: 503 over capacity"
    assert opened.check(B) is None
    assert [str(route) for route in opened.open_routes()] == ["m at a"]


def test_an_answer_in_between_begins_the_count_anew(clock):
    opened = failing(2)
    opened.record_success(A)
    opened.record_failure(A, BUSY)
    assert opened.check(A) is None


def test_one_request_is_let_through_after_the_pause_and_an_answer_closes_the_circuit(clock):
    opened = failing(3)
    clock.now += 31
    assert list(opened.open_routes()) == []
    assert [opened.check(A) is None for _ in range(3)] == [True, False, False]
    opened.record_success(A)
    assert opened.check(A) is None


def test_a_request_that_the_worker_keeps_back_after_the_pause_leaves_its_place_to_the_next(clock):
    opened = failing(3)
    succession = Succession(RoutingState(RetiredModels(known_models()), opened), [A.endpoint], A.model)
    clock.now += 31
    assert opened.check(A) is None

    over_budget = NoResponse(NoResponseReason.BUDGET_EXHAUSTED, "spent", sent=False, seconds=0)
    succession.note(A, over_budget, classify(over_budget))
    assert [opened.check(A) is None for _ in range(2)] == [True, False]


def test_a_failure_or_silence_after_the_pause_is_followed_by_another(clock):
    opened = failing(3)
    clock.now += 31
    opened.check(A)
    clock.now += 5
    opened.record_failure(A, BUSY)
    assert opened.check(A).wait == 30
    clock.now += 31
    assert [opened.check(A) is None for _ in range(2)] == [True, False]
    clock.now += 31
    assert opened.check(A) is None


def test_opening_and_closing_are_one_line_each(clock, caplog):
    caplog.set_level("INFO")
    opened = failing(7)
    opened.record_success(A)
    opened.record_success(A)
    assert caplog.messages == [
        "m at a is not asked for about 30 s, after 3 failures in a row: 503 over capacity",
        "m at a answers again",
    ]


def test_pauses_differ_so_that_replicas_do_not_come_back_together():
    waits = {failing(3).check(A).wait for _ in range(20)}
    assert len(waits) > 1
    assert all(23 < wait < 37 for wait in waits)


@pytest.mark.parametrize(
    ("refused", "several", "opens"), [(DENIED, True, True), (DENIED, False, False), (LIMITED, True, False)]
)
def test_a_key_that_is_refused_opens_the_circuit_at_once_where_there_is_another(refused, several, opens):
    experience = RoutingState(RetiredModels(known_models()))
    succession = Succession(experience, [A.endpoint, B.endpoint] if several else [A.endpoint], "m")
    succession.note(A, make_answer(), refused)
    assert (experience.circuit_breakers.check(A) is not None) is opens


def names(routes):
    return [route.endpoint.name for route in routes]


def test_the_fastest_is_asked_first_within_equal_priority(clock):
    known = LatencyTracker()
    first = route("c", priority=-1)
    for where, seconds in ((A, 3.0), (B, 1.0), (first, 9.0)):
        known.record(where, seconds)
    assert names(known.sort_by_latency([A, B, first])) == ["c", "b", "a"]


def test_the_average_moves_with_every_answer(clock):
    known = LatencyTracker()
    known.record(A, 1.0)
    known.record(B, 2.0)
    for _ in range(5):
        known.record(A, 5.0)
    assert names(known.sort_by_latency([A, B])) == ["b", "a"]


def test_what_was_not_measured_for_a_minute_is_tried_once(clock):
    known = LatencyTracker()
    known.record(A, 3.0)
    clock.now += 50
    known.record(B, 1.0)
    clock.now += 20
    assert [names(known.sort_by_latency([B, A]))[0] for _ in range(3)] == ["a", "b", "b"]


def test_a_route_that_was_never_measured_is_tried(clock):
    known = LatencyTracker()
    known.record(A, 0.1)
    assert names(known.sort_by_latency([A, B])) == ["b", "a"]
