"""What is known of the limits of each model: an operator gives them, a plan has them, Groq tells them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from worker.groq.accounts import Account
from worker.groq.buckets import Dimension
from worker.groq.lines import Amounts, Figures, Told, View
from worker.groq.models import Limits, Model, Plan, known_models

EVERY_MODEL = "*"

BELIEVED = 3600.0
"""Seconds for which a limit that Groq has told keeps back what can never fit: it may have been raised since."""


class Use(NamedTuple):
    """What was last seen of one model's limits, and how much a request asks for."""

    view: View
    usual: Amounts


@dataclass(slots=True)
class ModelLimits:
    """What is known of the limits of one model for one account."""

    line: str
    """The name of its line."""
    first: Figures
    """What holds where Groq has told nothing yet."""
    given: Figures
    """What an operator has given: Groq's word does not change it."""
    context: int | None
    """The tokens that fit into the model's context."""
    use: Use | None = None
    """Nothing before it was first asked for."""
    _told: dict[Dimension, tuple[int, float]] = field(default_factory=dict)

    def certain(self) -> Figures:
        """Return the limits that no request needs to try out: told not long ago, or given. A plan may be another."""
        now = time.monotonic()
        told = {dimension: limit for dimension, (limit, at) in self._told.items() if now - at < BELIEVED}
        return {**told, **self.given}

    def learn(self, told: Sequence[Told]) -> Sequence[Told]:
        """Remember what Groq tells, and return it as far as an operator has not said otherwise."""
        now = time.monotonic()
        for one in told:
            self._told[one.dimension] = one.limit, now
        given = self.given
        return [one._replace(limit=given.get(one.dimension, one.limit)) for one in told] if given else told


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

    def of(self, account: Account, model: str) -> ModelLimits:
        """Return what is known of a model."""
        known = self._model(account, model)
        planned = known.limits.get(self.plan) if known and self.plan else None
        given = _figures(self.given.get(model) or self.given.get(EVERY_MODEL))
        context = known.context_window if known else None
        return ModelLimits(f"{account.id} {model}", {**_figures(planned), **given}, given, context)

    def _model(self, account: Account, model: str) -> Model | None:
        return known_models().get(model) if account.url == self.groq else None


def _figures(limits: Limits | None) -> dict[Dimension, int]:
    named = ((dimension, getattr(limits, dimension.name.lower())) for dimension in Dimension) if limits else ()
    return {dimension: limit for dimension, limit in named if limit is not None}
