"""Latency routing: the fastest route first, and what is measured again."""

from catalyst_groq.groq.routing.latency import MAX_ROUTES, LatencyTracker
from support.factories import make_route

A, B = make_route("a"), make_route("b")


def names(routes):
    return [route.endpoint.name for route in routes]


def test_latency_sorts_within_equal_priority(clock):
    tracker, preferred = LatencyTracker(), make_route("c", priority=-1)
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


def test_latencies_are_bounded(clock):
    tracker = LatencyTracker()
    for number in range(MAX_ROUTES + 9):
        tracker.record(A, 1.0)
        tracker.record(make_route("b", f"model-{number}"), 1.0)
    assert len(tracker._averages._entries) == MAX_ROUTES
    assert A.id in tracker._averages
