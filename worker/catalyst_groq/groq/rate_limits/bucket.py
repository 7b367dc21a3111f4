"""Groq's rate limits as buckets that refill all the time. Pure.

The formulas are Groq's own (reference/groq-api.md, section 3.2): what was used is forgotten evenly within a window, and
`try again in = (used + requested - limit) / limit * window`. No library's buckets are used here, since tokens that were
reserved and not needed must be given back.
"""

from enum import Enum
from typing import NamedTuple

MINUTE, DAY = 60.0, 86_400.0

REQUEST_LATENCY_SECONDS = 0.5
"""Seconds that the first request may need to reach Groq, which begins to forget only then."""


class LimitKind(Enum):
    """What Groq counts, with the window in seconds in which it forgets."""

    RPM = ("requests per minute", MINUTE)
    RPD = ("requests per day", DAY)
    TPM = ("tokens per minute", MINUTE)
    TPD = ("tokens per day", DAY)
    OTPM = ("output tokens per minute", MINUTE)

    def __init__(self, words: str, window: float) -> None:
        self.words = words
        self.window_seconds = window

    # Each of them is there once; Enum's own hash is Python code, and a request looks dozens of them up.
    __hash__ = object.__hash__


class LeakyBucket(NamedTuple):
    """What has been used of one limit: `used` at the time `at` (seconds), forgotten at `limit` per `window`.

    It is used beyond its limit only where an answer has cost more than was reserved for it.
    """

    limit: int
    window: float
    used: float = 0.0
    at: float = 0.0

    def level(self, now: float) -> float:
        """What still counts."""
        return max(0.0, self.used - max(0.0, now - self.at) * self.limit / self.window)

    def time_until_capacity(self, amount: float, now: float, ahead: float = 0.0) -> float:
        """Seconds until an amount fits in behind the one that is `ahead`; 0 when it fits now.

        What is larger than the whole bucket fits into an empty one: whether it really is so large, Groq must say.
        """
        excess = self.level(now) + ahead + min(amount, self.limit) - self.limit
        return max(0.0, self.at - now) + excess / self.limit * self.window if excess > 0 else 0.0

    def add(self, amount: float, now: float) -> "LeakyBucket":
        """Count an amount, or give it back where it is negative."""
        used = self.level(now)
        at = max(now, self.at) if used else now + REQUEST_LATENCY_SECONDS
        return LeakyBucket(self.limit, self.window, max(0.0, used + amount), at)

    def reconcile(self, limit: int, remaining: float | None, now: float) -> "LeakyBucket":
        """Correct it by what Groq says: others may use the same limit, so that less remains than was thought."""
        used = self.level(now)
        if remaining is not None:
            used = max(used, limit - remaining)
        return LeakyBucket(limit, self.window, used, max(now, self.at))
