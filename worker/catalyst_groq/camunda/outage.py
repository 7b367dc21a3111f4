"""An engine outage, logged once when it begins and once when it ends."""

import logging
import time

from catalyst_groq.errors import EngineRefused

log = logging.getLogger(__name__)


class OutageMonitor:
    """One line in the log when the engine goes, one when it returns, however many calls fail between."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._since: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether the engine is away."""
        return self._since is not None

    def record_failure(self, error: Exception) -> None:
        """A call has failed."""
        if self._since is None:
            self._since = time.monotonic()
            said = f"The engine at {self._url} refuses: {error}" if isinstance(error, EngineRefused) else error
            log.warning("%s. Asking again until it answers.", said)

    def record_success(self) -> None:
        """A call has been answered."""
        if self._since is not None:
            log.info("The engine at %s answers again after %.1f s", self._url, time.monotonic() - self._since)
            self._since = None
