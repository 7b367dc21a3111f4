"""What is known of the limits of each model: an operator gives them, a plan has them, Groq tells them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import Model, ModelLimits, Plan, known_models
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.queue import Amounts, LimitFigures, LimitUpdate, QueueSnapshot

ANY_MODEL = "*"

LIMIT_TTL_SECONDS = 3600.0
"""Seconds for which a limit that Groq has told keeps back what can never fit: it may have been raised since."""


class LastUse(NamedTuple):
    """What was last seen of one model's limits, and how much a request asks for."""

    snapshot: QueueSnapshot
    typical: Amounts


@dataclass(slots=True)
class LimitState:
    """What is known of the limits of one model for one account."""

    queue_name: str
    """The name of its line."""
    initial: LimitFigures
    """What holds where Groq has told nothing yet."""
    configured: LimitFigures
    """What an operator has given: Groq's word does not change it."""
    context: int | None
    """The tokens that fit into the model's context."""
    last_use: LastUse | None = None
    """Nothing before it was first asked for."""
    _reported: dict[LimitKind, tuple[int, float]] = field(default_factory=dict)

    def confirmed_limits(self) -> LimitFigures:
        """Return the limits that no request needs to try out: told not long ago, or given. A plan may be another."""
        now = time.monotonic()
        told = {dimension: limit for dimension, (limit, at) in self._reported.items() if now - at < LIMIT_TTL_SECONDS}
        return {**told, **self.configured}

    def update(self, told: Sequence[LimitUpdate]) -> Sequence[LimitUpdate]:
        """Remember what Groq tells, and return it as far as an operator has not said otherwise."""
        now = time.monotonic()
        for one in told:
            self._reported[one.kind] = one.limit, now
        given = self.configured
        return [one._replace(limit=given.get(one.kind, one.limit)) for one in told] if given else told


@dataclass(frozen=True, slots=True)
class LimitConfig:
    """The limits that are known before Groq has told any: an operator's are kept to, a plan's hold until Groq tells."""

    groq_url: str
    """Groq's base URL: what is known of its plans and models says nothing of other servers."""
    plan: Plan | None = None
    configured: Mapping[str, ModelLimits] = field(default_factory=dict)
    """By model; at every endpoint."""

    def __bool__(self) -> bool:
        return bool(self.plan or self.configured)

    def state_for(self, account: Account, model: str) -> LimitState:
        """Return what is known of a model."""
        known = self._model(account, model)
        planned = known.limits.get(self.plan) if known and self.plan else None
        given = _figures(self.configured.get(model) or self.configured.get(ANY_MODEL))
        context = known.context_window if known else None
        return LimitState(f"{account.id} {model}", {**_figures(planned), **given}, given, context)

    def _model(self, account: Account, model: str) -> Model | None:
        return known_models().get(model) if account.url == self.groq_url else None


def _figures(limits: ModelLimits | None) -> dict[LimitKind, int]:
    named = ((dimension, getattr(limits, dimension.name.lower())) for dimension in LimitKind) if limits else ()
    return {dimension: limit for dimension, limit in named if limit is not None}
