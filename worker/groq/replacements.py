"""Which models are gone, and what takes their place."""

import logging
import time

from worker.groq.endpoints import Route
from worker.groq.errors import Refusal
from worker.groq.models import ModelTable

log = logging.getLogger(__name__)

REMEMBERED = 3600.0
"""Seconds until a model that is gone is asked for again: an organization may be given it back."""


class Replacements:
    """The models that are gone, each for one account, and what takes their place."""

    def __init__(self, table: ModelTable) -> None:
        self._table = table
        self._gone_until: dict[tuple[str, str], float] = {}

    def of(self, model: str) -> str | None:
        """Name the model that takes the place of one that is gone."""
        known = self._table.get(model)
        return known.replacement if known else None

    def is_gone(self, route: Route) -> bool:
        """Whether a model was gone within the last hour."""
        return self._gone_until.get(route.id, 0) > time.monotonic()

    def remember(self, route: Route, refusal: Refusal) -> None:
        """Remember that a model is gone, and say it once."""
        if self.is_gone(route):
            return
        self._gone_until[route.id] = time.monotonic() + REMEMBERED
        instead = self.of(route.model)
        follows = f"{instead} takes its place for an hour" if instead else "nothing is known to take its place"
        log.warning("%s: %s. Name another model in the processes", refusal.message.rstrip("."), follows)
