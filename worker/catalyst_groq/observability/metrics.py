"""Prometheus metrics."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalyst_groq.domain.call_records import AttemptRecord, CallRecord
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.call_result import ANSWERED
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability.call_metrics import (
    MAX_LABEL_VALUES,
    OTHER,
    SECONDS_BUCKETS,
    AttemptLabels,
    CallMetrics,
    bounded_label,
)
from catalyst_groq.observability.log_context import outcome_name

MAX_CACHED_LABELS = 4096
"""Sets of labels whose metrics are looked up once."""


class Metrics(TaskObserver):
    """Counts tasks, and what Groq did for them. No label holds the value of a process variable.

    Models that are not in the `catalog` are counted as `other`, and so is every further value of a label that has
    `MAX_LABEL_VALUES`.
    """

    def __init__(self, registry: CollectorRegistry, catalog: ModelCatalog) -> None:
        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"catalyst_{name}", help_text, labels, registry=registry)

        def histogram(name: str, help_text: str, *labels: str) -> Histogram:
            return Histogram(f"catalyst_{name}", help_text, labels, registry=registry, buckets=SECONDS_BUCKETS)

        self._catalog = catalog
        self._tasks = counter("tasks", "Tasks by outcome", "process", "outcome")
        self._errors = counter("task_errors", "Tasks with an error by its kind", "process", "outcome", "error_kind")
        self._unreported = counter("tasks_unreported", "Tasks of which the engine accepted no outcome", "process")
        self._seconds = histogram("task_seconds", "Seconds from fetch to the engine's acknowledgement", "outcome")
        self._stage_seconds = histogram("stage_seconds", "Seconds of each stage of a task", "stage")
        self._replaced = counter("models_replaced", "Tasks that another model than theirs answered", "model", "by")
        self._replays = counter("journal_replays", "Tasks that were answered by a stored response")
        self._calls = CallMetrics(registry, counter, histogram)

        # Looking up labels takes longer than counting.
        self._process = bounded_label(MAX_LABEL_VALUES)
        self._endpoint = bounded_label(MAX_LABEL_VALUES)
        self._status = bounded_label(MAX_LABEL_VALUES)
        self._error_kind = bounded_label(MAX_LABEL_VALUES)
        self._of_process = cache(self._tasks.labels)
        self._of_error = cache(self._errors.labels)
        self._of_outcome = cache(self._seconds.labels)
        self._of_stage = cache(self._stage_seconds.labels)
        self._of_attempt = lru_cache(MAX_CACHED_LABELS)(self._calls.of)

    def on_end(self, record: TaskRecord) -> None:
        """Count a task whose outcome the engine has accepted, and what any task has got from Groq."""
        process = self._process(record.task.process_definition_key)
        if record.accepted is None:
            self._unreported.labels(process).inc()
        else:
            outcome = outcome_name(record.accepted)
            self._of_process(process, outcome).inc()
            self._of_outcome(outcome).observe(record.seconds)
            if kind := record.error_kind:
                self._of_error(process, outcome, self._error_kind(kind)).inc()
        for stage, seconds in record.stages():
            self._of_stage(stage).observe(seconds)
        if record.call:
            self._count_call(process, record.call)

    def _count_call(self, process: str, call: CallRecord) -> None:
        if call.replayed:
            self._replays.inc()
        for attempt in call.attempts:
            endpoint = self._endpoint(attempt.endpoint)
            provider = endpoint if attempt.provider == attempt.endpoint else attempt.provider
            status, model = self._status(_status_label(attempt)), _model_label(attempt.model, self._catalog)
            error = "" if attempt.result == ANSWERED else status
            labels = AttemptLabels(process, model, endpoint, status, provider, call.operation, error)
            self._of_attempt(labels).add(attempt)
        if call.attempts and not call.error_kind and call.attempts[-1].model != call.model_asked:
            asked, answered = (
                _model_label(name, self._catalog) for name in (call.model_asked, call.attempts[-1].model)
            )
            self._replaced.labels(asked, answered).inc()


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
    return model if catalog.get(model) else OTHER


def _status_label(attempt: AttemptRecord) -> str:
    """Return the HTTP status, or the reason why there is none."""
    return attempt.result.partition(":")[0].replace(" ", "_") if attempt.status is None else str(attempt.status)
