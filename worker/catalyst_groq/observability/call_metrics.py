"""Metrics of the requests to Groq, and labels with a bounded number of values."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from catalyst_groq.domain.call_records import AttemptRecord
from catalyst_groq.groq.routing.call_result import ANSWERED
from catalyst_groq.observability.fast_metrics import FastCounter, FastHistogram

SECONDS_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
GENAI_SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
GENAI_TOKENS_BUCKETS = tuple(4**exponent for exponent in range(14))
"""The bounds that OpenTelemetry's conventions for generative AI name."""

GENAI_LABELS = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")
MAX_LABEL_VALUES = 200
"""Of one label: a modeller may deploy any number of processes."""

OTHER = "other"


def bounded_label(max_values: int = MAX_LABEL_VALUES) -> Callable[[str], str]:
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


class CallMetrics:
    """Counts attempts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_text: str, *labels: str) -> FastCounter:
            return FastCounter(registry, f"catalyst_{name}", help_text, labels)

        self._seconds = FastHistogram(
            registry, "catalyst_groq_seconds", "Seconds per request to Groq, without waits", ["model"], SECONDS_BUCKETS
        )
        self._requests = counter("groq_requests", "Requests sent to Groq", "model")
        self._results = counter("groq_responses", "Requests by HTTP status, or why there is none", "endpoint", "status")
        self._waited = counter("groq_waited_seconds", "Seconds waited for rate limits and retries", "model")
        self._tokens = counter("groq_tokens", "Tokens used, by kind: prompt or completion", "model", "kind")
        self._cached = counter("groq_cached_tokens", "Tokens of prompts that were cached", "model")
        self._cost = counter("groq_cost_usd", "Cost of responses in USD, of models with a known price", "model")
        self._process_tokens = counter("process_tokens", "Tokens used by process", "process", "model", "kind")
        self._process_cost = counter("process_cost_usd", "Cost of responses in USD by process", "process", "model")
        self._genai_seconds = FastHistogram(
            registry,
            "gen_ai_client_operation_duration_seconds",
            "Duration of a request (OpenTelemetry's gen_ai.client.operation.duration)",
            [*GENAI_LABELS, "error_type"],
            GENAI_SECONDS_BUCKETS,
        )
        self._genai_tokens = FastHistogram(
            registry,
            "gen_ai_client_token_usage",
            "Tokens of a request (OpenTelemetry's gen_ai.client.token.usage)",
            [*GENAI_LABELS, "gen_ai_token_type"],
            GENAI_TOKENS_BUCKETS,
        )
        self._endpoint, self._status = bounded_label(), bounded_label()

    def add(self, attempt: AttemptRecord, process: str, model: str, operation: str) -> None:
        """Count an attempt; `process` and `model` are labels."""
        if attempt.waited:
            self._waited.add((model,), attempt.waited)
        if not attempt.sent:
            return
        endpoint, status = self._endpoint(attempt.endpoint), self._status(_status_of(attempt))
        provider = endpoint if attempt.provider == attempt.endpoint else attempt.provider
        error = "" if attempt.result == ANSWERED else status
        self._requests.add((model,))
        self._results.add((endpoint, status))
        self._seconds.observe((model,), attempt.seconds)
        self._genai_seconds.observe((operation, provider, model, error), attempt.seconds)
        for kind, genai_kind, tokens in (
            ("prompt", "input", attempt.prompt_tokens),
            ("completion", "output", attempt.completion_tokens),
        ):
            if tokens:
                self._tokens.add((model, kind), tokens)
                self._process_tokens.add((process, model, kind), tokens)
                self._genai_tokens.observe((operation, provider, model, genai_kind), tokens)
        if attempt.cached_tokens:
            self._cached.add((model,), attempt.cached_tokens)
        if attempt.cost:
            cost = float(attempt.cost)
            self._cost.add((model,), cost)
            self._process_cost.add((process, model), cost)


def _status_of(attempt: AttemptRecord) -> str:
    """Return the HTTP status, or the reason why there is none."""
    return attempt.result.partition(":")[0].replace(" ", "_") if attempt.status is None else str(attempt.status)
