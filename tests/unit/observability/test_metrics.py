"""Prometheus metrics."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, FailureCause, Unlocked
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import parse_catalog, shipped_catalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.observability.metrics import (
    Metrics,
    register_account_gauges,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)
from support.all_metrics import observe_tasks
from support.factories import make_attempt_record, make_call_record, make_record, make_task

CATALOG = shipped_catalog()
MODEL = "openai/gpt-oss-120b"
PERSONAL = "Max, IBAN DE12"
"""A model that a process took from a variable."""
CALL = make_call_record(make_attempt_record(MODEL, waited=0.5), make_attempt_record(MODEL))


@dataclass
class FakeLoad:
    is_ready: bool = True
    active_tasks: int = 3


def read(registry, name, **labels):
    return registry.get_sample_value(f"catalyst_{name}", labels)


def samples(registry):
    return [sample for metric in registry.collect() for sample in metric.samples]


def test_metrics_count_tasks_by_process_and_outcome():
    registry = CollectorRegistry()
    metrics = Metrics(registry, CATALOG)
    for outcome in (
        Completion({}),
        BpmnError("RATE_LIMITED", "m", {}),
        Failure("m", retries=2, retry_timeout=timedelta()),
        Failure("m"),
        Unlocked(),
    ):
        metrics.on_end(make_record(outcome, seconds=0.3))

    for label in ("completed", "bpmn_error", "failed_attempt", "incident", "unlocked"):
        assert read(registry, "tasks_total", process="ask", outcome=label) == 1
        assert read(registry, "task_seconds_sum", outcome=label) == pytest.approx(0.3)


def test_metrics_count_requests_tokens_cost_and_waits():
    registry = CollectorRegistry()
    Metrics(registry, CATALOG).on_end(make_record(Completion({}, call=CALL)))

    assert read(registry, "groq_tokens_total", model=MODEL, kind="prompt") == 20
    assert read(registry, "groq_tokens_total", model=MODEL, kind="completion") == 10
    assert read(registry, "groq_requests_total", model=MODEL) == 2
    assert read(registry, "groq_waited_seconds_total", model=MODEL) == 0.5
    assert read(registry, "groq_cost_usd_total", model=MODEL) == 0.5
    assert read(registry, "groq_seconds_sum", model=MODEL) == 1.0


def test_metrics_count_the_call_of_a_task_whose_outcome_is_not_accepted():
    registry = CollectorRegistry()
    Metrics(registry, CATALOG).on_end(make_record(None, handled=Completion({}, call=CALL)))

    assert read(registry, "groq_cost_usd_total", model=MODEL) == 0.5
    assert read(registry, "tasks_total", process="ask", outcome="completed") is None


def count_requests(catalog, model):
    registry = CollectorRegistry()
    call = make_call_record(make_attempt_record(model))
    Metrics(registry, catalog).on_end(make_record(Completion({}, call=call)))
    return {sample.labels["model"] for sample in samples(registry) if sample.name == "catalyst_groq_requests_total"}


def test_metrics_label_unknown_models_as_other():
    assert count_requests(CATALOG, PERSONAL) == {"other"}


def test_metrics_label_models_of_their_own_catalog():
    model = "acme/own-model"
    entry = f"{{id: {model}, status: production}}"
    catalog = parse_catalog(f"{{dated: 2026-11-28, default: {model}, models: [{entry}]}}")

    assert count_requests(catalog, model) == {model}


def test_metrics_count_errors_by_process_outcome_and_kind():
    registry = CollectorRegistry()
    metrics = Metrics(registry, CATALOG)
    metrics.on_end(make_record(Failure("m", cause=FailureCause.FIELD)))
    metrics.on_end(make_record(BpmnError("X", "m", call=make_call_record(error_kind="rate_limited"))))
    metrics.on_end(make_record(Completion({}, call=CALL)))

    assert read(registry, "task_errors_total", process="ask", outcome="incident", error_kind="field") == 1
    assert read(registry, "task_errors_total", process="ask", outcome="bpmn_error", error_kind="rate_limited") == 1
    assert len([sample for sample in samples(registry) if sample.name == "catalyst_task_errors_total"]) == 2


def test_metrics_count_tasks_without_an_accepted_outcome():
    registry = CollectorRegistry()
    Metrics(registry, CATALOG).on_end(make_record(None))
    assert read(registry, "tasks_unreported_total", process="ask") == 1


def test_metrics_show_the_seconds_of_each_stage():
    registry = CollectorRegistry()
    observe_tasks(Metrics(registry, CATALOG))
    stages = {sample.labels["stage"] for sample in samples(registry) if sample.name == "catalyst_stage_seconds_count"}

    assert stages == {"queue", "prepare", "limit", "groq", "judge", "report"}
    assert read(registry, "stage_seconds_sum", stage="queue") == 7
    assert read(registry, "stage_seconds_sum", stage="limit") == 0.5


@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        ({"status": 429, "result": "429 rate_limit_exceeded"}, "429"),
        ({"status": None, "result": "timed out"}, "timed_out"),
        ({}, "200"),
    ],
)
def test_metrics_count_requests_by_status(attempt, status):
    registry = CollectorRegistry()
    call = make_call_record(make_attempt_record(**attempt))
    Metrics(registry, CATALOG).on_end(make_record(Completion({}, call=call)))
    error = "" if status == "200" else status
    genai = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "groq", "gen_ai_request_model": MODEL}

    assert read(registry, "groq_responses_total", endpoint="groq", status=status) == 1
    name = "gen_ai_client_operation_duration_seconds_count"
    assert registry.get_sample_value(name, {**genai, "error_type": error}) == 1


def test_metrics_do_not_count_a_request_that_was_held_back():
    registry = CollectorRegistry()
    call = make_call_record(make_attempt_record(sent=False, status=None, result="held back", waited=2.0))
    Metrics(registry, CATALOG).on_end(make_record(Completion({}, call=call)))

    assert read(registry, "groq_responses_total", endpoint="groq", status="held_back") is None
    assert read(registry, "groq_waited_seconds_total", model=MODEL) == 2


def test_metrics_show_tokens_and_cost_by_process():
    registry = CollectorRegistry()
    Metrics(registry, CATALOG).on_end(make_record(Completion({}, call=CALL)))
    genai = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "groq", "gen_ai_request_model": MODEL}

    assert read(registry, "process_tokens_total", process="ask", model=MODEL, kind="prompt") == 20
    assert read(registry, "process_tokens_total", process="ask", model=MODEL, kind="completion") == 10
    assert read(registry, "process_cost_usd_total", process="ask", model=MODEL) == 0.5
    assert read(registry, "groq_cached_tokens_total", model=MODEL) == 8
    name = "gen_ai_client_token_usage_sum"
    assert registry.get_sample_value(name, {**genai, "gen_ai_token_type": "input"}) == 20
    assert registry.get_sample_value(name, {**genai, "gen_ai_token_type": "output"}) == 10


def test_metrics_count_replays_and_models_that_were_replaced():
    registry = CollectorRegistry()
    observe_tasks(Metrics(registry, CATALOG))

    assert read(registry, "journal_replays_total") == 1
    assert read(registry, "models_replaced_total", model="llama-3.3-70b-versatile", by=MODEL) == 1


@pytest.mark.slow
def test_metrics_have_a_bounded_number_of_series():
    """Ten thousand models, processes, endpoints, statuses and error kinds, as processes and servers may name them."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, CATALOG)

    def observe(numbers):
        for number in numbers:
            names = {"endpoint": f"e{number}", "provider": f"e{number}", "status": number, "result": "x"}
            call = make_call_record(
                make_attempt_record(f"model of Max {number}", **names),
                model_asked=f"asked {number}",
                error_kind=f"kind {number}" if number % 2 else "",
            )
            metrics.on_end(make_record(Failure("m", call=call), make_task({}, processDefinitionKey=f"p{number}")))
        return sum(1 for sample in samples(registry) if not sample.name.endswith("_created"))

    observe(range(300))
    count = observe(range(300, 600))
    assert observe(range(600, 10_000)) == count
    assert "Max" not in generate_latest(registry).decode()


def test_worker_gauges_are_read_at_scrape_time():
    registry, load = CollectorRegistry(), FakeLoad()
    register_worker_gauges(registry, load)
    assert (read(registry, "tasks_in_hand"), read(registry, "ready")) == (3, 1)
    load.active_tasks, load.is_ready = 0, False

    assert (read(registry, "tasks_in_hand"), read(registry, "ready")) == (0, 0)


def test_circuit_gauges_count_by_endpoint_and_known_model():
    registry = CollectorRegistry()
    endpoint = Endpoint("main", Account("http://main", "the-key-of-main"))
    routes = [Route(endpoint, model) for model in (MODEL, PERSONAL, "Max, IBAN DE13")]
    register_circuit_gauges(registry, lambda: iter(routes), CATALOG)

    counts = [read(registry, "circuits_open", endpoint="main", model=model) for model in (MODEL, "other", PERSONAL)]
    assert counts == [1, 2, None]


def test_limit_gauges_show_known_models_only():
    registry = CollectorRegistry()
    limits = [(MODEL, LimitKind.TPM, 8000, 7500.5), (PERSONAL, LimitKind.TPM, 1, 1)]
    register_limit_gauges(registry, lambda: limits, list, CATALOG)

    assert read(registry, "groq_limit", model=MODEL, limit="tpm") == 8000
    assert read(registry, "groq_limit_remaining", model=MODEL, limit="tpm") == 7500.5
    assert {sample.labels["model"] for metric in registry.collect() for sample in metric.samples} == {MODEL}


def test_limit_waits_of_models_from_processes_are_one():
    registry = CollectorRegistry()
    waits = [(MODEL, 20.0), (PERSONAL, 3.0), ("Max, IBAN DE13", 2.0)]
    register_limit_gauges(registry, list, lambda: waits, CATALOG)

    names = (MODEL, "other", PERSONAL)
    assert [read(registry, "groq_limit_wait_seconds", model=name) for name in names] == [20.0, 3.0, None]


def test_account_gauges_count_by_endpoint():
    registry = CollectorRegistry()
    endpoints = [Endpoint("main", Account("http://main", key)) for key in ("one", "two")]
    register_account_gauges(registry, lambda: endpoints)
    assert read(registry, "accounts_paused", endpoint="main") == 2
