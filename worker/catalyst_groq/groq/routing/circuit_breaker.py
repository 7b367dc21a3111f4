"""Circuit breakers: routes that failed several times in a row are skipped for a while."""

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.routing.endpoints import Route

log = logging.getLogger(__name__)

CIRCUIT_OPEN = "circuit_open"
"""The cause of a skipped route in an error mapping."""

JITTER = 0.2
"""Share by which a reset timeout is longer or shorter, so that replicas do not probe at the same time."""


@dataclass(slots=True)
class _CircuitBreaker:
    route: Route
    error: ApiError
    """The last failure."""
    failures: int = 0
    retry_at: float = 0.0
    """When the next probe is due (`time.monotonic`)."""
    is_open: bool = False


class CircuitBreakers:
    """A circuit breaker for each account and model.

    It opens after `threshold` failures in a row. After `reset_timeout` seconds one request is let through as a probe:
    a response closes the circuit breaker, a failed or unanswered probe starts another timeout.
    """

    def __init__(self, threshold: int = 5, reset_timeout: float = 30.0) -> None:
        self._threshold = threshold
        self._reset_timeout = reset_timeout
        self._failing: dict[tuple[str, str], _CircuitBreaker] = {}

    def check(self, route: Route) -> ApiError | None:
        """Return the error of an open circuit breaker, with the seconds to wait; None when the route may be used."""
        breaker = self._failing.get(route.id)
        if breaker is None or not breaker.is_open:
            return None
        wait = breaker.retry_at - time.monotonic()
        if wait <= 0:
            breaker.retry_at = self._next_retry()
            return None
        last = breaker.error
        state = f"The circuit breaker of {route} is open for {wait:.0f} s"
        message = f"{state} after {breaker.failures} failures in a row: {last.message}"
        return replace(last, causes=(CIRCUIT_OPEN, *last.causes), message=message, wait=wait)

    def record_failure(self, route: Route, error: ApiError, *, trip: bool = False) -> None:
        """Count a failure. `trip`: open the circuit breaker at once."""
        breaker = self._failing.setdefault(route.id, _CircuitBreaker(route, error))
        breaker.failures += 1
        breaker.error = error
        if not (breaker.is_open or trip or breaker.failures >= self._threshold):
            return
        breaker.retry_at = self._next_retry()
        if not breaker.is_open:
            breaker.is_open = True
            log.warning(
                "Circuit breaker of %s opened for about %g s after %d failures in a row: %s",
                route,
                self._reset_timeout,
                breaker.failures,
                error.message,
            )

    def record_success(self, route: Route) -> None:
        """Close the circuit breaker and start counting again."""
        breaker = self._failing.pop(route.id, None)
        if breaker and breaker.is_open:
            log.info("Circuit breaker of %s closed", route)

    def release_probe(self, route: Route) -> None:
        """Let the next request through as the probe: this one was held back before it could show anything."""
        breaker = self._failing.get(route.id)
        if breaker and breaker.is_open:
            breaker.retry_at = time.monotonic()

    def open_routes(self) -> Iterator[Route]:
        """Yield the routes that are skipped at the moment."""
        now = time.monotonic()
        return (breaker.route for breaker in self._failing.values() if breaker.is_open and breaker.retry_at > now)

    def _next_retry(self) -> float:
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, protects nothing
        return time.monotonic() + self._reset_timeout * jitter
