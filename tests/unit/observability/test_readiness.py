"""Whether a worker is ready, and why not."""

from types import SimpleNamespace
from typing import Any

import pytest

from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.errors import EngineUnreachable, JournalError
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.journal import BestEffortJournal, NullJournal, RequiredJournal
from catalyst_groq.journal.availability import check_writable
from catalyst_groq.observability import readiness
from catalyst_groq.observability.readiness import Check, CheckStatus, Readiness, is_ready, to_json

pytestmark = pytest.mark.anyio

KEY = "the-key-of-redis"


class FullDisk(NullJournal):
    """A journal that cannot be written until there is room."""

    is_full = True

    async def store(self, key, response):
        if self.is_full:
            raise JournalError("disk full")


def make_poller(*, outage=False, **state):
    monitor = OutageMonitor("http://engine")
    if outage:
        monitor.record_failure(EngineUnreachable("away"))
    defaults = {"is_stopping": False, "is_stalled": False, "has_connected": True, "outage": monitor}
    return SimpleNamespace(**(defaults | state))


async def check(**parts):
    known: dict[str, Any] = {
        "poller": make_poller(),
        "journal": NullJournal(),
        "backend": InMemoryBackend(),
        "blocked_endpoints": list,
        "paused_endpoints": list,
        "open_circuits": list,
        "unresponsive_seconds": dict,
        "limit_waits": list,
        "exhausted_budgets": list,
        "mask": lambda text: text.replace(KEY, "***"),
    }
    checks = await Readiness(**(known | parts)).checks()
    problems = {name: (found.status.value, found.problem) for name, found in checks.items() if found.problem}
    assert is_ready(checks.values()) is ("failed" not in {status for status, _ in problems.values()})
    return problems


async def test_worker_whose_parts_work_is_ready():
    assert await check() == {}


async def test_engine_that_is_away_for_a_moment_leaves_the_worker_ready():
    [(status, problem)] = (await check(poller=make_poller(outage=True))).values()
    assert status == "warning"
    assert problem.startswith("it has refused or not answered requests for 0")


async def test_engine_that_stays_away_makes_the_worker_unready(monkeypatch):
    monkeypatch.setattr(readiness, "ENGINE_GRACE_SECONDS", 0.0)
    problems = await check(poller=make_poller(outage=True))
    assert problems["engine"][0] == "failed"


@pytest.mark.parametrize(
    ("state", "part", "problem"),
    [
        ({"has_connected": False}, "engine", "it has not responded since the worker started"),
        ({"is_stopping": True}, "worker", "it is stopping"),
        ({"is_stalled": True}, "worker", "its fetch hangs"),
    ],
)
async def test_worker_that_fetches_no_tasks_is_unready(state, part, problem):
    assert await check(poller=make_poller(**state)) == {part: ("failed", problem)}


async def test_refused_keys_make_the_worker_unready_if_no_other_works():
    assert await check(paused_endpoints=lambda: ["b", "a", "a"]) == {
        "key": ("warning", "the account is refused by a, b")
    }
    assert await check(blocked_endpoints=lambda: ["a"]) == {"key": ("failed", "the account is refused by a")}


async def test_groq_that_is_away_leaves_the_worker_ready():
    assert await check(open_circuits=lambda: iter(["x"])) == {"groq": ("warning", "1 circuit breakers are open")}


async def test_unresponsive_endpoint_leaves_the_worker_ready():
    seconds = {"vllm": 0.0, "b": 95.4, "a": 31.0}
    assert await check(unresponsive_seconds=lambda: {"vllm": 0.0}) == {}
    problem = "a has answered no request for 31 s; b has answered no request for 1 min 35 s"
    assert await check(unresponsive_seconds=lambda: seconds) == {"groq": ("warning", problem)}
    both = await check(unresponsive_seconds=lambda: seconds, open_circuits=lambda: iter(["x"]))
    assert both == {"groq": ("warning", f"{problem}; 1 circuit breakers are open")}


@pytest.mark.parametrize(("kind", "status"), [(RequiredJournal, "failed"), (BestEffortJournal, "warning")])
async def test_broken_journal_makes_the_worker_unready_if_required(kind, status):
    journal = kind(FullDisk())
    await check_writable(journal)
    assert (await check(journal=journal))["journal"][0] == status


async def test_required_journal_that_works_again_makes_the_worker_ready():
    journal = RequiredJournal(full_disk := FullDisk())
    await check_writable(journal)
    assert await check(journal=journal)
    full_disk.is_full = False
    assert await check(journal=journal) == {}


async def test_redis_that_is_away_leaves_the_worker_ready():
    away = SimpleNamespace(is_shared=False, check=list)
    assert await check(backend=away) == {
        "redis": ("warning", "it is unavailable: each worker enforces the rate limits on its own")
    }
    assert await check(backend=SimpleNamespace(is_shared=True, check=list)) == {}


async def test_reached_rate_limits_leave_the_worker_ready():
    assert await check(limit_waits=lambda: iter([("a", 9.9)])) == {}, "a short wait is ordinary"
    assert await check(limit_waits=lambda: iter([("a", 60.0), ("b", 7200.0), ("c", 1.0)])) == {
        "limits": ("warning", "requests wait for rate limits (models: 2), for up to 2 h")
    }


async def test_spent_budgets_leave_the_worker_ready():
    assert await check(exhausted_budgets=lambda: iter(["2 of 1 USD"])) == {"budgets": ("warning", "2 of 1 USD")}
    assert await check(exhausted_budgets=lambda: iter("abc")) == {"budgets": ("warning", "a; and 2 more")}


async def test_checks_show_no_key():
    journal = SimpleNamespace(status=lambda: SimpleNamespace(problem=f"redis://:{KEY}@host", is_required=False))
    assert await check(journal=journal) == {"journal": ("warning", "redis://:***@host")}


def test_checks_as_json():
    checks = {"engine": Check(), "key": Check(CheckStatus.FAILED, "the account is refused by a")}
    assert to_json(checks) == {
        "status": "not ready",
        "checks": {"engine": {"status": "ok"}, "key": {"status": "failed", "problem": "the account is refused by a"}},
    }
    assert to_json({})["status"] == "ready"
