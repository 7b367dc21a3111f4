"""Prometheus metrics."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability.call_metrics import OTHER, SECONDS_BUCKETS, CallMetrics, bounded_label
from catalyst_groq.observability.fast_metrics import FastCounter, FastHistogram

ReadLimits = Callable[[], Iterable[tuple[str, LimitKind, int, float]]]
ReadWaits = Callable[[], Iterable[tuple[str, float]]]


class Metrics(TaskObserver):
    """Counts tasks, and what Groq did for them. No label holds the value of a process variable.

    Models that are not in the `catalog` are counted as `other`, and so is every further value of a label that has
    `MAX_LABEL_VALUES`.
    """

    def __init__(self, registry: CollectorRegistry, catalog: ModelCatalog) -> None:
        def counter(name: str, help_text: str, *labels: str) -> FastCounter:
            return FastCounter(registry, f"catalyst_{name}", help_text, labels)

        def histogram(name: str, help_text: str, *labels: str) -> FastHistogram:
            return FastHistogram(registry, f"catalyst_{name}", help_text, labels, SECONDS_BUCKETS)

        self._catalog = catalog
        self._tasks = counter("tasks", "Tasks by outcome", "process", "outcome")
        self._errors = counter("task_errors", "Tasks with an error by its kind", "process", "outcome", "error_kind")
        self._unreported = counter("tasks_unreported", "Tasks of which the engine accepted no outcome", "process")
        self._seconds = histogram("task_seconds", "Seconds from fetch to the engine's acknowledgement", "outcome")
        self._stage_seconds = histogram("stage_seconds", "Seconds of each stage of a task", "stage")
        self._replaced = counter("models_replaced", "Tasks that another model than theirs answered", "model", "by")
        self._replays = counter("journal_replays", "Tasks that were answered by a stored response")
        self._calls = CallMetrics(registry)
        self._process, self._error_kind = bounded_label(), bounded_label()

    def on_end(self, record: TaskRecord) -> None:
        """Count a task whose outcome the engine has accepted, and what any task has got from Groq."""
        process = self._process(record.task.process_definition_key)
        if record.accepted is None:
            self._unreported.add((process,))
        else:
            outcome = record.outcome_name
            self._tasks.add((process, outcome))
            self._seconds.observe((outcome,), record.seconds)
            if kind := record.error_kind:
                self._errors.add((process, outcome, self._error_kind(kind)))
        for stage, seconds in record.stages.items():
            self._stage_seconds.observe((stage,), seconds)
        if record.call:
            self._count_call(process, record.call)

    def _count_call(self, process: str, call: CallRecord) -> None:
        if call.replayed:
            self._replays.add()
        for attempt in call.attempts:
            self._calls.add(attempt, process, _model_label(attempt.model, self._catalog), call.operation)
        if call.attempts and not call.error_kind and call.attempts[-1].model != call.model_asked:
            asked, by = call.model_asked, call.attempts[-1].model
            self._replaced.add((_model_label(asked, self._catalog), _model_label(by, self._catalog)))


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

    def __init__(self, read: ReadLimits, read_waits: ReadWaits, catalog: ModelCatalog) -> None:
        self._read = read
        self._read_waits = read_waits
        self._catalog = catalog

    def collect(self) -> Iterator[Metric]:
        """Yield the known rate limits of the catalog's models, and the waits of all."""
        labels = ("model", "limit")
        limits = GaugeMetricFamily(
            "catalyst_groq_limit", "Rate limit, configured or reported by a server", labels=labels
        )
        remaining = GaugeMetricFamily("catalyst_groq_limit_remaining", "Remaining rate limit", labels=labels)
        # Other models could be named by process variables: their limits are not comparable, and have no common name.
        for model, kind, limit, left in self._read():
            if self._catalog.get(model):
                limits.add_metric((model, kind.name.lower()), limit)
                remaining.add_metric((model, kind.name.lower()), left)
        waits = GaugeMetricFamily(
            "catalyst_groq_limit_wait_seconds", "Seconds that requests wait for a rate limit", labels=["model"]
        )
        longest: dict[str, float] = {}
        for model, seconds in self._read_waits():
            label = _model_label(model, self._catalog)
            longest[label] = max(seconds, longest.get(label, 0.0))
        for label, seconds in longest.items():
            waits.add_metric([label], seconds)
        yield from (limits, remaining, waits)


def register_limit_gauges(
    registry: CollectorRegistry, read: ReadLimits, read_waits: ReadWaits, catalog: ModelCatalog
) -> None:
    """Register the gauges of rate limits.

    `read` yields model, kind, limit and what remains of it; `read_waits` yields model and seconds.
    """
    registry.register(_Limits(read, read_waits, catalog))


def _model_label(model: str, catalog: ModelCatalog) -> str:
    """Return a model's name if it is in the catalog: any other comes from a process, and could hold personal data."""
    return model if catalog.get(model) else OTHER
