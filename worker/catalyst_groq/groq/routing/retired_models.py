"""Models that Groq no longer serves, and their replacements."""

import logging
import time

from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Route

log = logging.getLogger(__name__)

UNAVAILABLE_TTL_SECONDS = 3600.0
"""After this time an unavailable model is tried again: an organization may get it back."""


MAX_TRACKED = 1000
"""Unavailable models that are remembered: their names may come from process variables."""


class RetiredModels:
    """The models that were found unavailable, each for one account, and their replacements."""

    def __init__(self, catalog: ModelCatalog) -> None:
        self._catalog = catalog
        self._unavailable_until: dict[tuple[str, str], float] = {}

    def replacement_for(self, model_id: str) -> str | None:
        """Return the model that replaces a retired one."""
        model = self._catalog.get(model_id)
        return model.replacement if model else None

    def is_unavailable(self, route: Route) -> bool:
        """Whether the model was found unavailable within UNAVAILABLE_TTL_SECONDS."""
        return self._unavailable_until.get(route.id, 0) > time.monotonic()

    def mark_unavailable(self, route: Route, error: ApiError) -> None:
        """Remember that a model is unavailable, and log it once."""
        if self.is_unavailable(route):
            return
        if len(self._unavailable_until) >= MAX_TRACKED:
            del self._unavailable_until[next(iter(self._unavailable_until))]
        self._unavailable_until[route.id] = time.monotonic() + UNAVAILABLE_TTL_SECONDS
        replacement = self.replacement_for(route.model)
        effect = f"{replacement} replaces it for one hour" if replacement else "no replacement is known"
        log.warning(
            "Model retired or unavailable: %s: %s. Replace it in the processes", error.message.rstrip("."), effect
        )
