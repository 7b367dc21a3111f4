"""Groq's rate limits as leaky buckets. Pure.

The formulas are Groq's own (reference/groq-api.md, section 3.2): usage drains evenly within a window, and
`try again in = (used + requested - limit) / limit * window`. No library's bucket is used, because tokens that were
reserved and not needed must be refunded.
"""

from enum import Enum
from math import inf
from typing import NamedTuple

MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60.0, 3600.0, 86_400.0

REQUEST_LATENCY_SECONDS = 0.5
"""Time that the first request may need to reach Groq, whose bucket begins to drain only then."""

SAME_WINDOW_SECONDS = 1.0
"""Two reports name the same reset if they differ by no more: servers round it to seconds."""


class LimitKind(Enum):
    """What is limited, with the window in seconds in which usage drains.

    The last two are the limits that other servers than Groq report. Their window is known only from what they report.
    """

    RPM = ("requests per minute", MINUTE_SECONDS)
    RPD = ("requests per day", DAY_SECONDS)
    TPM = ("tokens per minute", MINUTE_SECONDS)
    TPD = ("tokens per day", DAY_SECONDS)
    OTPM = ("output tokens per minute", MINUTE_SECONDS)
    REQUESTS = ("requests", inf)
    TOKENS = ("tokens", inf)

    def __init__(self, description: str, window_seconds: float) -> None:
        self.description = description
        self.window_seconds = window_seconds

    # Members are singletons; Enum's own hash is Python code, and each request looks up dozens of them.
    __hash__ = object.__hash__


LIMIT_KINDS = tuple(LimitKind)
GROQ_LIMIT_KINDS = tuple(kind for kind in LIMIT_KINDS if kind.window_seconds < inf)
"""The kinds of Groq's limits, which operators may configure."""

REPORTED_LIMIT_KINDS = tuple(kind for kind in LIMIT_KINDS if kind.window_seconds == inf)
"""The kinds of limits that other servers report."""


class LeakyBucket(NamedTuple):
    """The usage of one limit: `used` at the time `at` (seconds), draining at `limit` per `window`.

    It exceeds the limit only when a response has cost more than was reserved for it. From the time `expires` on,
    nothing of it counts; in an infinite window nothing drains before. `period`: the longest time until `expires` that
    was reported; 0 when `expires` is a guess.
    """

    limit: int
    window: float
    used: float = 0.0
    at: float = 0.0
    expires: float = inf
    period: float = 0.0

    def level(self, now: float) -> float:
        """Return the usage that still counts."""
        if now >= self.expires:
            return 0.0
        return max(0.0, self.used - max(0.0, now - self.at) * self.limit / self.window)

    def time_until_capacity(self, amount: float, now: float, ahead: float = 0.0) -> float:
        """Return the seconds until an amount fits behind the amounts that are `ahead`; 0 when it fits now.

        An amount larger than the whole bucket fits an empty one: only Groq knows whether it really is that large.
        """
        excess = self.level(now) + ahead + min(amount, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        return max(0.0, min(max(0.0, self.at - now) + excess / self.limit * self.window, self.expires - now))

    def add(self, amount: float, now: float) -> "LeakyBucket":
        """Count an amount, or refund it when it is negative."""
        used = self.level(now)
        at = max(now, self.at) if used else now + REQUEST_LATENCY_SECONDS
        return LeakyBucket(self.limit, self.window, max(0.0, used + amount), at, self.expires, self.period)

    def reconcile(self, limit: int, remaining: float | None, now: float) -> "LeakyBucket":
        """Apply what Groq reports: others may use the same limit, so that less remains than was counted here."""
        used = self.level(now)
        if remaining is not None:
            used = max(used, limit - remaining)
        return LeakyBucket(limit, self.window, used, max(now, self.at))

    def replace(self, limit: int, window: float, remaining: float, reset: float, now: float) -> "LeakyBucket":
        """Return what another server than Groq reports, with the requests on their way that it has not counted.

        In an infinite window, a later reset begins a new count.
        """
        used, expires, period = max(0.0, limit - remaining), now + reset, reset
        is_same_window = now < self.expires and not (self.period and expires > self.expires + SAME_WINDOW_SECONDS)
        if is_same_window:
            period = max(period, self.period)
            if self.period and window == inf:
                expires = min(expires, self.expires)
        if is_same_window or window < inf:
            used = max(used, self.level(now))
        return LeakyBucket(limit, window, used, now, expires, period)

    def renew(self, now: float) -> "LeakyBucket | None":
        """Return the bucket of the next window after the reset, which lasts as long at least; None after that."""
        expires = self.expires + self.period
        return LeakyBucket(self.limit, self.window, 0.0, now, expires) if now < expires else None
