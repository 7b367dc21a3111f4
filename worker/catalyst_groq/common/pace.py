"""Calls at a bounded rate."""

import time
from collections.abc import Callable


class Pace:
    """Spreads calls evenly: at most `per_second` of them, and no burst after a pause."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._next = clock()

    def reserve(self) -> float:
        """Take the next place; return the seconds to wait for it."""
        now = self._clock()
        place = max(self._next, now)
        self._next = place + self._interval
        return place - now
