"""Figures for Prometheus."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Route

SECONDS_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """A watcher that counts. All names begin with `catalyst_`; no label holds anything a process variable says."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"catalyst_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, *labels: str) -> Histogram:
            return Histogram(f"catalyst_{name}", what, labels, registry=registry, buckets=SECONDS_BUCKETS)

        self._tasks = counter("tasks", "Tasks by how they ended", "process", "outcome")
        self._seconds = histogram("task_seconds", "From the fetch to the engine's acknowledgement", "outcome")
        self._groq_seconds = histogram("groq_seconds", "Asking Groq, waits for limits left out", "model")
        self._requests = counter("groq_requests", "Requests sent to Groq", "model")
        self._waited = counter("groq_waited_seconds", "Seconds waited for Groq's limits", "model")
        self._tokens = counter("groq_tokens", "Tokens by kind: prompt, completion", "model", "kind")
        self._cost = counter("groq_cost_usd", "What the answers cost, where the price is known", "model")

        # Looking labels up takes longer than counting.
        self._of_process = cache(self._tasks.labels)
        self._of_outcome = cache(self._seconds.labels)
        self._of_model = cache(self._counters)

    def __call__(self, task: ExternalTask, outcome: Outcome, seconds: float) -> None:
        """Count one task."""
        kind = _kind(outcome)
        self._of_process(task.process_definition_key, kind).inc()
        self._of_outcome(kind).observe(seconds)
        if meta := outcome.variables.get("catalyst_meta"):
            self._of_model(_label(meta["modelUsed"] or meta["modelAsked"])).add(meta)

    def _counters(self, model: str) -> "_ModelCounters":
        return _ModelCounters(
            self._requests.labels(model),
            self._groq_seconds.labels(model),
            self._waited.labels(model),
            self._tokens.labels(model, "prompt"),
            self._tokens.labels(model, "completion"),
            self._cost.labels(model),
        )


class _ModelCounters(NamedTuple):
    """The figures of one model."""

    requests: Counter
    seconds: Histogram
    waited: Counter
    prompt_tokens: Counter
    completion_tokens: Counter
    cost: Counter

    def add(self, meta: Mapping[str, Any]) -> None:
        waited = meta["waitedMs"] / 1000
        self.requests.inc(meta["attemptCount"])
        self.seconds.observe(meta["totalMs"] / 1000 - waited)
        self.waited.inc(waited)
        self.prompt_tokens.inc(meta["promptTokens"] or 0)
        self.completion_tokens.inc(meta["completionTokens"] or 0)
        self.cost.inc(meta["costUsd"] or 0)


class WorkerLoad(Protocol):
    """What is gauged rather than counted."""

    @property
    def active_tasks(self) -> int:
        """Tasks in hand."""

    @property
    def is_ready(self) -> bool:
        """Whether tasks are fetched."""


def register_worker_gauges(registry: CollectorRegistry, load: WorkerLoad) -> None:
    """Show what is going on at the moment of each look."""
    Gauge("catalyst_tasks_in_hand", "Tasks in hand", registry=registry).set_function(lambda: load.active_tasks)
    Gauge("catalyst_ready", "1 while tasks are fetched", registry=registry).set_function(lambda: load.is_ready)


class _OpenCircuits(Collector):
    """Looks at the circuits at the moment of each look."""

    def __init__(self, look: Callable[[], Iterator[Route]]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Count accounts by endpoint and model."""
        shown = GaugeMetricFamily("catalyst_circuits_open", "Accounts left alone", labels=["endpoint", "model"])
        for labels, count in Counts((route.endpoint.name, _label(route.model)) for route in self._look()).items():
            shown.add_metric(labels, count)
        yield shown


def register_circuit_gauges(registry: CollectorRegistry, read: Callable[[], Iterator[Route]]) -> None:
    """Show which circuits are open."""
    registry.register(_OpenCircuits(read))


class _Limits(Collector):
    """Looks at the limits at the moment of each look."""

    def __init__(self, look: Callable[[], Iterable[tuple[str, LimitKind, int, float]]]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Show the limits of the models that the worker knows, as far as they are known."""
        labels = ("model", "limit")
        limits = GaugeMetricFamily("catalyst_groq_limit", "Groq's limits, given or told by Groq", labels=labels)
        remaining = GaugeMetricFamily("catalyst_groq_limit_remaining", "What remains of them now", labels=labels)
        for model, dimension, limit, rest in self._look():
            if known_models().get(model):
                limits.add_metric((model, dimension.name.lower()), limit)
                remaining.add_metric((model, dimension.name.lower()), rest)
        yield from (limits, remaining)


def register_limit_gauges(
    registry: CollectorRegistry, read: Callable[[], Iterable[tuple[str, LimitKind, int, float]]]
) -> None:
    """Show Groq's limits and what remains of them, by model and dimension."""
    registry.register(_Limits(read))


def _label(model: str) -> str:
    """Return a model's name if it is known: any other comes from a process, and could say anything."""
    return model if known_models().get(model) else "other"


def _kind(outcome: Outcome) -> str:
    match outcome:
        case Completion():
            return "completed"
        case BpmnError():
            return "bpmn_error"
        case Unlocked():
            return "given_back"
        case Failure():
            return "failed_try" if outcome.retries else "incident"
