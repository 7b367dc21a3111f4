"""Routes that failed several times in a row are left alone for a while."""

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.routing.endpoints import Route

log = logging.getLogger(__name__)

CIRCUIT_OPEN = "circuit_open"
"""What an error mapping may call a route that is left alone."""

JITTER = 0.2
"""Share of a pause by which it is made longer or shorter, so that replicas do not come back together."""


@dataclass(slots=True)
class _CircuitBreaker:
    route: Route
    error: ApiError
    """Why it failed the last time."""
    failures: int = 0
    retry_at: float = 0.0
    """On the monotonic clock."""
    is_open: bool = False


class CircuitBreakers:
    """A circuit for each account and model.

    It opens after `failures` in a row. Once `pause` seconds are over, one request is let through: an answer closes the
    circuit, a failure or silence is followed by another pause.
    """

    def __init__(self, threshold: int = 5, reset_timeout: float = 30.0) -> None:
        self._threshold = threshold
        self._reset_timeout = reset_timeout
        self._failing: dict[tuple[str, str], _CircuitBreaker] = {}

    def check(self, route: Route) -> ApiError | None:
        """Say why a route is not to be asked now, with the seconds to wait; nothing where it is to be asked."""
        circuit = self._failing.get(route.id)
        if circuit is None or not circuit.is_open:
            return None
        wait = circuit.retry_at - time.monotonic()
        if wait <= 0:
            circuit.retry_at = self._next_retry()
            return None
        last = circuit.error
        said = f"{route} is not asked for {wait:.0f} s, after {circuit.failures} failures in a row: {last.message}"
        return replace(last, causes=(CIRCUIT_OPEN, *last.causes), message=said, wait=wait)

    def record_failure(self, route: Route, error: ApiError, *, trip: bool = False) -> None:
        """Count a failure. `for_sure`: one is enough."""
        circuit = self._failing.setdefault(route.id, _CircuitBreaker(route, error))
        circuit.failures += 1
        circuit.error = error
        if not (circuit.is_open or trip or circuit.failures >= self._threshold):
            return
        circuit.retry_at = self._next_retry()
        if not circuit.is_open:
            circuit.is_open = True
            said = "%s is not asked for about %g s, after %d failures in a row: %s"
            log.warning(said, route, self._reset_timeout, circuit.failures, error.message)

    def record_success(self, route: Route) -> None:
        """Count from nothing again."""
        circuit = self._failing.pop(route.id, None)
        if circuit and circuit.is_open:
            log.info("%s answers again", route)

    def release_probe(self, route: Route) -> None:
        """Let the next request through: the one that was let through was kept back before it could show anything."""
        circuit = self._failing.get(route.id)
        if circuit and circuit.is_open:
            circuit.retry_at = time.monotonic()

    def open_routes(self) -> Iterator[Route]:
        """Yield the routes that are left alone at the moment."""
        now = time.monotonic()
        return (each.route for each in self._failing.values() if each.is_open and each.retry_at > now)

    def _next_retry(self) -> float:
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, guards nothing
        return time.monotonic() + self._reset_timeout * jitter
