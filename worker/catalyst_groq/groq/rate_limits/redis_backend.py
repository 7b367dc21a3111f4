"""Lines that all workers share, in Redis; while Redis is away, each worker keeps its own."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from catalyst_groq.groq.rate_limits.bucket import REQUEST_LATENCY_SECONDS, LeakyBucket, LimitKind
from catalyst_groq.groq.rate_limits.queue import (
    TICKET_TTL_SECONDS,
    Admission,
    Amounts,
    InMemoryBackend,
    LimitFigures,
    LimitUpdate,
    QueueSnapshot,
    Ticket,
)

log = logging.getLogger(__name__)
T = TypeVar("T")

KEY_PREFIX = "catalyst:limits:"
REDIS_TIMEOUT_SECONDS = 1.0
FALLBACK_SECONDS = 5.0
"""Seconds for which a Redis that has failed is left alone."""

KEY_TTL_SECONDS = int(max(dimension.window_seconds for dimension in LimitKind))
"""Seconds after which nothing that was counted matters any more."""

SCRIPT_CONSTANTS = {
    "windows": {dimension.name: dimension.window_seconds for dimension in LimitKind},
    "under_way": REQUEST_LATENCY_SECONDS,
    "kept": TICKET_TTL_SECONDS,
    "lifetime": KEY_TTL_SECONDS,
}


class RedisBackend:
    """Lines in Redis. Each step is one script, so that no two workers count at once."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
        )
        self._script = self._redis.register_script(
            files("catalyst_groq.groq.rate_limits").joinpath("queue.lua").read_text("utf-8")
        )

    async def acquire(
        self, name: str, ticket: Ticket, demand: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        step = {"who": ticket.holder, "waited": time.monotonic() - ticket.since, "stays": enqueue}
        turn = await self._run_script(name, step | {"demand": _by_name(demand), "limits": _by_name(limits)})
        view = _parse_snapshot(turn)
        if turn["wait"]:
            return Admission(view, wait=turn["wait"], exhausted=LimitKind[turn["short_of"]])
        return Admission(view, {dimension: demand[dimension] for dimension in view.buckets})

    async def settle(self, name: str, change: Amounts, updates: Iterable[LimitUpdate]) -> QueueSnapshot:
        """Correct what was counted, and learn what Groq told."""
        return _parse_snapshot(
            await self._run_script(
                name, {"change": _by_name(change), "told": [_serialize_updates(one) for one in updates]}
            )
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _run_script(self, name: str, step: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            await self._script(keys=[KEY_PREFIX + name], args=[json.dumps(step | SCRIPT_CONSTANTS)])
        )
        return answer


class FallbackBackend:
    """Shared lines as long as they can be used, a worker's own ones otherwise: limits are no reason to stand still."""

    def __init__(self, shared: RedisBackend, own: InMemoryBackend) -> None:
        self._shared = shared
        self._own = own
        self._retry_shared_at: float | None = None

    async def acquire(
        self, name: str, ticket: Ticket, demand: Amounts, limits: LimitFigures, *, enqueue: bool = True
    ) -> Admission:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        turn = await self._try_shared(lambda: self._shared.acquire(name, ticket, demand, limits, enqueue=enqueue))
        return turn or await self._own.acquire(name, ticket, demand, limits, enqueue=enqueue)

    async def settle(self, name: str, change: Amounts, updates: Iterable[LimitUpdate]) -> QueueSnapshot:
        """Correct what was counted, and learn what Groq told."""
        updates = tuple(updates)
        view = await self._try_shared(lambda: self._shared.settle(name, change, updates))
        own = await self._own.settle(name, {} if view else change, updates)
        return view or own

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shared.aclose()

    async def _try_shared(self, step: Callable[[], Awaitable[T]]) -> T | None:
        """Take a step in Redis; nothing where that cannot be done. Each beginning and end of an outage is said once."""
        if self._retry_shared_at is not None and time.monotonic() < self._retry_shared_at:
            return None
        try:
            done = await step()
        except (RedisError, OSError) as error:
            if self._retry_shared_at is None:
                log.warning("Groq's limits are kept by each worker for itself, Redis cannot be used: %s", error)
            self._retry_shared_at = time.monotonic() + FALLBACK_SECONDS
            return None
        if self._retry_shared_at is not None:
            log.info("Groq's limits are kept together with the other workers again")
            self._retry_shared_at = None
        return done


def _by_name(amounts: Amounts) -> dict[str, float]:
    return {dimension.name: amount for dimension, amount in amounts.items()}


def _serialize_updates(told: LimitUpdate) -> dict[str, Any]:
    remaining = {} if told.remaining is None else {"remaining": told.remaining}
    return {"dimension": told.kind.name, "limit": told.limit, **remaining}


def _parse_snapshot(turn: dict[str, Any]) -> QueueSnapshot:
    """Read what is seen of a line. Redis's clock is its own: what was used was so just now."""
    now = time.monotonic()
    buckets = {
        LimitKind[name]: LeakyBucket(bucket["limit"], LimitKind[name].window_seconds, bucket["used"], now)
        for name, bucket in turn["buckets"].items()
    }
    return QueueSnapshot(now, buckets, {LimitKind[name]: amount for name, amount in turn["waiting"].items()})
