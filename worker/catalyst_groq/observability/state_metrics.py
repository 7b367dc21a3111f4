"""Metrics of the worker's parts: what they count and the state they are in, read at scrape time.

So they cost a task nothing.
"""

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from catalyst_groq import __version__
from catalyst_groq.camunda.poller import Poller
from catalyst_groq.connector.budgets import BudgetedClient
from catalyst_groq.domain.budgets import Budget
from catalyst_groq.groq.api.unresponsive_endpoints import ResponseMonitor
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import LimiterBackend
from catalyst_groq.journal import Journal
from catalyst_groq.observability.call_metrics import bounded_label

Reading = tuple[tuple[str, ...], float]
"""The values of the labels, and the figure."""

Read = Callable[[], Iterable[Reading]]


@runtime_checkable
class SharedBackend(Protocol):
    """A backend of the rate limiter that workers share while it is available."""

    @property
    def is_shared(self) -> bool:
        """Whether it was available at the last step."""

    async def check(self) -> None:
        """Find out whether it is available."""


class StateMetric(NamedTuple):
    """A metric that is read."""

    name: str
    help: str
    kind: Literal["counter", "gauge"] = "gauge"
    labels: tuple[str, ...] = ()


CAPACITY = StateMetric("catalyst_capacity", "Maximum number of active tasks")
IN_FLIGHT = StateMetric("catalyst_groq_requests_in_flight", "Requests that are being sent to Groq")
UNRESPONSIVE = StateMetric(
    "catalyst_groq_unresponsive_seconds",
    "Seconds for which an endpoint has answered none of its requests; 0 while it responds",
    labels=("endpoint",),
)
POLLS = StateMetric("catalyst_polls", "Polls that the engine has answered", "counter")
FETCHED = StateMetric("catalyst_tasks_fetched", "Tasks that were fetched", "counter")
ENGINE_ERRORS = StateMetric(
    "catalyst_engine_errors", "Polls and reports that failed: unreachable or refused", "counter", ("kind",)
)
ENGINE_OUTAGE = StateMetric("catalyst_engine_outage_seconds", "Seconds for which the engine has not responded; else 0")
LOCK_RENEWALS = StateMetric(
    "catalyst_lock_renewals", "Renewals of locks by result: renewed, failed, lost", "counter", ("result",)
)
JOURNAL_BROKEN = StateMetric("catalyst_journal_broken", "1 while the journal cannot be used, else 0")
JOURNAL_ENTRIES = StateMetric(
    "catalyst_journal_entries", "Stored responses that the engine has not acknowledged (SQLite only)"
)
JOURNAL_BYTES = StateMetric("catalyst_journal_bytes", "Bytes of the journal's file (SQLite only)")
LIMITS_SHARED = StateMetric(
    "catalyst_limits_shared", "1 while the rate limits are shared in Redis, 0 while it is unavailable"
)
BUDGET_SPENT = StateMetric(
    "catalyst_budget_spent_usd", "USD spent of a budget today, as last known", labels=("budget", "process")
)
BUDGET_LIMIT = StateMetric(
    "catalyst_budget_limit_usd", "USD that may be spent of a budget in a day", labels=("budget", "process")
)
BUILD = StateMetric("catalyst_build_info", "The worker's version", labels=("version", "python"))


class _States(Collector):
    """Collects the readings."""

    def __init__(self, readers: Mapping[StateMetric, Read]) -> None:
        self._readers = readers

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its readings now."""
        for (name, help_text, kind, labels), read in self._readers.items():
            metric = Metric(name, help_text, kind)
            suffix = "_total" if kind == "counter" else ""
            for values, figure in read():
                metric.add_sample(name + suffix, dict(zip(labels, values, strict=True)), figure)
            yield metric


def register_states(registry: CollectorRegistry, readers: Mapping[StateMetric, Read]) -> None:
    """Register metrics with the functions that read them."""
    registry.register(_States(readers))


def register_worker_states(  # noqa: PLR0913 -- the parts
    registry: CollectorRegistry,
    *,
    poller: Poller,
    limiter: RateLimitedClient,
    monitor: ResponseMonitor,
    backend: LimiterBackend,
    journal: Journal,
    budgets: BudgetedClient,
) -> None:
    """Register what the parts of a worker count, and the state they are in."""
    endpoint_label = bounded_label()
    readers: dict[StateMetric, Read] = {
        CAPACITY: lambda: _single(poller.concurrency),
        IN_FLIGHT: lambda: _single(limiter.in_flight),
        UNRESPONSIVE: lambda: _longest_by_label(monitor.unresponsive_seconds(), endpoint_label),
        POLLS: lambda: _single(poller.polls),
        FETCHED: lambda: _single(poller.fetched_tasks),
        ENGINE_ERRORS: lambda: _by_label(poller.outage.failures),
        ENGINE_OUTAGE: lambda: _single(poller.outage.seconds),
        LOCK_RENEWALS: lambda: _by_label(poller.lock_renewals),
        JOURNAL_BROKEN: lambda: _single(bool(journal.status().problem)),
        JOURNAL_ENTRIES: lambda: _if_known(journal.status().entries),
        JOURNAL_BYTES: lambda: _if_known(journal.status().bytes),
        BUDGET_SPENT: lambda: [(_budget_labels(budget), float(spent)) for budget, spent in budgets.daily()],
        BUDGET_LIMIT: lambda: [(_budget_labels(budget), float(budget.limit)) for budget, _ in budgets.daily()],
        BUILD: lambda: [((__version__, platform.python_version()), 1.0)],
    }
    if isinstance(backend, SharedBackend):
        readers[LIMITS_SHARED] = lambda: _single(backend.is_shared)
    register_states(registry, readers)


def _single(figure: float) -> list[Reading]:
    return [((), float(figure))]


def _if_known(figure: float | None) -> list[Reading]:
    return [] if figure is None else _single(figure)


def _by_label(figures: Counter[str]) -> list[Reading]:
    return [((label,), float(figure)) for label, figure in figures.copy().items()]


def _longest_by_label(seconds: Mapping[str, float], label: Callable[[str], str]) -> list[Reading]:
    longest: dict[str, float] = {}
    for name, figure in seconds.items():
        longest[label(name)] = max(figure, longest.get(label(name), 0.0))
    return [((name,), figure) for name, figure in longest.items()]


def _budget_labels(budget: Budget) -> tuple[str, str]:
    """Return the labels of the budget of a day: its scope, and the process that it is for."""
    scope, *owner, _ = budget.account.split(":")
    return scope, ":".join(owner)
