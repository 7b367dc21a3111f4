"""Exponential backoff."""

import random


class Backoff:
    """Exponential backoff with jitter: `initial_seconds`, twice that, and so on up to `max_seconds`.

    Jitter spreads replicas that would otherwise retry at the same moment. Equal jitter (the default) draws each wait
    from the upper half of its range; full jitter draws it from the whole range.
    """

    def __init__(self, initial_seconds: float = 0.5, max_seconds: float = 30.0, *, full_jitter: bool = False) -> None:
        self._initial = initial_seconds
        self._max = max_seconds
        self._full_jitter = full_jitter
        self._ceiling = initial_seconds

    def next(self) -> float:
        """Return the wait in seconds after one more failure."""
        ceiling = self._ceiling
        self._ceiling = min(self._max, ceiling * 2)
        floor = 0.0 if self._full_jitter else ceiling / 2
        return random.uniform(floor, ceiling)  # noqa: S311 -- spreads load, protects nothing

    def reset(self) -> None:
        """Start again with `initial_seconds`, after a success."""
        self._ceiling = self._initial
