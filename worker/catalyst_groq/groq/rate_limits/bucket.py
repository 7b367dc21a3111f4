"""Groq's rate limits as leaky buckets. Pure.

The formulas are Groq's own (reference/groq-api.md, section 3.2): usage drains evenly within a window, and
`try again in = (used + requested - limit) / limit * window`. No library's bucket is used, because tokens that were
reserved and not needed must be refunded.
"""

from enum import Enum
from typing import NamedTuple

MINUTE_SECONDS, DAY_SECONDS = 60.0, 86_400.0

REQUEST_LATENCY_SECONDS = 0.5
"""Time that the first request may need to reach Groq, whose bucket begins to drain only then."""


class LimitKind(Enum):
    """What Groq limits, with the window in seconds in which usage drains."""

    RPM = ("requests per minute", MINUTE_SECONDS)
    RPD = ("requests per day", DAY_SECONDS)
    TPM = ("tokens per minute", MINUTE_SECONDS)
    TPD = ("tokens per day", DAY_SECONDS)
    OTPM = ("output tokens per minute", MINUTE_SECONDS)

    def __init__(self, description: str, window_seconds: float) -> None:
        self.description = description
        self.window_seconds = window_seconds

    # Members are singletons; Enum's own hash is Python code, and each request looks up dozens of them.
    __hash__ = object.__hash__


class LeakyBucket(NamedTuple):
    """The usage of one limit: `used` at the time `at` (seconds), draining at `limit` per `window`.

    It exceeds the limit only when a response has cost more than was reserved for it.
    """

    limit: int
    window: float
    used: float = 0.0
    at: float = 0.0

    def level(self, now: float) -> float:
        """Return the usage that still counts."""
        return max(0.0, self.used - max(0.0, now - self.at) * self.limit / self.window)

    def time_until_capacity(self, amount: float, now: float, ahead: float = 0.0) -> float:
        """Return the seconds until an amount fits behind the amounts that are `ahead`; 0 when it fits now.

        An amount larger than the whole bucket fits an empty one: only Groq knows whether it really is that large.
        """
        excess = self.level(now) + ahead + min(amount, self.limit) - self.limit
        return max(0.0, self.at - now) + excess / self.limit * self.window if excess > 0 else 0.0

    def add(self, amount: float, now: float) -> "LeakyBucket":
        """Count an amount, or refund it when it is negative."""
        used = self.level(now)
        at = max(now, self.at) if used else now + REQUEST_LATENCY_SECONDS
        return LeakyBucket(self.limit, self.window, max(0.0, used + amount), at)

    def reconcile(self, limit: int, remaining: float | None, now: float) -> "LeakyBucket":
        """Apply what Groq reports: others may use the same limit, so that less remains than was counted here."""
        used = self.level(now)
        if remaining is not None:
            used = max(used, limit - remaining)
        return LeakyBucket(limit, self.window, used, max(now, self.at))
