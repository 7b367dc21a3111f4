"""Groq's limits kept by ourselves: a request is sent when its turn has come, so that Groq need not say no."""

import asyncio
import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from weakref import WeakKeyDictionary

from worker.groq.accounts import Account, Ask, Payload
from worker.groq.answers import Answer, Loss, NoAnswer
from worker.groq.buckets import Dimension
from worker.groq.demands import Demand, Demands, spent
from worker.groq.errors import Problem, refusal
from worker.groq.lines import Amounts, Figures, Lines, Place, Told, Turn, View
from worker.groq.models import Limits, Model, Plan, known_models
from worker.groq.told import told_by

EVERY_MODEL = "*"
IN_USE = 60.0
"""Seconds for which a model counts as in use after it was asked for."""

BELIEVED = 3600.0
"""Seconds for which a limit that Groq has told keeps back what can never fit: it may have been raised since."""


@dataclass(frozen=True, slots=True)
class Known:
    """The limits that are known before Groq has told any: an operator's are kept to, a plan's hold until Groq tells."""

    groq: str
    """Groq's base URL: what is known of its plans and models says nothing of other servers."""
    plan: Plan | None = None
    given: Mapping[str, Limits] = field(default_factory=dict)
    """By model; at every endpoint."""

    def __bool__(self) -> bool:
        return bool(self.plan or self.given)

    def of(self, account: Account, model: str) -> Figures:
        """Return the limits of a model."""
        known = self._model(account, model)
        planned = known.limits.get(self.plan) if known and self.plan else None
        return {**_figures(planned), **self.given_for(model)}

    def context(self, account: Account, model: str) -> int | None:
        """Return the tokens that fit into a model's context."""
        known = self._model(account, model)
        return known.context_window if known else None

    def given_for(self, model: str) -> Figures:
        """Return those that an operator has given."""
        return _figures(self.given.get(model) or self.given.get(EVERY_MODEL))

    def _model(self, account: Account, model: str) -> Model | None:
        return known_models().get(model) if account.url == self.groq else None


@dataclass(frozen=True, slots=True)
class Use:
    """What was last seen of one model's limits, and how much a request asks for."""

    view: View
    usual: Amounts


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
        self._uses: dict[tuple[str, str], Use] = {}
        self._news: defaultdict[tuple[str, str], dict[Dimension, tuple[int, float]]] = defaultdict(dict)
        self._names = (f"{uuid.uuid4().hex} {number}" for number in itertools.count())
        self._waiting: WeakKeyDictionary[asyncio.Task[Any], Waiting] = WeakKeyDictionary()
        self._asking = 0

    async def __call__(self, account: Account, payload: Payload, within: float) -> Answer | NoAnswer:
        """Ask if the turn has come."""
        model, line = payload["model"], _line(account, payload["model"])
        demand = self._demand(line, payload)
        if never := demand.why_never(self._certain(account, model), self._known.context(account, model)):
            return NoAnswer(Loss.NEVER, never, sent=False, seconds=0)
        turn = await self._enter(account, payload, demand)
        use = Use(turn.view, demand.amounts)
        self._uses[account.id, model] = use
        if turn.short_of:
            return _not_yet(turn, turn.short_of)
        answer = await self._under_way(account, payload, within)
        view = await self._lines.settle(line, _change(answer, turn.taken), self._told(account, model, answer))
        self._uses[account.id, model] = Use(view, use.usual)
        if isinstance(answer, Answer):
            self._demands.learn(model, demand, answer)
        if not _is_limited(answer):
            self._waiting.pop(_asker(), None)
        return answer

    def room(self, free: int, in_hand: int) -> int:
        """Say how many tasks may be fetched into so many free places, with so many in hand.

        Which models they will ask is not known, so that the one with the most room decides: no throttled model stops
        the tasks of others. Where none has room, one task is fetched as long as nobody waits: it may be for yet another
        model.
        """
        now = time.monotonic()
        uses = [use for use in self._uses.values() if now - use.view.at < IN_USE] or self._uses.values()
        if not uses:
            return min(free, 1) if self._known else free
        not_asking = max(in_hand - len(self._waiting), 0)
        most = max(use.view.room(use.usual, now) for use in uses) - not_asking
        return int(min(free, max(most, 1 if in_hand <= self._asking else 0)))

    def remaining(self) -> Iterator[tuple[str, Dimension, int, float]]:
        """Yield by model and dimension the limit, and what remains of it now. Among accounts, the tightest counts."""
        now = time.monotonic()
        tightest: dict[tuple[str, Dimension], tuple[float, int]] = {}
        for (_, model), use in self._uses.items():
            for dimension, bucket in use.view.buckets.items():
                figures = (bucket.limit - bucket.used_at(now), bucket.limit)
                tightest[model, dimension] = min(figures, tightest.get((model, dimension), figures))
        for (model, dimension), (remaining, limit) in tightest.items():
            yield model, dimension, limit, remaining

    async def _under_way(self, account: Account, payload: Payload, within: float) -> Answer | NoAnswer:
        self._asking += 1
        try:
            return await self._ask(account, payload, within)
        finally:
            self._asking -= 1

    def _certain(self, account: Account, model: str) -> Figures:
        """Return the limits that no request needs to try out: told not long ago, or given. A plan may be another."""
        now, news = time.monotonic(), self._news[account.id, model]
        told = {dimension: limit for dimension, (limit, at) in news.items() if now - at < BELIEVED}
        return {**told, **self._known.given_for(model)}

    def _demand(self, line: str, payload: Payload) -> Demand:
        """Return what a request asks for; who comes back with the same one need not have it estimated again."""
        waiting = self._waiting.get(_asker())
        asked = waiting.asked.get(line) if waiting else None
        return asked[1] if asked and asked[0] is payload else self._demands.of(payload)

    async def _enter(self, account: Account, payload: Payload, demand: Demand) -> Turn:
        """Ask for a turn; a place is only taken by who has been here before."""
        line = _line(account, payload["model"])
        waiting = self._waiting.setdefault(_asker(), Waiting(Place(time.monotonic(), next(self._names))))
        known, stays = self._known.of(account, payload["model"]), line in waiting.asked
        waiting.asked[line] = payload, demand
        return await self._lines.enter(line, waiting.place, demand.amounts, known, stays=stays)

    def _told(self, account: Account, model: str, answer: Answer | NoAnswer) -> list[Told]:
        """Learn what an answer tells, as far as an operator has not said otherwise."""
        given = self._known.given_for(model)
        told = list(told_by(answer)) if isinstance(answer, Answer) else []
        self._news[account.id, model] |= {one.dimension: (one.limit, time.monotonic()) for one in told}
        return [one._replace(limit=given.get(one.dimension, one.limit)) for one in told]


def _asker() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- whatever awaits runs in a task
    return task


def _line(account: Account, model: str) -> str:
    return f"{account.id} {model}"


def _change(answer: Answer | NoAnswer, taken: Amounts) -> Amounts:
    """Return what was used beyond what was taken."""
    used = spent(answer, taken)
    return {dimension: used[dimension] - amount for dimension, amount in taken.items()}


def _is_limited(answer: Answer | NoAnswer) -> bool:
    why_not = refusal(answer)
    return why_not is not None and why_not.problem is Problem.THROTTLED


def _not_yet(turn: Turn, dimension: Dimension) -> NoAnswer:
    bucket = turn.view.buckets[dimension]
    said = f"{dimension.words} ({dimension.name}): Limit {bucket.limit}, Used {ceil(bucket.used_at(turn.view.at))}"
    return NoAnswer(Loss.NOT_YET, f"{said}. Its turn comes in {turn.wait:.3g} s", sent=False, seconds=0, wait=turn.wait)


def _figures(limits: Limits | None) -> Figures:
    named = ((dimension, getattr(limits, dimension.name.lower())) for dimension in Dimension) if limits else ()
    return {dimension: limit for dimension, limit in named if limit is not None}
