"""The line of requests before the limits of one account and model: who came first goes first."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from catalyst_groq.groq.rate_limits.bucket import LeakyBucket, LimitKind

QUEUE_POLL_INTERVAL_SECONDS = 1.0
"""Seconds after which whoever waits looks again: what was reserved and not needed may have come back."""

TICKET_TTL_SECONDS = 3 * QUEUE_POLL_INTERVAL_SECONDS
"""Seconds for which a place in line is kept for who does not look again: having died, or given up."""

Amounts = Mapping[LimitKind, float]
LimitFigures = Mapping[LimitKind, int]
NO_AMOUNTS: Amounts = {}


class Ticket(NamedTuple):
    """A place in line: since when (seconds of `time.monotonic`), and whose."""

    since: float
    holder: str


class LimitUpdate(NamedTuple):
    """What Groq says of one limit; what remains of it is not always said."""

    kind: LimitKind
    limit: int
    remaining: float | None = None


class QueueSnapshot(NamedTuple):
    """What is seen of a line at the time `at`: its buckets, and what is asked for by those who wait."""

    at: float
    buckets: Mapping[LimitKind, LeakyBucket]
    waiting: Amounts

    def requests_that_fit(self, typical: Amounts, now: float) -> float:
        """How many requests of the usual size fit in now behind those that wait; endless where no limit is known."""
        waiting = self.waiting if now - self.at < TICKET_TTL_SECONDS else {}
        return min(
            (
                (bucket.limit - bucket.level(now) - waiting.get(dimension, 0)) // min(amount, bucket.limit)
                for dimension, bucket in self.buckets.items()
                if (amount := typical.get(dimension, 0))
            ),
            default=float("inf"),
        )


class Admission(NamedTuple):
    """What came of asking for a turn: what was counted, or the seconds to wait and what there is too little of."""

    snapshot: QueueSnapshot
    reserved: Amounts = NO_AMOUNTS
    wait: float = 0.0
    exhausted: LimitKind | None = None


class LimiterBackend(Protocol):
    """All lines, each by its name."""

    async def acquire(
        self, name: str, ticket: Ticket, demand: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Count a demand if its turn has come, and otherwise keep its place if it `stays`.

        `limits`: where Groq has told none.
        """

    async def settle(self, name: str, change: Amounts, updates: Iterable[LimitUpdate]) -> QueueSnapshot:
        """Count what was used beyond what was taken, or give it back where it is negative; learn what Groq told."""


@dataclass(slots=True)
class LimitQueue:
    """One line. All times are seconds of one clock."""

    buckets: dict[LimitKind, LeakyBucket] = field(default_factory=dict)
    waiting: dict[Ticket, tuple[Amounts, float]] = field(default_factory=dict)
    """What is asked for, and when it was last asked for."""

    def acquire(
        self, ticket: Ticket, demand: Amounts, limits: LimitFigures, now: float, *, enqueue: bool = True
    ) -> Admission:
        """Let a demand in, or keep its place if it stays."""
        for dimension, limit in limits.items():
            self.buckets.setdefault(dimension, LeakyBucket(limit, dimension.window_seconds, at=now))
        if self.waiting:
            self.waiting = {who: waits for who, waits in self.waiting.items() if now - waits[1] < TICKET_TTL_SECONDS}
        before = [amounts for other, (amounts, _) in self.waiting.items() if other < ticket]
        ahead = (
            {dimension: sum(amounts[dimension] for amounts in before) for dimension in self.buckets} if before else {}
        )
        waits = {
            dimension: bucket.time_until_capacity(demand[dimension], now, ahead.get(dimension, 0.0))
            for dimension, bucket in self.buckets.items()
        }
        short_of = max(waits, key=waits.__getitem__, default=None)
        if short_of and (wait := waits[short_of]) > 0:
            if enqueue:
                self.waiting[ticket] = (demand, now)
            return Admission(self.snapshot(now), wait=wait, exhausted=short_of)
        self.waiting.pop(ticket, None)
        taken = {dimension: demand[dimension] for dimension in self.buckets}
        return Admission(self.settle(taken, (), now), taken)

    def settle(self, change: Amounts, updates: Iterable[LimitUpdate], now: float) -> QueueSnapshot:
        """Correct the buckets."""
        for dimension, amount in change.items():
            if bucket := self.buckets.get(dimension):
                self.buckets[dimension] = bucket.add(amount, now)
        for dimension, limit, remaining in updates:
            known = self.buckets.get(dimension) or LeakyBucket(limit, dimension.window_seconds, at=now)
            self.buckets[dimension] = known.reconcile(limit, remaining, now)
        return self.snapshot(now)

    def snapshot(self, now: float) -> QueueSnapshot:
        """Return what is seen of it."""
        waiting: dict[LimitKind, float] = dict.fromkeys(self.buckets, 0)
        for amounts, _ in self.waiting.values():
            for dimension in waiting:
                waiting[dimension] += amounts[dimension]
        return QueueSnapshot(now, dict(self.buckets), waiting)


class InMemoryBackend:
    """The lines of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queues: dict[str, LimitQueue] = {}

    async def acquire(
        self, name: str, ticket: Ticket, demand: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        return self._queue(name).acquire(ticket, demand, limits, self._clock(), enqueue=enqueue)

    async def settle(self, name: str, change: Amounts, updates: Iterable[LimitUpdate]) -> QueueSnapshot:
        """Correct what was counted, and learn what Groq told."""
        return self._queue(name).settle(change, updates, self._clock())

    def _queue(self, name: str) -> LimitQueue:
        return self._queues.setdefault(name, LimitQueue())
