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

from worker.groq.accounts import Account, Ask, Payload
from worker.groq.answers import Answer, Loss, NoAnswer
from worker.groq.buckets import Dimension
from worker.groq.demands import Demand, Demands, spent
from worker.groq.errors import Problem, refusal
from worker.groq.known import Known, ModelLimits, Use
from worker.groq.lines import Amounts, Lines, Place, Turn
from worker.groq.told import told_by

IN_USE = 60.0
"""Seconds for which a model counts as in use after it was asked for."""

MOST_MODELS = 1000
"""Of how many models, each for one account, it is remembered what is known: their names may come from processes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits: its place, the same in each line, and what it has asked for in which."""

    place: Place
    asked: dict[str, tuple[Payload, Demand]] = field(default_factory=dict)


class Limited:
    """An `Ask` that keeps the limits of each account and model.

    A request is counted at its most before it is sent, and at what it took afterwards. One whose turn has not come is
    no answer yet, to be waited for like Groq's own 429. Only who comes back stands in line, where it has been since it
    first came: whoever goes elsewhere instead is in nobody's way. Who that is, the asyncio task says. Whatever Groq
    tells of its limits corrects what is known.
    """

    def __init__(self, ask: Ask, lines: Lines, known: Known) -> None:
        self._ask = ask
        self._lines = lines
        self._known = known
        self._demands = Demands()
        self._models: dict[tuple[str, str], ModelLimits] = {}
        self._names = map(f"{uuid.uuid4().hex} {{}}".format, itertools.count())
        self._waiting: WeakKeyDictionary[asyncio.Task[Any], Waiting] = WeakKeyDictionary()
        self._asking = 0

    async def __call__(self, account: Account, payload: Payload, within: float) -> Answer | NoAnswer:
        """Ask if the turn has come."""
        model = self._limits(account, payload["model"])
        waiting = self._waiting.get(_asker()) if self._waiting else None
        demand = self._demand(waiting, model, payload)
        if never := demand.why_never(model.certain(), model.context):
            return NoAnswer(Loss.NEVER, never, sent=False, seconds=0)
        waiting = waiting or Waiting(Place(time.monotonic(), next(self._names)))
        stays, amounts = model.line in waiting.asked, demand.amounts
        waiting.asked[model.line] = payload, demand
        turn = await self._lines.enter(model.line, waiting.place, amounts, model.first, stays=stays)
        model.use = Use(turn.view, amounts)
        if turn.short_of:
            self._waiting[_asker()] = waiting
            return _not_yet(turn, turn.short_of)
        if self._waiting:
            self._waiting.pop(_asker(), None)
        answer = await self._under_way(account, payload, within)
        told = model.learn(list(told_by(answer))) if isinstance(answer, Answer) else ()
        view = await self._lines.settle(model.line, _change(answer, turn.taken), told)
        model.use = Use(view, amounts)
        if isinstance(answer, Answer):
            self._demands.learn(payload["model"], demand, answer)
        if _is_limited(answer):
            self._waiting[_asker()] = waiting
        return answer

    def room(self, free: int, in_hand: int) -> int:
        """Say how many tasks may be fetched into so many free places, with so many in hand.

        Which models they will ask is not known, so that the one with the most room decides: no throttled model stops
        the tasks of others. Where none has room, one task is fetched as long as nobody waits: it may be for yet another
        model.
        """
        now = time.monotonic()
        known = [model.use for model in self._models.values() if model.use]
        uses = [use for use in known if now - use.view.at < IN_USE] or known
        if not uses:
            return min(free, 1) if self._known else free
        not_asking = max(in_hand - len(self._waiting) - self._asking, 0)
        most = max(use.view.room(use.usual, now) for use in uses) - not_asking
        return int(min(free, max(most, 1 if in_hand <= self._asking else 0)))

    def remaining(self) -> Iterator[tuple[str, Dimension, int, float]]:
        """Yield by model and dimension the limit, and what remains of it now. Among accounts, the tightest counts."""
        now = time.monotonic()
        tightest: dict[tuple[str, Dimension], tuple[float, int]] = {}
        for (_, model), known in self._models.items():
            for dimension, bucket in known.use.view.buckets.items() if known.use else ():
                figures = (bucket.limit - bucket.used_at(now), bucket.limit)
                tightest[model, dimension] = min(figures, tightest.get((model, dimension), figures))
        for (model, dimension), (remaining, limit) in tightest.items():
            yield model, dimension, limit, remaining

    def _limits(self, account: Account, model: str) -> ModelLimits:
        """Return what is known of a model; the one that nobody has asked for the longest makes room for a new one."""
        key = account.id, model
        known = self._models.pop(key, None) or self._known.of(account, model)
        if len(self._models) == MOST_MODELS:
            del self._models[next(iter(self._models))]
        self._models[key] = known
        return known

    async def _under_way(self, account: Account, payload: Payload, within: float) -> Answer | NoAnswer:
        self._asking += 1
        try:
            return await self._ask(account, payload, within)
        finally:
            self._asking -= 1

    def _demand(self, waiting: Waiting | None, model: ModelLimits, payload: Payload) -> Demand:
        """Return what a request asks for; who comes back with the same one need not have it estimated again."""
        asked = waiting.asked.get(model.line) if waiting else None
        return asked[1] if asked and asked[0] is payload else self._demands.of(payload)


def _asker() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- whatever awaits runs in a task
    return task


def _change(answer: Answer | NoAnswer, taken: Amounts) -> Amounts:
    """Return what was used beyond what was taken."""
    used = spent(answer, taken)
    return {dimension: beyond for dimension, amount in taken.items() if (beyond := used[dimension] - amount)}


def _is_limited(answer: Answer | NoAnswer) -> bool:
    why_not = refusal(answer)
    return why_not is not None and why_not.problem is Problem.THROTTLED


def _not_yet(turn: Turn, dimension: Dimension) -> NoAnswer:
    bucket = turn.view.buckets[dimension]
    said = f"{dimension.words} ({dimension.name}): Limit {bucket.limit}, Used {ceil(bucket.used_at(turn.view.at))}"
    return NoAnswer(Loss.NOT_YET, f"{said}. Its turn comes in {turn.wait:.3g} s", sent=False, seconds=0, wait=turn.wait)
