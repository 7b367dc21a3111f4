"""Groq's rate limits: leaky buckets that reproduce the figures in Groq's headers and messages.

Measured (reference/groq-api.md, section 3.2): `reset = used / limit * window`, and
`try again in = (used + requested - limit) / limit * window`. There are no fixed
windows: no reset at midnight or at full minutes.
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
    """A type of limit: its field in `ModelLimits`, its name in messages, its window in seconds and error type."""

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
    """The used amount of one limit. It drains at a constant rate: a full bucket is empty after one window."""

    limit: int
    window: float
    _used: float = 0
    _at: float = 0

    def used(self, now: float) -> float:
        """Return the amount still counted at the time `now` (seconds)."""
        return max(0.0, self._used - (now - self._at) * self.limit / self.window)

    def add(self, amount: float, now: float) -> None:
        """Add an amount. A negative amount releases capacity."""
        self._used, self._at = max(0.0, self.used(now) + amount), now

    def time_until_capacity(self, requested: float, now: float) -> float:
        """Return the seconds until `requested` fits into the bucket; 0 if it fits now."""
        return max(0.0, (self.used(now) + requested - self.limit) / self.limit * self.window)

    def time_until_empty(self, now: float) -> float:
        """Return the seconds until the bucket is empty."""
        return self.used(now) / self.limit * self.window


@dataclass(frozen=True, slots=True)
class RequestUsage:
    """The usage of a request: prompt tokens and reserved output tokens, or seconds of audio.

    `expected_output` counts against output tokens per minute: Groq compares slightly more than the reservation.
    """

    prompt_tokens: int = 0
    output_tokens: int = 0
    expected_output: int = 0
    audio_seconds: float = 0

    def amount(self, limit_type: LimitType) -> float:
        """Return the amount that counts against a type of limit."""
        if limit_type in {RPM, RPD}:
            return 1
        if limit_type in {ASH, ASD}:
            return self.audio_seconds
        return self.expected_output if limit_type is OTPM else self.prompt_tokens + self.output_tokens


@dataclass(slots=True)
class RateLimiter:
    """The rate limits of one organization for one model."""

    organization: str
    model: str
    limits: ModelLimits
    _buckets: Mapping[LimitType, LimitBucket] = field(init=False)

    def __post_init__(self) -> None:
        self._buckets = {
            limit_type: LimitBucket(limit, limit_type.window)
            for limit_type in _LIMIT_TYPES
            if (limit := getattr(self.limits, limit_type.field)) is not None
        }

    def admit(self, usage: RequestUsage, tier: str, now: float) -> ErrorResponse | None:
        """Reserve the usage; or return an error and reserve nothing."""
        for limit_type, bucket in self._buckets.items():
            requested = usage.amount(limit_type)
            if requested > bucket.limit:
                return self._too_large(limit_type, bucket, requested, tier)
            if bucket.time_until_capacity(requested, now) > 0:
                return self._exhausted(limit_type, bucket, requested, tier, now)
        for limit_type, bucket in self._buckets.items():
            bucket.add(usage.amount(limit_type), now)
        return None

    def settle(self, reserved: RequestUsage, actual: RequestUsage, now: float) -> None:
        """Replace the reserved usage by the actual one."""
        for limit_type, bucket in self._buckets.items():
            bucket.add(actual.amount(limit_type) - reserved.amount(limit_type), now)

    def headers(self, now: float) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers: requests per day and tokens per minute."""
        fields = {}
        for limit_type, name in ((RPD, "requests"), (TPM, "tokens")):
            if bucket := self._buckets.get(limit_type):
                fields[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
                fields[f"x-ratelimit-remaining-{name}"] = str(floor(bucket.limit - bucket.used(now)))
                fields[f"x-ratelimit-reset-{name}"] = format_go_duration(bucket.time_until_empty(now))
        return fields

    def _describe_limit(self, tier: str, limit_type: LimitType) -> str:
        return (
            f"for model `{self.model}` in organization `{self.organization}` service tier `{tier}` on {limit_type.name}"
        )

    def _too_large(self, limit_type: LimitType, bucket: LimitBucket, requested: float, tier: str) -> ErrorResponse:
        figures = f"Limit {bucket.limit}, Requested {ceil(requested)}"
        if limit_type is OTPM:
            status = 429
            details = (
                f"{figures}. The request's expected output tokens exceed the enforced limit; reduce max_tokens (or "
                "the request's expected output) and try again."
            )
        else:
            status = 413
            details = f"{figures}, please reduce your message size and try again."
        message = f"Request too large {self._describe_limit(tier, limit_type)}: {details} {_UPGRADE}"
        return error_response(status, message, kind=limit_type.kind, code="rate_limit_exceeded")

    def _exhausted(
        self, limit_type: LimitType, bucket: LimitBucket, requested: float, tier: str, now: float
    ) -> ErrorResponse:
        wait = bucket.time_until_capacity(requested, now)
        message = (
            f"Rate limit reached {self._describe_limit(tier, limit_type)}: Limit {bucket.limit}, "
            f"Used {ceil(bucket.used(now))}, Requested {ceil(requested)}. Please try again in "
            f"{format_go_duration(wait)}. {_UPGRADE}"
        )
        error = error_response(429, message, kind=limit_type.kind, code="rate_limit_exceeded")
        return error.with_headers({"retry-after": str(ceil(wait))})
