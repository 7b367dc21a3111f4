"""Rate limits that all workers share, in Redis. While Redis is unavailable, each worker limits itself."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from importlib.resources import files
from math import inf
from typing import Any, TypeVar

from redis.exceptions import RedisError

from catalyst_groq.common.redis_client import connect, describe_error
from catalyst_groq.groq.rate_limits.bucket import (
    GROQ_LIMIT_KINDS,
    REQUEST_LATENCY_SECONDS,
    SAME_WINDOW_SECONDS,
    LeakyBucket,
    LimitKind,
)
from catalyst_groq.groq.rate_limits.queue import (
    PROBE_TIMEOUT_SECONDS,
    QUEUE_POLL_INTERVAL_SECONDS,
    TICKET_TTL_SECONDS,
    Admission,
    Amounts,
    InMemoryBackend,
    LimitFigures,
    LimitUpdate,
    PauseUpdate,
    QueueSnapshot,
    Ticket,
)
from catalyst_groq.groq.rate_limits.step_batches import Result, Step, StepBatches

log = logging.getLogger(__name__)
T = TypeVar("T")

KEY_PREFIX = "catalyst:limits:"
REDIS_TIMEOUT_SECONDS = 1.0
FALLBACK_SECONDS = 5.0
"""Pause after a Redis failure."""

PROBE_QUEUE = "probe"
"""The queue of the checks. Those of requests have a colon in their names."""

KEY_TTL_SECONDS = int(max(kind.window_seconds for kind in GROQ_LIMIT_KINDS))
"""Lifetime of a queue in Redis after its last use: all usage has drained by then."""

TICKET_KEY_SUFFIXES = ("since", "seen", "demand", "sums")
TICKET_KEYS_TTL_SECONDS = int(10 * TICKET_TTL_SECONDS)
"""Lifetime of the keys of the tickets after the last one was added or renewed: all of them have expired by then."""

EXACT_TICKETS = 50
"""So many tickets at the front of a queue are added up one by one, whatever the length of the queue."""

SCRIPT_CONSTANTS = json.dumps(
    {
        "windows": {kind.name: kind.window_seconds for kind in GROQ_LIMIT_KINDS},
        "same_window": SAME_WINDOW_SECONDS,
        "request_latency": REQUEST_LATENCY_SECONDS,
        "ticket_ttl": TICKET_TTL_SECONDS,
        "poll_interval": QUEUE_POLL_INTERVAL_SECONDS,
        "probe_timeout": PROBE_TIMEOUT_SECONDS,
        "key_ttl": KEY_TTL_SECONDS,
        "tickets_ttl": TICKET_KEYS_TTL_SECONDS,
        "exact_tickets": EXACT_TICKETS,
    }
)


class RedisBackend:
    """Queues in Redis. Steps run in a Lua script, so that workers never count at the same time."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url, REDIS_TIMEOUT_SECONDS)
        script = files("catalyst_groq.groq.rate_limits").joinpath("queue.lua").read_text("utf-8")
        self._script = self._redis.register_script(script)
        self._steps = StepBatches(self._run_script)

    async def acquire(
        self, name: str, ticket: Ticket, amounts: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Reserve amounts, or keep the ticket in the queue if `enqueue`."""
        step = {
            "holder": ticket.holder,
            "waited": time.monotonic() - ticket.since,
            "enqueue": enqueue,
            "amounts": _by_name(amounts),
            "limits": _by_name(limits),
        }
        result = await self._steps.run(name, step)
        snapshot = _parse_snapshot(result)
        if result["wait"]:
            exhausted = LimitKind[result["exhausted"]] if "exhausted" in result else None
            return Admission(snapshot, wait=result["wait"], exhausted=exhausted)
        reserved = {kind: amounts[kind] for kind in snapshot.buckets}
        return Admission(snapshot, reserved, refusals=result["refusals"])

    async def settle(
        self, name: str, change: Amounts, updates: Iterable[LimitUpdate], pause: PauseUpdate | None = None
    ) -> QueueSnapshot:
        """Correct what was reserved, and apply what Groq reports."""
        step: dict[str, Any] = {
            "change": _by_name(change),
            "updates": [_serialize_update(update) for update in updates],
        }
        if pause:
            step["pause"] = pause._asdict()
        return _parse_snapshot(await self._steps.run(name, step))

    async def check(self) -> None:
        """Run a step that changes nothing, with all commands of a step. Raises `RedisError`, `OSError`."""
        await self.settle(PROBE_QUEUE, {}, ())

    async def close_idle_connections(self) -> None:
        """Close the connections that are not in use: after an outage they may be dead."""
        with suppress(RedisError, OSError):
            await self._redis.connection_pool.disconnect(inuse_connections=False)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _run_script(self, name: str, steps: Sequence[Step]) -> Sequence[Result]:
        """Run steps of one queue. Each result has the state of the queue after all of them."""
        arguments = [SCRIPT_CONSTANTS, *map(json.dumps, steps)]
        result = json.loads(await self._script(keys=_keys(name), args=arguments))
        state = {"buckets": result["buckets"], "waiting": result["waiting"]}
        return [state | step for step in result["steps"]]


class FallbackBackend:
    """Shared queues, falling back to in-process queues while Redis is unavailable."""

    def __init__(self, shared: RedisBackend, own: InMemoryBackend) -> None:
        self._shared = shared
        self._own = own
        self._retry_shared_at: float | None = None

    @property
    def is_shared(self) -> bool:
        """Whether Redis was available at the last step."""
        return self._retry_shared_at is None

    async def acquire(
        self, name: str, ticket: Ticket, amounts: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Reserve amounts, or keep the ticket in the queue if `enqueue`."""
        admission = await self._try_shared(lambda: self._shared.acquire(name, ticket, amounts, limits, enqueue=enqueue))
        return admission or await self._own.acquire(name, ticket, amounts, limits, enqueue=enqueue)

    async def settle(
        self, name: str, change: Amounts, updates: Iterable[LimitUpdate], pause: PauseUpdate | None = None
    ) -> QueueSnapshot:
        """Correct what was reserved, and apply what Groq reports."""
        updates = tuple(updates)
        snapshot = await self._try_shared(lambda: self._shared.settle(name, change, updates, pause))
        own = await self._own.settle(name, {} if snapshot else change, updates, None if snapshot else pause)
        return snapshot or own

    async def check(self) -> None:
        """Find out whether Redis is available, so that an outage and its end are seen without a request."""
        await self._run_shared(self._shared.check)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shared.aclose()

    async def _try_shared(self, step: Callable[[], Awaitable[T]]) -> T | None:
        """Run a step in Redis; None when Redis is unavailable, and at once if it was a moment ago."""
        if self._retry_shared_at is not None and time.monotonic() < self._retry_shared_at:
            return None
        return await self._run_shared(step)

    async def _run_shared(self, step: Callable[[], Awaitable[T]]) -> T | None:
        """Run a step in Redis; None when Redis is unavailable. Logs each beginning and end of an outage once."""
        try:
            result = await step()
        except (RedisError, OSError) as error:
            if self._retry_shared_at is None:
                log.warning(
                    "Shared rate limits unavailable, this worker enforces the rate limits on its own: %s",
                    describe_error(error),
                )
            self._retry_shared_at = time.monotonic() + FALLBACK_SECONDS
            await self._shared.close_idle_connections()
            return None
        if self._retry_shared_at is not None:
            log.info("Rate limits are shared with the other workers again")
            self._retry_shared_at = None
        return result


def _keys(name: str) -> list[str]:
    """Return the keys of a queue and of its tickets. The braces make a cluster keep them together."""
    queue = KEY_PREFIX + name
    return [queue, *(f"{{{queue}}}:{suffix}" for suffix in TICKET_KEY_SUFFIXES)]


def _by_name(amounts: Amounts) -> dict[str, float]:
    return {kind.name: amount for kind, amount in amounts.items()}


def _serialize_update(update: LimitUpdate) -> dict[str, Any]:
    figures = {"limit": update.limit, "remaining": update.remaining, "reset": update.reset, "window": update.window}
    known = {name: figure for name, figure in figures.items() if figure is not None and figure != inf}
    return {"kind": update.kind.name, **known}


def _parse_snapshot(result: Result) -> QueueSnapshot:
    """Read the state of a queue. Redis has its own clock: usage is taken as of now."""
    now = time.monotonic()
    buckets = {LimitKind[name]: _parse_bucket(name, figures, now) for name, figures in result["buckets"].items()}
    return QueueSnapshot(now, buckets, {LimitKind[name]: amount for name, amount in result["waiting"].items()})


def _parse_bucket(name: str, figures: dict[str, float], now: float) -> LeakyBucket:
    window = figures.get("window", LimitKind[name].window_seconds)
    return LeakyBucket(int(figures["limit"]), window, figures["used"], now, now + figures.get("left", inf))
