"""The limits of each model: configured by the operator, of the operator's plan, or reported by a server."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import ModelCatalog, ModelLimits, Plan
from catalyst_groq.groq.rate_limits.bucket import GROQ_LIMIT_KINDS, LimitKind
from catalyst_groq.groq.rate_limits.other_servers import WindowEvidence
from catalyst_groq.groq.rate_limits.queue import Amounts, LimitFigures, LimitUpdate, QueueSnapshot

ANY_MODEL = "*"

LIMIT_TTL_SECONDS = 3600.0
"""A reported limit is trusted for this long; it may be raised meanwhile."""


class LastUse(NamedTuple):
    """The last known state of a model's queue, and the size of its last request."""

    snapshot: QueueSnapshot
    typical: Amounts


@dataclass(slots=True)
class LimitState:
    """The known limits of one model for one account."""

    queue_name: str
    initial: LimitFigures
    """What applies until Groq reports limits."""
    configured: LimitFigures
    """What the operator has configured. Reports do not change it."""
    context: int | None
    """Tokens of the model's context window."""
    last_use: LastUse | None = None
    """None before the first request."""
    limited_until: float = 0.0
    """Until when the last request to the model had to wait for a limit (`time.monotonic`)."""
    _reported: dict[LimitKind, tuple[int, float]] = field(default_factory=dict)
    _windows: WindowEvidence = field(default_factory=WindowEvidence)

    def confirmed_limits(self) -> LimitFigures:
        """Return the limits known for certain: configured by the operator or reported by Groq within LIMIT_TTL_SECONDS.

        Plan defaults are excluded, because the account may be on another plan.
        """
        now = time.monotonic()
        reported = {kind: limit for kind, (limit, at) in self._reported.items() if now - at < LIMIT_TTL_SECONDS}
        return {**reported, **self.configured}

    def update(self, updates: Iterable[LimitUpdate], age: float) -> Sequence[LimitUpdate]:
        """Remember what a server reports, and return it with the operator's limits in place of those reported.

        A limit with a reset is not certain. It gets the window that the reports show. `age`: seconds since the report.
        """
        return [self._update(update, age) for update in updates]

    def _update(self, update: LimitUpdate, age: float) -> LimitUpdate:
        if update.reset is not None:
            return update._replace(reset=max(update.reset - age, 0.0), window=self._windows.find_window(update))
        self._reported[update.kind] = update.limit, time.monotonic()
        limit = self.configured.get(update.kind)
        return update if limit is None else update._replace(limit=limit)


@dataclass(frozen=True, slots=True)
class LimitConfig:
    """The limits known before Groq reports any: the operator's always apply, a plan's until Groq reports others."""

    catalog: ModelCatalog
    """Its plans and context windows say nothing about other servers than Groq."""
    plan: Plan | None = None
    configured: Mapping[str, ModelLimits] = field(default_factory=dict)
    """By model; at every endpoint."""
    is_enforced: bool = True
    """Whether requests wait for limits. Without it the worker only pauses after a refusal."""

    def __bool__(self) -> bool:
        return bool(self.plan or self.configured)

    def state_for(self, account: Account, model_id: str) -> LimitState:
        """Return the initial state of a model's limits."""
        model = self.catalog.get(model_id) if account.server is ServerKind.GROQ else None
        planned = model.limits.get(self.plan) if model and self.plan else None
        configured = _to_figures(self.configured.get(model_id) or self.configured.get(ANY_MODEL))
        context = model.context_window if model else None
        initial = {**_to_figures(planned), **configured}
        return LimitState(f"{account.id} {model_id}", initial, configured, context)


def _to_figures(limits: ModelLimits | None) -> dict[LimitKind, int]:
    named = ((kind, getattr(limits, kind.name.lower())) for kind in GROQ_LIMIT_KINDS) if limits else ()
    return {kind: limit for kind, limit in named if limit is not None}
