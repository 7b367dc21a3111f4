"""An engine that is away: said once, asked again with growing waits, welcomed back once."""

import logging
import random
import time

from worker.errors import EngineRefused

log = logging.getLogger(__name__)


class Backoff:
    """Exponential waits with jitter, in seconds: 0.5, 1, 2 … up to 30, each taken from its upper half.

    The jitter keeps replicas from asking a returning engine all at once.
    """

    def __init__(self, first: float = 0.5, longest: float = 30.0) -> None:
        self._first = first
        self._longest = longest
        self._ceiling = first

    def next(self) -> float:
        """Say how long to wait after one more failure."""
        ceiling = self._ceiling
        self._ceiling = min(self._longest, ceiling * 2)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 -- spreads load, guards nothing

    def reset(self) -> None:
        """Start anew after a success."""
        self._ceiling = self._first


class Outage:
    """One line in the log when the engine goes, one when it returns, however many calls fail between."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._since: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether the engine is away."""
        return self._since is not None

    def goes_on(self, error: Exception) -> None:
        """A call has failed."""
        if self._since is None:
            self._since = time.monotonic()
            said = f"The engine at {self._url} refuses: {error}" if isinstance(error, EngineRefused) else error
            log.warning("%s. Asking again until it answers.", said)

    def is_over(self) -> None:
        """A call has been answered."""
        if self._since is not None:
            log.info("The engine at %s answers again after %.1f s", self._url, time.monotonic() - self._since)
            self._since = None
