"""Routes that failed several times in a row are left alone for a while."""

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from worker.groq.endpoints import Route
from worker.groq.errors import Refusal

log = logging.getLogger(__name__)

OPEN = "circuit_open"
"""What an error mapping may call a route that is left alone."""

JITTER = 0.2
"""Share of a pause by which it is made longer or shorter, so that replicas do not come back together."""


@dataclass(slots=True)
class _Circuit:
    route: Route
    refusal: Refusal
    """Why it failed the last time."""
    failures: int = 0
    asked_again_at: float = 0.0
    """On the monotonic clock."""
    is_open: bool = False


class Circuits:
    """A circuit for each account and model.

    It opens after `failures` in a row. Once `pause` seconds are over, one request is let through: an answer closes the
    circuit, a failure or silence is followed by another pause.
    """

    def __init__(self, failures: int = 5, pause: float = 30.0) -> None:
        self._failures = failures
        self._pause = pause
        self._failing: dict[tuple[str, str], _Circuit] = {}

    def why_not(self, route: Route) -> Refusal | None:
        """Say why a route is not to be asked now, with the seconds to wait; nothing where it is to be asked."""
        circuit = self._failing.get(route.id)
        if circuit is None or not circuit.is_open:
            return None
        wait = circuit.asked_again_at - time.monotonic()
        if wait <= 0:
            circuit.asked_again_at = self._after_a_pause()
            return None
        last = circuit.refusal
        said = f"{route} is not asked for {wait:.0f} s, after {circuit.failures} failures in a row: {last.message}"
        return replace(last, causes=(OPEN, *last.causes), message=said, wait=wait)

    def failed(self, route: Route, refusal: Refusal, *, for_sure: bool = False) -> None:
        """Count a failure. `for_sure`: one is enough."""
        circuit = self._failing.setdefault(route.id, _Circuit(route, refusal))
        circuit.failures += 1
        circuit.refusal = refusal
        if not (circuit.is_open or for_sure or circuit.failures >= self._failures):
            return
        circuit.asked_again_at = self._after_a_pause()
        if not circuit.is_open:
            circuit.is_open = True
            said = "%s is not asked for about %g s, after %d failures in a row: %s"
            log.warning(said, route, self._pause, circuit.failures, refusal.message)

    def answered(self, route: Route) -> None:
        """Count from nothing again."""
        circuit = self._failing.pop(route.id, None)
        if circuit and circuit.is_open:
            log.info("%s answers again", route)

    def not_tried(self, route: Route) -> None:
        """Let the next request through: the one that was let through was kept back before it could show anything."""
        circuit = self._failing.get(route.id)
        if circuit and circuit.is_open:
            circuit.asked_again_at = time.monotonic()

    def open(self) -> Iterator[Route]:
        """Yield the routes that are left alone at the moment."""
        now = time.monotonic()
        return (each.route for each in self._failing.values() if each.is_open and each.asked_again_at > now)

    def _after_a_pause(self) -> float:
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, guards nothing
        return time.monotonic() + self._pause * jitter
