"""How many calls wait in the worker, and when the others come back."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.routing.waiting_places import MAX_RETURNS_PER_SECOND, WaitingPlaces

A, B = ("account", "a"), ("account", "b")


def fill(places, route_id):
    """Take places until there is no room; returns how many."""
    count = 0
    while places.has_room(route_id):
        places.take(route_id)
        count += 1
    return count


def test_route_leaves_as_many_places_as_it_takes():
    places = WaitingPlaces(50)
    assert fill(places, A) == 13
    assert fill(places, B) == 6
    places.release(A)
    assert places.has_room(B)


@given(st.lists(st.integers(0, 20), max_size=200), st.integers(1, 200))
def test_waiting_calls_never_hold_more_than_their_share(routes, capacity):
    places, waiting = WaitingPlaces(capacity), 0
    for number in routes:
        if places.has_room(("account", str(number))):
            places.take(("account", str(number)))
            waiting += 1
    assert waiting <= max(capacity / 2, 1)


def test_worker_with_one_place_may_wait():
    assert fill(WaitingPlaces(1), A) == 1


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("catalyst_groq.groq.routing.waiting_places.time.monotonic", lambda: 1000.0)


def test_calls_return_spread_over_time(clock):
    places = WaitingPlaces()
    waits = [places.return_time(A, 30.0) for _ in range(1000)]
    assert min(waits) == 30
    assert max(Counter(map(int, waits)).values()) <= MAX_RETURNS_PER_SECOND
    assert places.return_time(A, 900.0) == 900
    assert places.return_time(B, 30.0) == 30, "others are not concerned"
