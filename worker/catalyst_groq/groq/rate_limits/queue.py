"""The FIFO queue of requests before the rate limits of one account and model, and its in-memory backend."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Protocol

from catalyst_groq.groq.rate_limits.bucket import REPORTED_LIMIT_KINDS, LeakyBucket, LimitKind

QUEUE_POLL_INTERVAL_SECONDS = 1.0
"""Interval at which a waiting caller retries: a reservation may have been refunded."""

TICKET_TTL_SECONDS = 3 * QUEUE_POLL_INTERVAL_SECONDS
"""A ticket expires when its caller has not retried for this long: it has died or given up."""

PROBE_TIMEOUT_SECONDS = 30.0
"""The request that tries out the end of a pause makes way for another one when it has no result after this time."""

MAX_QUEUES = 1000
"""Queues of one process that are kept, beside those with waiting callers: tasks choose the names of models."""

Amounts = Mapping[LimitKind, float]
LimitFigures = Mapping[LimitKind, int]
NO_AMOUNTS: Amounts = {}


class Ticket(NamedTuple):
    """A queue position: its creation time (`time.monotonic`) and its holder."""

    since: float
    holder: str


class LimitUpdate(NamedTuple):
    """What a server reports about one limit; `remaining` is not always reported."""

    kind: LimitKind
    limit: int
    remaining: float | None = None
    reset: float | None = None
    """Seconds after which the limit says nothing any more; None for Groq's limits, which stay."""
    window: float = inf
    """Of a limit with a reset: the seconds in which its usage drains; infinite when it ends all at once."""


class PauseUpdate(NamedTuple):
    """What the result of a request says about a pause of its queue.

    It applies only if the refusals in a row are still as many as when the request was admitted (`seen`): of many
    requests that are refused at once, the first one alone begins the pause.
    """

    seen: int
    refusals: int
    """Refusals in a row from now on; 0 ends the pause."""
    seconds: float
    """Until the next request may be sent."""


class QueueSnapshot(NamedTuple):
    """The state of a queue at the time `at`: its buckets, and the sum of the amounts that wait."""

    at: float
    buckets: Mapping[LimitKind, LeakyBucket]
    waiting: Amounts

    def requests_that_fit(self, typical: Amounts, now: float) -> float:
        """Return how many requests of typical size fit now behind those that wait; infinite without known limits."""
        waiting = self.waiting if now - self.at < TICKET_TTL_SECONDS else {}
        return min(
            (
                (bucket.limit - bucket.level(now) - waiting.get(kind, 0)) // min(amount, bucket.limit)
                for kind, bucket in self.buckets.items()
                if now < bucket.expires and (amount := typical.get(kind, 0))
            ),
            default=float("inf"),
        )


class Admission(NamedTuple):
    """The result of `acquire`: the amounts reserved, or the seconds to wait and the limit that is exhausted."""

    snapshot: QueueSnapshot
    reserved: Amounts = NO_AMOUNTS
    wait: float = 0.0
    exhausted: LimitKind | None = None
    """None while the queue is paused: Groq did not say which limit it is."""
    refusals: int = 0
    """Refusals in a row without figures, before this admission."""


class LimiterBackend(Protocol):
    """Where the queues live, each under its name."""

    async def acquire(
        self, name: str, ticket: Ticket, amounts: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Reserve amounts if they fit behind earlier tickets; otherwise keep the ticket in the queue if `enqueue`.

        `limits`: the limits of a queue for which Groq has reported none yet.
        """

    async def settle(
        self, name: str, change: Amounts, updates: Iterable[LimitUpdate], pause: PauseUpdate | None = None
    ) -> QueueSnapshot:
        """Add what was used beyond the reservation (refund it when negative), and apply what Groq reports."""


@dataclass(slots=True)
class LimitQueue:
    """One queue. All times are seconds of one clock."""

    buckets: dict[LimitKind, LeakyBucket] = field(default_factory=dict)
    waiting: dict[Ticket, tuple[Amounts, float]] = field(default_factory=dict)
    """By ticket the amounts, and when its holder last asked."""
    refusals: int = 0
    """429 responses in a row that did not say which limit is exhausted; the queue is paused while there are any."""
    paused_until: float = 0.0
    is_probing: bool = False
    """Whether a request is under way that tries out whether the pause may end."""

    def acquire(
        self, ticket: Ticket, amounts: Amounts, limits: LimitFigures, now: float, *, enqueue: bool = True
    ) -> Admission:
        """Reserve amounts, or keep the ticket in the queue if `enqueue`."""
        self._renew_expired(now)
        for kind, limit in limits.items():
            self.buckets.setdefault(kind, LeakyBucket(limit, kind.window_seconds, at=now))
        if self.waiting:
            self.waiting = {
                other: entry for other, entry in self.waiting.items() if now - entry[1] < TICKET_TTL_SECONDS
            }
        earlier = [demand for other, (demand, _) in self.waiting.items() if other < ticket]
        ahead = {kind: sum(demand[kind] for demand in earlier) for kind in self.buckets} if earlier else {}
        waits = {
            kind: bucket.time_until_capacity(amounts[kind], now, ahead.get(kind, 0.0))
            for kind, bucket in self.buckets.items()
        }
        exhausted = max(waits, key=waits.__getitem__, default=None)
        wait = waits[exhausted] if exhausted else 0.0
        if self.refusals and (pause := self._pause_left(now)) > wait:
            wait, exhausted = pause, None
        if wait > 0:
            if enqueue:
                self.waiting[ticket] = (amounts, now)
            return Admission(self.snapshot(now), wait=wait, exhausted=exhausted)
        self.waiting.pop(ticket, None)
        if self.refusals:
            self.is_probing, self.paused_until = True, now + PROBE_TIMEOUT_SECONDS
        reserved = {kind: amounts[kind] for kind in self.buckets}
        return Admission(self.settle(reserved, (), now), reserved, refusals=self.refusals)

    def has_waiters(self, now: float) -> bool:
        """Whether a ticket in the queue has not expired."""
        return any(now - asked < TICKET_TTL_SECONDS for _, asked in self.waiting.values())

    def _pause_left(self, now: float) -> float:
        left = self.paused_until - now
        return min(left, QUEUE_POLL_INTERVAL_SECONDS) if self.is_probing else left

    def settle(
        self, change: Amounts, updates: Iterable[LimitUpdate], now: float, pause: PauseUpdate | None = None
    ) -> QueueSnapshot:
        """Correct the buckets, and begin, prolong or end a pause."""
        if pause and pause.seen == self.refusals:
            self.refusals, self.paused_until, self.is_probing = pause.refusals, now + pause.seconds, False
        self._renew_expired(now)
        for kind, amount in change.items():
            if bucket := self.buckets.get(kind):
                self.buckets[kind] = bucket.add(amount, now)
        for update in updates:
            self._apply(update, now)
        return self.snapshot(now)

    def _apply(self, update: LimitUpdate, now: float) -> None:
        kind, limit, remaining, reset, window = update
        bucket = self.buckets.get(kind)
        if reset is None:
            bucket = bucket or LeakyBucket(limit, kind.window_seconds, at=now)
            self.buckets[kind] = bucket.reconcile(limit, remaining, now)
        elif remaining is not None:
            bucket = bucket or LeakyBucket(limit, window, at=now, expires=now)
            self.buckets[kind] = bucket.replace(limit, window, remaining, reset, now)

    def _renew_expired(self, now: float) -> None:
        for kind in REPORTED_LIMIT_KINDS:
            bucket = self.buckets.get(kind)
            if bucket and bucket.expires <= now:
                del self.buckets[kind]
                if renewed := bucket.renew(now):
                    self.buckets[kind] = renewed

    def snapshot(self, now: float) -> QueueSnapshot:
        """Return the state."""
        waiting: dict[LimitKind, float] = dict.fromkeys(self.buckets, 0)
        for amounts, _ in self.waiting.values():
            for kind in waiting:
                waiting[kind] += amounts[kind]
        return QueueSnapshot(now, dict(self.buckets), waiting)


class InMemoryBackend:
    """The queues of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queues: dict[str, LimitQueue] = {}
        """In the order in which they were last used."""

    async def acquire(
        self, name: str, ticket: Ticket, amounts: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Reserve amounts, or keep the ticket in the queue if `enqueue`."""
        return self._queue(name).acquire(ticket, amounts, limits, self._clock(), enqueue=enqueue)

    async def settle(
        self, name: str, change: Amounts, updates: Iterable[LimitUpdate], pause: PauseUpdate | None = None
    ) -> QueueSnapshot:
        """Correct what was reserved, and apply what Groq reports."""
        return self._queue(name).settle(change, updates, self._clock(), pause)

    def _queue(self, name: str) -> LimitQueue:
        queue = self._queues.pop(name, None) or LimitQueue()
        if len(self._queues) >= MAX_QUEUES:
            now = self._clock()
            unused = next((other for other, kept in self._queues.items() if not kept.has_waiters(now)), None)
            if unused is not None:
                del self._queues[unused]
        self._queues[name] = queue
        return queue
