"""Metrics of the worker's parts, read at scrape time."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from catalyst_groq import __version__
from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.domain.budgets import Budget
from catalyst_groq.errors import EngineRefused, EngineUnreachable
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.journal import JournalStatus
from catalyst_groq.observability.call_metrics import MAX_LABEL_VALUES
from catalyst_groq.observability.state_metrics import register_worker_states

TODAY = datetime.now(UTC).date()
BUDGETS = [
    (Budget(f"day:{TODAY}", Decimal(10), "all", TODAY), Decimal("2.5")),
    (Budget(f"definition:ask:{TODAY}", Decimal(1), "ask", TODAY), Decimal("0.5")),
]


def make_parts(**changes):
    outage = OutageMonitor("http://engine")
    for error in (EngineUnreachable("away"), EngineRefused(401, "", "no"), EngineUnreachable("away")):
        outage.record_failure(error)
    outage.record_success()
    poller = SimpleNamespace(
        concurrency=50, polls=7, fetched_tasks=9, outage=outage, lock_renewals={"renewed": 4, "lost": 1}
    )
    parts: dict[str, Any] = {
        "poller": poller,
        "limiter": SimpleNamespace(in_flight=2),
        "monitor": SimpleNamespace(unresponsive_seconds=lambda: {"groq": 31.0, "vllm": 0.0}),
        "backend": SimpleNamespace(is_shared=False, check=list),
        "journal": SimpleNamespace(status=lambda: JournalStatus("disk full", entries=3, bytes=4096)),
        "budgets": SimpleNamespace(daily=lambda: BUDGETS),
    }
    return parts | changes


def figures(**changes):
    registry = CollectorRegistry()
    register_worker_states(registry, **make_parts(**changes))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name.removeprefix("catalyst_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_states_of_the_parts_are_shown():
    shown = figures()
    [build] = [key for key in shown if key[0] == "build_info"]
    del shown[build]

    assert __version__ in build
    assert shown == {
        ("capacity",): 50,
        ("groq_requests_in_flight",): 2,
        ("groq_unresponsive_seconds", "groq"): 31,
        ("groq_unresponsive_seconds", "vllm"): 0,
        ("polls_total",): 7,
        ("tasks_fetched_total",): 9,
        ("engine_errors_total", "unreachable"): 2,
        ("engine_errors_total", "refused"): 1,
        ("engine_outage_seconds",): 0,
        ("lock_renewals_total", "renewed"): 4,
        ("lock_renewals_total", "lost"): 1,
        ("journal_broken",): 1,
        ("journal_entries",): 3,
        ("journal_bytes",): 4096,
        ("limits_shared",): 0,
        ("budget_spent_usd", "day", ""): 2.5,
        ("budget_spent_usd", "definition", "ask"): 0.5,
        ("budget_limit_usd", "day", ""): 10,
        ("budget_limit_usd", "definition", "ask"): 1,
    }


def test_unresponsive_endpoints_have_a_bounded_number_of_series():
    endpoints = {f"host-{number}": float(number) for number in range(10_000)}
    shown = figures(monitor=SimpleNamespace(unresponsive_seconds=lambda: endpoints))
    seconds = {key[1]: figure for key, figure in shown.items() if key[0] == "groq_unresponsive_seconds"}
    assert len(seconds) == MAX_LABEL_VALUES + 1
    assert seconds["other"] == 9_999


def test_states_that_are_unknown_are_left_out():
    shown = {
        name
        for name, *_ in figures(
            backend=InMemoryBackend(),
            journal=SimpleNamespace(status=JournalStatus),
            budgets=SimpleNamespace(daily=list),
        )
    }
    unknown = {"limits_shared", "journal_entries", "journal_bytes", "budget_spent_usd", "budget_limit_usd"}
    assert not unknown & shown
