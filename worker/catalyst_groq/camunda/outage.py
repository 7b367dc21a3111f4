"""An engine outage, logged once when it begins and once when it ends."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.errors import EngineRefused

log = logging.getLogger(__name__)


def ignore_interruption() -> None:
    """Do nothing when the engine may be another one."""


class OutageMonitor:
    """Logs one line when the engine becomes unreachable and one when it responds again, however many calls fail.

    `on_interruption` is called when a call fails and when the outage ends: afterwards the engine may be another one.
    """

    def __init__(self, url: str, on_interruption: Callable[[], None] = ignore_interruption) -> None:
        self._url = url
        self._on_interruption = on_interruption
        self._since: float | None = None
        self.failures = Counter({"unreachable": 0, "refused": 0})
        """Failed calls by their kind."""

    @property
    def is_active(self) -> bool:
        """Whether the last call failed."""
        return self._since is not None

    @property
    def seconds(self) -> float:
        """Seconds since the outage began; 0 when there is none."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def record_failure(self, error: Exception) -> None:
        """Record a failed call. The first one begins the outage."""
        self._on_interruption()
        self.failures["refused" if isinstance(error, EngineRefused) else "unreachable"] += 1
        if self._since is None:
            self._since = time.monotonic()
            refusal = f"Engine at {self._url} refuses requests: " if isinstance(error, EngineRefused) else ""
            log.warning("%s Retrying until it responds.", end_sentence(f"{refusal}{error}"))

    def record_success(self) -> None:
        """Record a call that succeeded. It ends the outage, if there is one."""
        if self._since is not None:
            self._on_interruption()
            log.info("Engine at %s responds again after %s", self._url, format_duration(time.monotonic() - self._since))
            self._since = None
