"""Which model is asked when one is gone or does not answer."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.groq.errors import Problem, Refusal
from worker.groq.models import ModelTable

log = logging.getLogger(__name__)

REMEMBERED = 3600.0
"""Seconds until a model that is gone is asked for again: an organization may be given it back."""

HELPED_BY_ANOTHER = {Problem.MODEL_GONE, Problem.TRANSIENT, Problem.THROTTLED}


class Replacements:
    """The models that are gone, each for one account, and what takes their place."""

    def __init__(self, table: ModelTable) -> None:
        self._table = table
        self._gone_until: dict[tuple[str, str], float] = {}

    def of(self, model: str) -> str | None:
        """Name the model that takes the place of one that is gone."""
        known = self._table.get(model)
        return known.replacement if known else None

    def is_gone(self, account: str, model: str) -> bool:
        """Whether a model was gone within the last hour."""
        return self._gone_until.get((account, model), 0) > time.monotonic()

    def remember(self, account: str, model: str) -> None:
        """Remember that a model is gone."""
        self._gone_until[account, model] = time.monotonic() + REMEMBERED


@dataclass(frozen=True, slots=True)
class Succession:
    """The models to ask in order: the wanted one, its replacement if it is gone, then the fallbacks.

    Each is looked at when its turn comes: what happened to the one before decides.
    """

    replacements: Replacements
    account: str
    model: str
    fallbacks: Sequence[str] = ()

    def __iter__(self) -> Iterator[str]:
        asked = set()
        if not self._is_gone(self.model):
            asked.add(self.model)
            yield self.model
        instead = self.replacements.of(self.model) if self._is_gone(self.model) else None
        for name in filter(None, (instead, *self.fallbacks)):
            if name not in asked and not self._is_gone(name):
                asked.add(name)
                yield name
        if not asked:
            yield self.model

    def note(self, model: str, refusal: Refusal | None) -> None:
        """Remember a model that turns out to be gone."""
        if refusal is None or refusal.problem is not Problem.MODEL_GONE or self._is_gone(model):
            return
        self.replacements.remember(self.account, model)
        instead = self.replacements.of(model)
        follows = f"{instead} takes its place for an hour" if instead else "nothing is known to take its place"
        log.warning("%s: %s. Name another model in the processes", refusal.message.rstrip("."), follows)

    def _is_gone(self, model: str) -> bool:
        return self.replacements.is_gone(self.account, model)
