"""Bounds how many calls wait in the worker for rate limits, and when the others come back from the engine."""

import time
from collections import Counter

WAITING_SHARE = 0.5
"""Share of the worker's capacity that calls may hold while they wait for rate limits."""

MIN_RETURN_SECONDS = 5.0
"""A call that finds no waiting place is fetched again after this time at the earliest."""

MAX_RETURNS_PER_SECOND = 20
"""Calls of one route that come back from the engine in the same second: they do not all come at the end of a pause."""

MAX_TRACKED_SECONDS = 2000


class WaitingPlaces:
    """The places in which calls wait. `capacity`: how many calls the worker has at once.

    A throttled route gets at most as many places as it leaves to others, so that several share them.
    """

    def __init__(self, capacity: int = 50) -> None:
        self._free = max(int(capacity * WAITING_SHARE), 1)
        self._taken: Counter[tuple[str, str]] = Counter()
        self._returns: Counter[tuple[tuple[str, str], int]] = Counter()
        """Calls that come back, by route and second (`time.monotonic`)."""

    def has_room(self, route_id: tuple[str, str]) -> bool:
        """Whether another call of the route may wait here."""
        return self._taken[route_id] < self._free

    def take(self, route_id: tuple[str, str]) -> None:
        """Take a place."""
        self._taken[route_id] += 1
        self._free -= 1

    def release(self, route_id: tuple[str, str]) -> None:
        """Give a place back."""
        self._free += 1
        self._taken[route_id] -= 1
        if not self._taken[route_id]:
            del self._taken[route_id]

    def return_time(self, route_id: tuple[str, str], wait: float) -> float:
        """Return the seconds after which the engine offers a call again: `wait`, or a little more."""
        now = time.monotonic()
        second = int(now + wait)
        while self._returns[route_id, second] >= MAX_RETURNS_PER_SECOND:
            second += 1
        if len(self._returns) >= MAX_TRACKED_SECONDS:
            self._returns = Counter({key: count for key, count in self._returns.items() if key[1] > now})
        self._returns[route_id, second] += 1
        return max(wait, second - now)
