"""Prometheus metrics."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalyst_groq.domain.call_records import AttemptRecord
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability.log_context import outcome_name

SECONDS_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics(TaskObserver):
    """Counts tasks, and what Groq did for them. No label holds the value of a process variable.

    Models that are not in the `catalog` are counted as `other`.
    """

    def __init__(self, registry: CollectorRegistry, catalog: ModelCatalog) -> None:
        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"catalyst_{name}", help_text, labels, registry=registry)

        def histogram(name: str, help_text: str, *labels: str) -> Histogram:
            return Histogram(f"catalyst_{name}", help_text, labels, registry=registry, buckets=SECONDS_BUCKETS)

        self._catalog = catalog
        self._tasks = counter("tasks", "Tasks by outcome", "process", "outcome")
        self._seconds = histogram("task_seconds", "Seconds from fetch to the engine's acknowledgement", "outcome")
        self._groq_seconds = histogram("groq_seconds", "Seconds per request to Groq, without waits", "model")
        self._requests = counter("groq_requests", "Requests sent to Groq", "model")
        self._waited = counter("groq_waited_seconds", "Seconds waited for rate limits and retries", "model")
        self._tokens = counter("groq_tokens", "Tokens used, by kind: prompt or completion", "model", "kind")
        self._cost = counter("groq_cost_usd", "Cost of responses in USD, of models with a known price", "model")

        # Looking up labels takes longer than counting.
        self._of_process = cache(self._tasks.labels)
        self._of_outcome = cache(self._seconds.labels)
        self._of_model = cache(self._make_model_counters)

    def on_end(self, record: TaskRecord) -> None:
        """Count a task whose outcome the engine has accepted, and what any task has got from Groq."""
        if outcome := record.accepted:
            label = outcome_name(outcome)
            self._of_process(record.task.process_definition_key, label).inc()
            self._of_outcome(label).observe(record.seconds)
        for attempt in record.call.attempts if record.call else ():
            self._of_model(_model_label(attempt.model, self._catalog)).add(attempt)

    def _make_model_counters(self, model: str) -> "_ModelCounters":
        return _ModelCounters(
            self._requests.labels(model),
            self._groq_seconds.labels(model),
            self._waited.labels(model),
            self._tokens.labels(model, "prompt"),
            self._tokens.labels(model, "completion"),
            self._cost.labels(model),
        )


class _ModelCounters(NamedTuple):
    """The metrics of one model."""

    requests: Counter
    seconds: Histogram
    waited: Counter
    prompt_tokens: Counter
    completion_tokens: Counter
    cost: Counter

    def add(self, attempt: AttemptRecord) -> None:
        """Add one attempt."""
        if attempt.sent:
            self.requests.inc()
            self.seconds.observe(attempt.seconds)
        self.waited.inc(attempt.waited)
        self.prompt_tokens.inc(attempt.prompt_tokens)
        self.completion_tokens.inc(attempt.completion_tokens)
        self.cost.inc(float(attempt.cost or 0))


class WorkerLoad(Protocol):
    """The state that the worker's gauges show."""

    @property
    def active_tasks(self) -> int:
        """Tasks that the worker has locked and not reported yet."""

    @property
    def is_ready(self) -> bool:
        """Whether tasks are being fetched."""


def register_worker_gauges(registry: CollectorRegistry, load: WorkerLoad) -> None:
    """Register gauges that read the worker's state at scrape time."""
    Gauge("catalyst_tasks_in_hand", "Active tasks", registry=registry).set_function(lambda: load.active_tasks)
    Gauge("catalyst_ready", "1 while tasks are fetched, else 0", registry=registry).set_function(lambda: load.is_ready)


class _OpenCircuits(Collector):
    """Collects circuit breaker state at scrape time."""

    def __init__(self, read: Callable[[], Iterator[Route]], catalog: ModelCatalog) -> None:
        self._read = read
        self._catalog = catalog

    def collect(self) -> Iterator[Metric]:
        """Count the accounts with an open circuit breaker, by endpoint and model."""
        gauge = GaugeMetricFamily("catalyst_circuits_open", "Open circuit breakers", labels=["endpoint", "model"])
        counts = Counts((route.endpoint.name, _model_label(route.model, self._catalog)) for route in self._read())
        for labels, count in counts.items():
            gauge.add_metric(labels, count)
        yield gauge


def register_circuit_gauges(
    registry: CollectorRegistry, read: Callable[[], Iterator[Route]], catalog: ModelCatalog
) -> None:
    """Register the gauge of open circuit breakers; `read` yields their routes."""
    registry.register(_OpenCircuits(read, catalog))


class _PausedAccounts(Collector):
    """Collects paused accounts at scrape time."""

    def __init__(self, read: Callable[[], Iterable[Endpoint]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Count the accounts that are refused, by endpoint."""
        gauge = GaugeMetricFamily(
            "catalyst_accounts_paused", "Accounts that are refused: key, credit or organization", labels=["endpoint"]
        )
        for name, count in Counts(endpoint.name for endpoint in self._read()).items():
            gauge.add_metric([name], count)
        yield gauge


def register_account_gauges(registry: CollectorRegistry, read: Callable[[], Iterable[Endpoint]]) -> None:
    """Register the gauge of paused accounts; `read` returns their endpoints."""
    registry.register(_PausedAccounts(read))


class _Limits(Collector):
    """Collects rate limits at scrape time."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, LimitKind, int, float]]], catalog: ModelCatalog) -> None:
        self._read = read
        self._catalog = catalog

    def collect(self) -> Iterator[Metric]:
        """Yield the known rate limits of the catalog's models. Other models could be named by process variables."""
        labels = ("model", "limit")
        limits = GaugeMetricFamily(
            "catalyst_groq_limit", "Rate limit, configured or reported by a server", labels=labels
        )
        remaining = GaugeMetricFamily("catalyst_groq_limit_remaining", "Remaining rate limit", labels=labels)
        for model, kind, limit, left in self._read():
            if self._catalog.get(model):
                limits.add_metric((model, kind.name.lower()), limit)
                remaining.add_metric((model, kind.name.lower()), left)
        yield from (limits, remaining)


def register_limit_gauges(
    registry: CollectorRegistry, read: Callable[[], Iterable[tuple[str, LimitKind, int, float]]], catalog: ModelCatalog
) -> None:
    """Register the gauges of rate limits; `read` yields model, kind, limit and what remains of it."""
    registry.register(_Limits(read, catalog))


def _model_label(model: str, catalog: ModelCatalog) -> str:
    """Return a model's name if it is in the catalog: any other comes from a process, and could hold personal data."""
    return model if catalog.get(model) else "other"
