"""Groq's rate limits: buckets that refill all the time, exact to the figures in Groq's headers and messages.

Measured (reference/groq-api.md, section 3.2): `reset = used / limit * window`, and
`try again in = (used + requested - limit) / limit * window`. There is no midnight and no fixed minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, floor

from catalyst_groq.groq.api.go_duration import format_go_duration
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, error_response

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400
_UPGRADE = "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"


@dataclass(frozen=True, slots=True)
class LimitType:
    """One kind of limit: its field in `Limits`, its name in messages, its window in seconds and error type."""

    field: str
    name: str
    window: int
    kind: str


RPM = LimitType("rpm", "requests per minute (RPM)", _MINUTE, "requests")
RPD = LimitType("rpd", "requests per day (RPD)", _DAY, "requests")
TPM = LimitType("tpm", "tokens per minute (TPM)", _MINUTE, "tokens")
TPD = LimitType("tpd", "tokens per day (TPD)", _DAY, "tokens")
OTPM = LimitType("otpm", "output tokens per minute (OTPM)", _MINUTE, "tokens")
ASH = LimitType("ash", "audio seconds per hour (ASH)", _HOUR, "seconds")
ASD = LimitType("asd", "audio seconds per day (ASD)", _DAY, "seconds")
_LIMIT_TYPES = (RPM, RPD, OTPM, TPM, TPD, ASH, ASD)


@dataclass(slots=True)
class LimitBucket:
    """What was used of one limit. Use is forgotten evenly: a full bucket is empty after one window."""

    limit: int
    window: float
    _used: float = 0
    _at: float = 0

    def used(self, now: float) -> float:
        """Return what is still counted at the time `now` (seconds)."""
        return max(0.0, self._used - (now - self._at) * self.limit / self.window)

    def add(self, amount: float, now: float) -> None:
        """Count an amount, or give it back when it is negative."""
        self._used, self._at = max(0.0, self.used(now) + amount), now

    def time_until_capacity(self, requested: float, now: float) -> float:
        """Return the seconds until so much can be had; 0 when it can be had at once."""
        return max(0.0, (self.used(now) + requested - self.limit) / self.limit * self.window)

    def time_until_empty(self, now: float) -> float:
        """Return the seconds until nothing is counted any more."""
        return self.used(now) / self.limit * self.window


@dataclass(frozen=True, slots=True)
class RequestUsage:
    """What a request asks for: tokens of prompt and reserved output, or seconds of audio.

    `expected_output` is what counts against output tokens per minute; Groq compares a little more than was reserved.
    """

    prompt_tokens: int = 0
    output_tokens: int = 0
    expected_output: int = 0
    audio_seconds: float = 0

    def amount(self, dimension: LimitType) -> float:
        """Return how much of one kind of limit is asked for."""
        if dimension in {RPM, RPD}:
            return 1
        if dimension in {ASH, ASD}:
            return self.audio_seconds
        return self.expected_output if dimension is OTPM else self.prompt_tokens + self.output_tokens


@dataclass(slots=True)
class RateLimiter:
    """What one organization has used of one model."""

    organization: str
    model: str
    limits: ModelLimits
    _buckets: Mapping[LimitType, LimitBucket] = field(init=False)

    def __post_init__(self) -> None:
        self._buckets = {
            dimension: LimitBucket(limit, dimension.window)
            for dimension in _LIMIT_TYPES
            if (limit := getattr(self.limits, dimension.field)) is not None
        }

    def admit(self, demand: RequestUsage, tier: str, now: float) -> ErrorResponse | None:
        """Count the demand, or refuse it and count nothing."""
        for dimension, bucket in self._buckets.items():
            requested = demand.amount(dimension)
            if requested > bucket.limit:
                return self._too_large(dimension, bucket, requested, tier)
            if bucket.time_until_capacity(requested, now) > 0:
                return self._exhausted(dimension, bucket, requested, tier, now)
        for dimension, bucket in self._buckets.items():
            bucket.add(demand.amount(dimension), now)
        return None

    def settle(self, demand: RequestUsage, spent: RequestUsage, now: float) -> None:
        """Correct what was reserved by what was used."""
        for dimension, bucket in self._buckets.items():
            bucket.add(spent.amount(dimension) - demand.amount(dimension), now)

    def headers(self, now: float) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers: requests are those of the day, tokens those of the minute."""
        told = {}
        for dimension, name in ((RPD, "requests"), (TPM, "tokens")):
            if bucket := self._buckets.get(dimension):
                told[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
                told[f"x-ratelimit-remaining-{name}"] = str(floor(bucket.limit - bucket.used(now)))
                told[f"x-ratelimit-reset-{name}"] = format_go_duration(bucket.time_until_empty(now))
        return told

    def _describe_limit(self, tier: str, dimension: LimitType) -> str:
        return (
            f"for model `{self.model}` in organization `{self.organization}` service tier `{tier}` on {dimension.name}"
        )

    def _too_large(self, dimension: LimitType, bucket: LimitBucket, requested: float, tier: str) -> ErrorResponse:
        figures = f"Limit {bucket.limit}, Requested {ceil(requested)}"
        if dimension is OTPM:
            status = 429
            mend = (
                f"{figures}. The request's expected output tokens exceed the enforced limit; reduce max_tokens (or "
                "the request's expected output) and try again."
            )
        else:
            status = 413
            mend = f"{figures}, please reduce your message size and try again."
        message = f"Request too large {self._describe_limit(tier, dimension)}: {mend} {_UPGRADE}"
        return error_response(status, message, kind=dimension.kind, code="rate_limit_exceeded")

    def _exhausted(
        self, dimension: LimitType, bucket: LimitBucket, requested: float, tier: str, now: float
    ) -> ErrorResponse:
        wait = bucket.time_until_capacity(requested, now)
        message = (
            f"Rate limit reached {self._describe_limit(tier, dimension)}: Limit {bucket.limit}, "
            f"Used {ceil(bucket.used(now))}, Requested {ceil(requested)}. Please try again in "
            f"{format_go_duration(wait)}. {_UPGRADE}"
        )
        said_no = error_response(429, message, kind=dimension.kind, code="rate_limit_exceeded")
        return said_no.with_headers({"retry-after": str(ceil(wait))})
