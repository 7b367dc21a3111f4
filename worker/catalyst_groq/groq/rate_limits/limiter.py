"""Groq's limits kept by ourselves: a request is sent when its turn has come, so that Groq need not say no."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from weakref import WeakKeyDictionary

from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.requests import Account, Ask, Payload
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.headers import parse_limit_updates
from catalyst_groq.groq.rate_limits.limit_state import LastUse, LimitConfig, LimitState
from catalyst_groq.groq.rate_limits.queue import Admission, Amounts, LimiterBackend, Ticket
from catalyst_groq.groq.rate_limits.usage_estimate import UsageEstimate, UsageEstimator, actual_usage

ACTIVE_WINDOW_SECONDS = 60.0
"""Seconds for which a model counts as in use after it was asked for."""

MAX_TRACKED_MODELS = 1000
"""Of how many models, each for one account, it is remembered what is known: their names may come from processes."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """Who waits: its place, the same in each line, and what it has asked for in which."""

    ticket: Ticket
    estimates: dict[str, tuple[Payload, UsageEstimate]] = field(default_factory=dict)


class RateLimitedClient:
    """An `Ask` that keeps the limits of each account and model.

    A request is counted at its most before it is sent, and at what it took afterwards. One whose turn has not come is
    no answer yet, to be waited for like Groq's own 429. Only who comes back stands in line, where it has been since it
    first came: whoever goes elsewhere instead is in nobody's way. Who that is, the asyncio task says. Whatever Groq
    tells of its limits corrects what is known.
    """

    def __init__(self, ask: Ask, lines: LimiterBackend, known: LimitConfig) -> None:
        self._ask = ask
        self._lines = lines
        self._known = known
        self._demands = UsageEstimator()
        self._models: dict[tuple[str, str], LimitState] = {}
        self._names = map(f"{uuid.uuid4().hex} {{}}".format, itertools.count())
        self._waiting: WeakKeyDictionary[asyncio.Task[Any], Waiter] = WeakKeyDictionary()
        self._asking = 0

    async def __call__(self, account: Account, payload: Payload, within: float) -> Response | NoResponse:
        """Ask if the turn has come."""
        model = self._limits(account, payload["model"])
        waiting = self._waiting.get(_asker()) if self._waiting else None
        demand = self._demand(waiting, model, payload)
        if never := demand.check_fits(model.confirmed_limits(), model.context):
            return NoResponse(NoResponseReason.EXCEEDS_LIMIT, never, sent=False, seconds=0)
        waiting = waiting or Waiter(Ticket(time.monotonic(), next(self._names)))
        stays, amounts = model.queue_name in waiting.estimates, demand.amounts
        waiting.estimates[model.queue_name] = payload, demand
        turn = await self._lines.acquire(model.queue_name, waiting.ticket, amounts, model.initial, enqueue=stays)
        model.last_use = LastUse(turn.snapshot, amounts)
        if turn.exhausted:
            self._waiting[_asker()] = waiting
            return _rate_limited(turn, turn.exhausted)
        if self._waiting:
            self._waiting.pop(_asker(), None)
        answer = await self._under_way(account, payload, within)
        told = model.update(list(parse_limit_updates(answer))) if isinstance(answer, Response) else ()
        view = await self._lines.settle(model.queue_name, _usage_difference(answer, turn.reserved), told)
        model.last_use = LastUse(view, amounts)
        if isinstance(answer, Response):
            self._demands.update(payload["model"], demand, answer)
        if _is_limited(answer):
            self._waiting[_asker()] = waiting
        return answer

    def fetchable_tasks(self, free: int, active: int) -> int:
        """Say how many tasks may be fetched into so many free places, with so many in hand.

        Which models they will ask is not known, so that the one with the most room decides: no throttled model stops
        the tasks of others. Where none has room, one task is fetched as long as nobody waits: it may be for yet another
        model.
        """
        now = time.monotonic()
        known = [model.last_use for model in self._models.values() if model.last_use]
        uses = [use for use in known if now - use.snapshot.at < ACTIVE_WINDOW_SECONDS] or known
        if not uses:
            return min(free, 1) if self._known else free
        not_asking = max(active - len(self._waiting) - self._asking, 0)
        most = max(use.snapshot.requests_that_fit(use.typical, now) for use in uses) - not_asking
        return int(min(free, max(most, 1 if active <= self._asking else 0)))

    def remaining(self) -> Iterator[tuple[str, LimitKind, int, float]]:
        """Yield by model and dimension the limit, and what remains of it now. Among accounts, the tightest counts."""
        now = time.monotonic()
        tightest: dict[tuple[str, LimitKind], tuple[float, int]] = {}
        for (_, model), known in self._models.items():
            for dimension, bucket in known.last_use.snapshot.buckets.items() if known.last_use else ():
                figures = (bucket.limit - bucket.level(now), bucket.limit)
                tightest[model, dimension] = min(figures, tightest.get((model, dimension), figures))
        for (model, dimension), (remaining, limit) in tightest.items():
            yield model, dimension, limit, remaining

    def _limits(self, account: Account, model: str) -> LimitState:
        """Return what is known of a model; the one that nobody has asked for the longest makes room for a new one."""
        key = account.id, model
        known = self._models.pop(key, None) or self._known.state_for(account, model)
        if len(self._models) == MAX_TRACKED_MODELS:
            del self._models[next(iter(self._models))]
        self._models[key] = known
        return known

    async def _under_way(self, account: Account, payload: Payload, within: float) -> Response | NoResponse:
        self._asking += 1
        try:
            return await self._ask(account, payload, within)
        finally:
            self._asking -= 1

    def _demand(self, waiting: Waiter | None, model: LimitState, payload: Payload) -> UsageEstimate:
        """Return what a request asks for; who comes back with the same one need not have it estimated again."""
        asked = waiting.estimates.get(model.queue_name) if waiting else None
        return asked[1] if asked and asked[0] is payload else self._demands.estimate(payload)


def _asker() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- whatever awaits runs in a task
    return task


def _usage_difference(answer: Response | NoResponse, taken: Amounts) -> Amounts:
    """Return what was used beyond what was taken."""
    used = actual_usage(answer, taken)
    return {dimension: beyond for dimension, amount in taken.items() if (beyond := used[dimension] - amount)}


def _is_limited(answer: Response | NoResponse) -> bool:
    why_not = classify(answer)
    return why_not is not None and why_not.kind is ErrorKind.RATE_LIMITED


def _rate_limited(turn: Admission, dimension: LimitKind) -> NoResponse:
    bucket = turn.snapshot.buckets[dimension]
    said = f"{dimension.words} ({dimension.name}): Limit {bucket.limit}, Used {ceil(bucket.level(turn.snapshot.at))}"
    return NoResponse(
        NoResponseReason.RATE_LIMITED_LOCALLY,
        f"{said}. Its turn comes in {turn.wait:.3g} s",
        sent=False,
        seconds=0,
        wait=turn.wait,
    )
