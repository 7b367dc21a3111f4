"""The line of requests before the limits of one account and model: who came first goes first."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from worker.groq.buckets import Bucket, Dimension

LOOK_AGAIN = 1.0
"""Seconds after which whoever waits looks again: what was reserved and not needed may have come back."""

KEPT = 3 * LOOK_AGAIN
"""Seconds for which a place in line is kept for who does not look again: having died, or given up."""

Amounts = Mapping[Dimension, float]
Figures = Mapping[Dimension, int]
NOTHING: Amounts = {}


class Place(NamedTuple):
    """A place in line: since when (seconds of `time.monotonic`), and whose."""

    since: float
    who: str


class Told(NamedTuple):
    """What Groq says of one limit; what remains of it is not always said."""

    dimension: Dimension
    limit: int
    remaining: float | None = None


class View(NamedTuple):
    """What is seen of a line at the time `at`: its buckets, and what is asked for by those who wait."""

    at: float
    buckets: Mapping[Dimension, Bucket]
    waiting: Amounts

    def room(self, usual: Amounts, now: float) -> float:
        """How many requests of the usual size fit in now behind those that wait; endless where no limit is known."""
        waiting = self.waiting if now - self.at < KEPT else {}
        return min(
            (
                (bucket.limit - bucket.used_at(now) - waiting.get(dimension, 0)) // min(amount, bucket.limit)
                for dimension, bucket in self.buckets.items()
                if (amount := usual.get(dimension, 0))
            ),
            default=float("inf"),
        )


class Turn(NamedTuple):
    """What came of asking for a turn: what was counted, or the seconds to wait and what there is too little of."""

    view: View
    taken: Amounts = NOTHING
    wait: float = 0.0
    short_of: Dimension | None = None


class Lines(Protocol):
    """All lines, each by its name."""

    async def enter(self, name: str, place: Place, demand: Amounts, limits: Figures, *, stays: bool = True) -> Turn:
        """Count a demand if its turn has come, and otherwise keep its place if it `stays`.

        `limits`: where Groq has told none.
        """

    async def settle(self, name: str, change: Amounts, told: Iterable[Told]) -> View:
        """Count what was used beyond what was taken, or give it back where it is negative; learn what Groq told."""


@dataclass(slots=True)
class Line:
    """One line. All times are seconds of one clock."""

    buckets: dict[Dimension, Bucket] = field(default_factory=dict)
    waiting: dict[Place, tuple[Amounts, float]] = field(default_factory=dict)
    """What is asked for, and when it was last asked for."""

    def enter(self, place: Place, demand: Amounts, limits: Figures, now: float, *, stays: bool = True) -> Turn:
        """Let a demand in, or keep its place if it stays."""
        for dimension, limit in limits.items():
            self.buckets.setdefault(dimension, Bucket(limit, dimension.window, at=now))
        if self.waiting:
            self.waiting = {who: waits for who, waits in self.waiting.items() if now - waits[1] < KEPT}
        before = [amounts for other, (amounts, _) in self.waiting.items() if other < place]
        ahead = (
            {dimension: sum(amounts[dimension] for amounts in before) for dimension in self.buckets} if before else {}
        )
        waits = {
            dimension: bucket.wait(demand[dimension], now, ahead.get(dimension, 0.0))
            for dimension, bucket in self.buckets.items()
        }
        short_of = max(waits, key=waits.__getitem__, default=None)
        if short_of and (wait := waits[short_of]) > 0:
            if stays:
                self.waiting[place] = (demand, now)
            return Turn(self.view(now), wait=wait, short_of=short_of)
        self.waiting.pop(place, None)
        taken = {dimension: demand[dimension] for dimension in self.buckets}
        return Turn(self.settle(taken, (), now), taken)

    def settle(self, change: Amounts, told: Iterable[Told], now: float) -> View:
        """Correct the buckets."""
        for dimension, amount in change.items():
            if bucket := self.buckets.get(dimension):
                self.buckets[dimension] = bucket.use(amount, now)
        for dimension, limit, remaining in told:
            known = self.buckets.get(dimension) or Bucket(limit, dimension.window, at=now)
            self.buckets[dimension] = known.told(limit, remaining, now)
        return self.view(now)

    def view(self, now: float) -> View:
        """Return what is seen of it."""
        waiting: dict[Dimension, float] = dict.fromkeys(self.buckets, 0)
        for amounts, _ in self.waiting.values():
            for dimension in waiting:
                waiting[dimension] += amounts[dimension]
        return View(now, dict(self.buckets), waiting)


class LocalLines:
    """The lines of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: dict[str, Line] = {}

    async def enter(self, name: str, place: Place, demand: Amounts, limits: Figures, *, stays: bool = True) -> Turn:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        return self._line(name).enter(place, demand, limits, self._clock(), stays=stays)

    async def settle(self, name: str, change: Amounts, told: Iterable[Told]) -> View:
        """Correct what was counted, and learn what Groq told."""
        return self._line(name).settle(change, told, self._clock())

    def _line(self, name: str) -> Line:
        return self._lines.setdefault(name, Line())
