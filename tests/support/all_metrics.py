"""A registry with every metric of the worker, each with a figure: what documents, dashboards and alerts may name."""

from functools import partial

from prometheus_client import CollectorRegistry

from catalyst_groq.domain.outcomes import Completion, Failure, FailureCause
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability import state_metrics
from catalyst_groq.observability.metrics import (
    Metrics,
    register_account_gauges,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)
from catalyst_groq.observability.state_metrics import Reading, StateMetric, register_states
from support.factories import make_attempt_record, make_call_record, make_record, make_task

MODEL = "openai/gpt-oss-120b"
ENDPOINT = Endpoint("groq", Account("http://groq", "the-key-of-groq"))
TIMES = {"createTime": "2026-11-28T10:00:00.000+0000", "lockExpirationTime": "2026-11-28T10:01:07.000+0000"}


class Load:
    is_ready = True
    active_tasks = 3


def observe_tasks(metrics: Metrics) -> None:
    """Show a task of each kind to the metrics."""
    call = make_call_record(make_attempt_record(waited=0.5), model_asked="llama-3.3-70b-versatile", replayed=True)
    metrics.on_end(make_record(Completion({}, call=call), make_task(**TIMES)))
    metrics.on_end(make_record(Failure("m", cause=FailureCause.FIELD)))
    metrics.on_end(make_record(None))


def read_one(state: StateMetric) -> list[Reading]:
    """Return one reading of a metric."""
    return [(("x",) * len(state.labels), 1.0)]


def all_metrics() -> CollectorRegistry:
    """Return the registry."""
    registry, catalog = CollectorRegistry(), shipped_catalog()
    observe_tasks(Metrics(registry, catalog))
    register_worker_gauges(registry, Load())
    register_circuit_gauges(registry, lambda: iter([Route(ENDPOINT, MODEL)]), catalog)
    register_account_gauges(registry, lambda: [ENDPOINT])
    register_limit_gauges(registry, lambda: [(MODEL, LimitKind.TPM, 8000, 7500.5)], lambda: [(MODEL, 50.0)], catalog)
    states = [value for value in vars(state_metrics).values() if isinstance(value, StateMetric)]
    register_states(registry, {state: partial(read_one, state) for state in states})
    return registry
