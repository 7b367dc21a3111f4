"""The latency of each route, for routing to the fastest."""

import time
from collections.abc import Sequence

from catalyst_groq.common.lru_cache import LruCache
from catalyst_groq.groq.routing.endpoints import Route

LATENCY_EWMA_WEIGHT = 0.3
"""Weight of the newest response in the average."""

LATENCY_TTL_SECONDS = 60.0
"""Age at which a latency is stale and the route is measured again."""


MAX_ROUTES = 1000
"""Routes whose latency is kept: tasks choose the names of models."""


class LatencyTracker:
    """An exponentially weighted moving average of seconds for each account and model."""

    def __init__(self) -> None:
        self._averages: LruCache[tuple[float, float]] = LruCache(MAX_ROUTES)
        """By the id of a route: seconds, and when they were measured last."""

    def record(self, route: Route, seconds: float) -> None:
        """Add one response."""
        average = self._averages.get(route.id)[0] if route.id in self._averages else seconds
        self._averages.put(route.id, (average + LATENCY_EWMA_WEIGHT * (seconds - average), time.monotonic()))

    def sort_by_latency(self, routes: Sequence[Route]) -> list[Route]:
        """Sort routes by priority, then by latency. A route whose latency is old or unknown comes first, once."""
        ordered = sorted(routes, key=lambda route: (route.endpoint.priority, self._expected(route)))
        for route in ordered[:1]:
            if route.id in self._averages and not self._expected(route):
                self._averages.put(route.id, (self._averages.get(route.id)[0], time.monotonic()))
        return ordered

    def _expected(self, route: Route) -> float:
        if route.id not in self._averages:
            return 0.0
        average, measured_at = self._averages.get(route.id)
        return average if time.monotonic() - measured_at < LATENCY_TTL_SECONDS else 0.0
