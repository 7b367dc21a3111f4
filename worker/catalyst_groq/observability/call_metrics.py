"""Metrics of the requests to Groq, and labels with a bounded number of values."""

from collections.abc import Callable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram

from catalyst_groq.domain.call_records import AttemptRecord

SECONDS_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
GENAI_SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
GENAI_TOKENS_BUCKETS = tuple(4**exponent for exponent in range(14))
"""The bounds that OpenTelemetry's conventions for generative AI name."""

MAX_LABEL_VALUES = 200
"""Of one label: a modeller may deploy any number of processes."""

OTHER = "other"


def bounded_label(max_values: int) -> Callable[[str], str]:
    """Return a function that returns its argument for the first `max_values` values, and `other` for all others."""
    known: set[str] = set()

    def label(value: str) -> str:
        if value in known:
            return value
        if len(known) >= max_values:
            return OTHER
        known.add(value)
        return value

    return label


class AttemptLabels(NamedTuple):
    """The labels of an attempt, each with a bounded number of values."""

    process: str
    model: str
    endpoint: str
    status: str
    provider: str
    operation: str
    error: str
    """The status of an attempt that was of no use; empty for an answer."""


class CallMetrics:
    """The metrics of attempts, by their labels."""

    def __init__(
        self, registry: CollectorRegistry, counter: Callable[..., Counter], histogram: Callable[..., Histogram]
    ) -> None:
        self._seconds = histogram("groq_seconds", "Seconds per request to Groq, without waits", "model")
        self._requests = counter("groq_requests", "Requests sent to Groq", "model")
        self._results = counter("groq_responses", "Requests by HTTP status, or why there is none", "endpoint", "status")
        self._waited = counter("groq_waited_seconds", "Seconds waited for rate limits and retries", "model")
        self._tokens = counter("groq_tokens", "Tokens used, by kind: prompt or completion", "model", "kind")
        self._cached = counter("groq_cached_tokens", "Tokens of prompts that were cached", "model")
        self._cost = counter("groq_cost_usd", "Cost of responses in USD, of models with a known price", "model")
        self._process_tokens = counter("process_tokens", "Tokens used by process", "process", "model", "kind")
        self._process_cost = counter("process_cost_usd", "Cost of responses in USD by process", "process", "model")
        self._genai_seconds = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "Duration of a request (OpenTelemetry's gen_ai.client.operation.duration)",
            ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"),
            registry=registry,
            buckets=GENAI_SECONDS_BUCKETS,
        )
        self._genai_tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request (OpenTelemetry's gen_ai.client.token.usage)",
            ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"),
            registry=registry,
            buckets=GENAI_TOKENS_BUCKETS,
        )

    def of(self, labels: AttemptLabels) -> "AttemptMetrics":
        """Return the metrics with these labels."""
        process, model, endpoint, status, provider, operation, error = labels
        return AttemptMetrics(
            self._requests.labels(model),
            self._results.labels(endpoint, status),
            self._seconds.labels(model),
            self._genai_seconds.labels(operation, provider, model, error),
            self._waited.labels(model),
            self._cached.labels(model),
            (self._tokens.labels(model, "prompt"), self._process_tokens.labels(process, model, "prompt")),
            (self._tokens.labels(model, "completion"), self._process_tokens.labels(process, model, "completion")),
            (self._cost.labels(model), self._process_cost.labels(process, model)),
            self._genai_tokens.labels(operation, provider, model, "input"),
            self._genai_tokens.labels(operation, provider, model, "output"),
        )


class AttemptMetrics(NamedTuple):
    """The metrics of attempts with the same labels."""

    requests: Counter
    results: Counter
    seconds: Histogram
    genai_seconds: Histogram
    waited: Counter
    cached_tokens: Counter
    prompt_tokens: tuple[Counter, Counter]
    completion_tokens: tuple[Counter, Counter]
    cost: tuple[Counter, Counter]
    genai_input_tokens: Histogram
    genai_output_tokens: Histogram

    def add(self, attempt: AttemptRecord) -> None:
        """Add one attempt."""
        if attempt.waited:
            self.waited.inc(attempt.waited)
        if not attempt.sent:
            return
        self.requests.inc()
        self.results.inc()
        self.seconds.observe(attempt.seconds)
        self.genai_seconds.observe(attempt.seconds)
        if not attempt.prompt_tokens and not attempt.completion_tokens:
            return
        self.genai_input_tokens.observe(attempt.prompt_tokens)
        self.genai_output_tokens.observe(attempt.completion_tokens)
        self.cached_tokens.inc(attempt.cached_tokens)
        for counter in self.prompt_tokens:
            counter.inc(attempt.prompt_tokens)
        for counter in self.completion_tokens:
            counter.inc(attempt.completion_tokens)
        for counter in self.cost:
            counter.inc(float(attempt.cost or 0))
