"""What is known of a task's call afterwards: its attempts, tokens and cost, without any content and without keys."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DECIMALS, COST_DECIMALS = 6, 12
"""Of seconds and of USD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt to get a response from a model at an endpoint."""

    endpoint: str
    """The endpoint's name."""
    provider: str
    """`groq`, or the endpoint's name if it is another server."""
    model: str
    result: str
    """The result in a word or two: `answered`, `429 rate_limit_exceeded`, `timed out` …"""
    status: int | None
    """The HTTP status; None without a response."""
    sent: bool
    """Whether a request was sent to the endpoint."""
    seconds: float
    """Seconds for the request, without waits."""
    waited: float
    """Seconds that were waited for a rate limit after it (before it, if the worker held the request back at first)."""
    prompt_tokens: int
    cached_tokens: int
    """Those of the prompt that were cached."""
    completion_tokens: int
    cost: Decimal | None
    """USD; None when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """The call of one task. A response from the journal is no attempt: it was counted when it was received."""

    started: float
    """When it started, by `time.monotonic`."""
    seconds: float
    """Seconds from there to its result: requests, waits, and the validation of responses."""
    operation: str
    """`chat`, `transcription`, or what another operation calls the kind of its models."""
    model_asked: str
    model_used: str
    """As the server names it; empty without a usable response."""
    attempts: tuple[AttemptRecord, ...]
    error_kind: str
    """The name of the `ErrorKind` of its result; empty when the response is usable."""
    request_id: str
    """The server's id of the last request; empty when unknown."""
    finish_reason: str
    """Why the model ended its answer; empty when unknown."""
    replayed: bool
    """Whether the response came from the journal."""

    @property
    def waited(self) -> float:
        """Seconds waited for rate limits."""
        return sum([attempt.waited for attempt in self.attempts])

    @property
    def request_seconds(self) -> float:
        """Seconds spent on requests."""
        return sum([attempt.seconds for attempt in self.attempts])

    @property
    def cost(self) -> Decimal | None:
        """USD that the attempts cost; None when no price is known."""
        known = [attempt.cost for attempt in self.attempts if attempt.cost is not None]
        return sum(known[1:], known[0]) if known else None

    @property
    def fields(self) -> dict[str, Any]:
        """All that is known, by the names in logs and traces."""
        attempts, cost = self.attempts, self.cost
        return {
            "model": self.model_used or self.model_asked,
            "endpoint": attempts[-1].endpoint if attempts else "",
            "attempts": len([attempt for attempt in attempts if attempt.sent]),
            "status": attempts[-1].status if attempts else None,
            "request_id": self.request_id,
            "finish_reason": self.finish_reason,
            "prompt_tokens": sum([attempt.prompt_tokens for attempt in attempts]),
            "cached_tokens": sum([attempt.cached_tokens for attempt in attempts]),
            "completion_tokens": sum([attempt.completion_tokens for attempt in attempts]),
            "cost_usd": None if cost is None else round(float(cost), COST_DECIMALS),
            "replayed": self.replayed,
        }
