"""An engine that is away: said once, asked again with growing waits, welcomed back once."""

import random


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
