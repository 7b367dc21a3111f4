"""Latency routing: the fastest route first, and what is measured again."""

from types import SimpleNamespace

import pytest

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.routing import latency
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.latency import LatencyTracker


def route(name, priority=0):
    return Route(Endpoint(name, Account(f"http://{name}", "key"), priority=priority), "m")


A, B = route("a"), route("b")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    moved = SimpleNamespace(now=1000.0)
    moved.monotonic = lambda: moved.now
    monkeypatch.setattr(latency, "time", moved)
    return moved


def names(routes):
    return [route.endpoint.name for route in routes]


def test_latency_sorts_within_equal_priority(clock):
    tracker, preferred = LatencyTracker(), route("c", priority=-1)
    for measured, seconds in ((A, 3.0), (B, 1.0), (preferred, 9.0)):
        tracker.record(measured, seconds)
    assert names(tracker.sort_by_latency([A, B, preferred])) == ["c", "b", "a"]


def test_latency_average_follows_new_responses(clock):
    tracker = LatencyTracker()
    tracker.record(A, 1.0)
    tracker.record(B, 2.0)
    for _ in range(5):
        tracker.record(A, 5.0)
    assert names(tracker.sort_by_latency([A, B])) == ["b", "a"]


def test_latency_that_is_old_is_measured_once_more(clock):
    tracker = LatencyTracker()
    tracker.record(A, 3.0)
    clock.now += 50
    tracker.record(B, 1.0)
    clock.now += 20
    assert [names(tracker.sort_by_latency([B, A]))[0] for _ in range(3)] == ["a", "b", "b"]


def test_latency_that_is_unknown_is_measured(clock):
    tracker = LatencyTracker()
    tracker.record(A, 0.1)
    assert names(tracker.sort_by_latency([A, B])) == ["b", "a"]
