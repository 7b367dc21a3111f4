"""Which models are gone, and what takes their place."""

import logging
import time

from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Route

log = logging.getLogger(__name__)

UNAVAILABLE_TTL_SECONDS = 3600.0
"""Seconds until a model that is gone is asked for again: an organization may be given it back."""


class RetiredModels:
    """The models that are gone, each for one account, and what takes their place."""

    def __init__(self, table: ModelCatalog) -> None:
        self._catalog = table
        self._unavailable_until: dict[tuple[str, str], float] = {}

    def replacement_for(self, model: str) -> str | None:
        """Name the model that takes the place of one that is gone."""
        known = self._catalog.get(model)
        return known.replacement if known else None

    def is_unavailable(self, route: Route) -> bool:
        """Whether a model was gone within the last hour."""
        return self._unavailable_until.get(route.id, 0) > time.monotonic()

    def mark_unavailable(self, route: Route, refusal: ApiError) -> None:
        """Remember that a model is gone, and say it once."""
        if self.is_unavailable(route):
            return
        self._unavailable_until[route.id] = time.monotonic() + UNAVAILABLE_TTL_SECONDS
        instead = self.replacement_for(route.model)
        follows = f"{instead} takes its place for an hour" if instead else "nothing is known to take its place"
        log.warning("%s: %s. Name another model in the processes", refusal.message.rstrip("."), follows)
