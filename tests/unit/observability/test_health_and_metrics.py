"""What an orchestrator and Prometheus see of a worker."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from prometheus_client import CollectorRegistry

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability.health import health_server, is_healthy
from catalyst_groq.observability.metrics import (
    Metrics,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)
from support.factories import make_task

pytestmark = pytest.mark.anyio
META = {
    "modelAsked": "openai/gpt-oss-120b",
    "modelUsed": "openai/gpt-oss-120b",
    "promptTokens": 10,
    "completionTokens": 5,
    "costUsd": 0.25,
    "attemptCount": 2,
    "waitedMs": 500,
    "totalMs": 1500,
}


@dataclass
class Pulse:
    is_stalled: bool = False
    is_ready: bool = True
    active_tasks: int = 3


async def status(port, path):
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}{path}")).status_code


async def test_an_engine_that_is_away_makes_a_worker_unready_and_not_dead():
    async with health_server(0, Pulse(is_ready=False), CollectorRegistry()) as port:
        assert (await status(port, "/health/live"), await status(port, "/health/ready")) == (200, 503)
        assert await is_healthy(port)


async def test_a_loop_that_hangs_makes_a_worker_dead():
    async with health_server(0, Pulse(is_stalled=True), CollectorRegistry()) as port:
        assert await status(port, "/health/live") == 503
        assert not await is_healthy(port)


async def test_nobody_at_the_port_is_not_healthy():
    async with health_server(0, Pulse(), CollectorRegistry()) as port:
        pass
    assert not await is_healthy(port)


async def test_a_port_that_is_taken_is_said():
    async with health_server(0, Pulse(), CollectorRegistry()) as port:
        with pytest.raises(SettingsError, match=f"CATALYST_HTTP_PORT={port} cannot be used"):
            async with health_server(port, Pulse(), CollectorRegistry()):
                pass


async def test_tasks_tokens_and_waits_are_counted_and_shown():
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    register_worker_gauges(registry, Pulse())
    task = make_task({})
    for outcome in (
        Completion({"catalyst_meta": META}),
        BpmnError("RATE_LIMITED", "m", {}),
        Failure("m", retries=2, retry_timeout=timedelta()),
        Failure("m"),
    ):
        metrics(task, outcome, 0.3)

    def value(name, **labels):
        return registry.get_sample_value(f"catalyst_{name}", labels)

    process = task.process_definition_key
    kinds = ("completed", "bpmn_error", "failed_try", "incident")
    assert [value("tasks_total", process=process, outcome=kind) for kind in kinds] == [1, 1, 1, 1]
    model = META["modelUsed"]
    assert value("groq_tokens_total", model=model, kind="prompt") == 10
    assert value("groq_requests_total", model=model) == 2
    assert value("groq_waited_seconds_total", model=model) == 0.5
    assert value("groq_cost_usd_total", model=model) == 0.25
    assert value("groq_seconds_sum", model=model) == 1.0
    assert (value("tasks_in_hand"), value("ready")) == (3, 1)


async def test_a_models_name_from_a_process_variable_is_no_label():
    registry = CollectorRegistry()
    Metrics(registry)(make_task({}), Completion({"catalyst_meta": META | {"modelUsed": "Max, IBAN DE12"}}), 0.1)

    assert registry.get_sample_value("catalyst_groq_requests_total", {"model": "other"}) == 2


async def test_open_circuits_are_shown_by_endpoint_and_known_model():
    registry = CollectorRegistry()
    endpoint = Endpoint("main", Account("http://main", "the-key-of-main"))
    models = ("openai/gpt-oss-120b", "Max, IBAN DE12", "Max, IBAN DE13")
    register_circuit_gauges(registry, lambda: iter([Route(endpoint, model) for model in models]))

    def value(model):
        return registry.get_sample_value("catalyst_circuits_open", {"endpoint": "main", "model": model})

    assert (value(models[0]), value("other"), value(models[1])) == (1, 2, None)


async def test_limits_and_what_remains_of_them_are_shown():
    registry = CollectorRegistry()
    model = META["modelUsed"]
    figures = [(model, LimitKind.TPM, 8000, 7500.5), ("Max, IBAN DE12", LimitKind.TPM, 1, 1)]
    register_limit_gauges(registry, lambda: figures)

    labels = {"model": model, "limit": "tpm"}
    assert registry.get_sample_value("catalyst_groq_limit", labels) == 8000
    assert registry.get_sample_value("catalyst_groq_limit_remaining", labels) == 7500.5
    assert {sample.labels["model"] for metric in registry.collect() for sample in metric.samples} == {model}
