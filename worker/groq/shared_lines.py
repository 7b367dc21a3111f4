"""Lines that all workers share, in Redis; while Redis is away, each worker keeps its own."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from worker.groq.buckets import UNDER_WAY, Bucket, Dimension
from worker.groq.lines import KEPT, Amounts, Figures, LocalLines, Place, Told, Turn, View

log = logging.getLogger(__name__)
T = TypeVar("T")

PREFIX = "catalyst:limits:"
TIMEOUT = 1.0
PAUSE = 5.0
"""Seconds for which a Redis that has failed is left alone."""

LIFETIME = int(max(dimension.window for dimension in Dimension))
"""Seconds after which nothing that was counted matters any more."""

ALWAYS = {
    "windows": {dimension.name: dimension.window for dimension in Dimension},
    "under_way": UNDER_WAY,
    "kept": KEPT,
    "lifetime": LIFETIME,
}


class RedisLines:
    """Lines in Redis. Each step is one script, so that no two workers count at once."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._script = self._redis.register_script(files("worker.groq").joinpath("lines.lua").read_text("utf-8"))

    async def enter(self, name: str, place: Place, demand: Amounts, limits: Figures, *, stays: bool = True) -> Turn:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        step = {"who": place.who, "waited": time.monotonic() - place.since, "stays": stays}
        turn = await self._take(name, step | {"demand": _named(demand), "limits": _named(limits)})
        view = _view(turn)
        if turn["wait"]:
            return Turn(view, wait=turn["wait"], short_of=Dimension[turn["short_of"]])
        return Turn(view, {dimension: demand[dimension] for dimension in view.buckets})

    async def settle(self, name: str, change: Amounts, told: Iterable[Told]) -> View:
        """Correct what was counted, and learn what Groq told."""
        return _view(await self._take(name, {"change": _named(change), "told": [_written(one) for one in told]}))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _take(self, name: str, step: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self._script(keys=[PREFIX + name], args=[json.dumps(step | ALWAYS)]))
        return answer


class Degrading:
    """Shared lines as long as they can be used, a worker's own ones otherwise: limits are no reason to stand still."""

    def __init__(self, shared: RedisLines, own: LocalLines) -> None:
        self._shared = shared
        self._own = own
        self._again_at: float | None = None

    async def enter(self, name: str, place: Place, demand: Amounts, limits: Figures, *, stays: bool = True) -> Turn:
        """Count a demand if its turn has come, and otherwise keep its place if it stays."""
        turn = await self._tried(lambda: self._shared.enter(name, place, demand, limits, stays=stays))
        return turn or await self._own.enter(name, place, demand, limits, stays=stays)

    async def settle(self, name: str, change: Amounts, told: Iterable[Told]) -> View:
        """Correct what was counted, and learn what Groq told."""
        told = tuple(told)
        view = await self._tried(lambda: self._shared.settle(name, change, told))
        own = await self._own.settle(name, {} if view else change, told)
        return view or own

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shared.aclose()

    async def _tried(self, step: Callable[[], Awaitable[T]]) -> T | None:
        """Take a step in Redis; nothing where that cannot be done. Each beginning and end of an outage is said once."""
        if self._again_at is not None and time.monotonic() < self._again_at:
            return None
        try:
            done = await step()
        except (RedisError, OSError) as error:
            if self._again_at is None:
                log.warning("Groq's limits are kept by each worker for itself, Redis cannot be used: %s", error)
            self._again_at = time.monotonic() + PAUSE
            return None
        if self._again_at is not None:
            log.info("Groq's limits are kept together with the other workers again")
            self._again_at = None
        return done


def _named(amounts: Amounts) -> dict[str, float]:
    return {dimension.name: amount for dimension, amount in amounts.items()}


def _written(told: Told) -> dict[str, Any]:
    remaining = {} if told.remaining is None else {"remaining": told.remaining}
    return {"dimension": told.dimension.name, "limit": told.limit, **remaining}


def _view(turn: dict[str, Any]) -> View:
    """Read what is seen of a line. Redis's clock is its own: what was used was so just now."""
    now = time.monotonic()
    buckets = {
        Dimension[name]: Bucket(bucket["limit"], Dimension[name].window, bucket["used"], now)
        for name, bucket in turn["buckets"].items()
    }
    return View(now, buckets, {Dimension[name]: amount for name, amount in turn["waiting"].items()})
