"""The benchmark of replicas: shares, the report, and the simulation of many replicas before one Redis."""

from http import HTTPStatus
from typing import Any

import pytest

from bench import metered_groq
from bench.figures import Load
from bench.limit_simulation import EndlessEngine, SimulatedRun, Simulation, simulate
from bench.metered_groq import COMPLETION_TOKENS, PROMPT_TOKENS, MeteredGroq
from bench.replicas import FetchTimes, ReplicasRun, shares_while_all_work
from bench.scale_report import ScaleResults, format_scale
from bench.servers import RedisFigures
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits import redis_backend
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.headers import parse_limit_updates
from catalyst_groq.groq.rate_limits.queue import Ticket
from catalyst_groq.groq.rate_limits.redis_backend import RedisBackend
from support.rate_limiter import chat_request

pytestmark = pytest.mark.anyio
PLAN = ModelLimits(rpm=600, tpm=150_000)


def test_shares_count_from_the_last_start_to_the_first_end():
    shares, late = shares_while_all_work([[1, 2, 3, 4, 5], [3, 3.5, 4, 6]])

    assert (shares, late) == ([3, 3], 2)


def test_shares_of_a_worker_without_a_task_are_zero():
    assert shares_while_all_work([[1, 2], []]) == ([2, 0], float("inf"))


def make_results(*, completed=(100, 100), round_trips=2.0, share=1.0, refused=0, smoke=False):
    run = ReplicasRun(1, 2, Load(150.0, 1.5, 50, 0.1), round_trips, completed, 0.5)
    simulated = SimulatedRun(Simulation(100, PLAN, 30), share, 10.0, refused, 0, 500, 2.0, 200.0, 0.2)
    fetches = [FetchTimes("another node", 5, [0.1] * 98 + [4.9] * 2)]
    return ScaleResults({"Machine": "test"}, smoke, [run], fetches, [simulated])


def verdicts(results):
    bounds = format_scale(results).split("## Bounds")[1].split("## ")[0]
    return [line.split("|")[-2].strip() for line in bounds.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize(
    ("missed", "number"),
    [({"round_trips": 2.1}, 0), ({"completed": (122, 100)}, 1), ({"share": 0.94}, 2), ({"refused": 1}, 3)],
)
def test_scale_report_names_each_bound_that_is_missed(missed, number):
    assert verdicts(make_results()) == ["yes"] * 4
    assert [verdict != "yes" for verdict in verdicts(make_results(**missed))] == [at == number for at in range(4)]


def test_scale_report_has_percentiles_and_no_bounds_when_short():
    text = format_scale(make_results(smoke=True))

    assert "## Bounds" not in text
    assert "| another node | 5 s | 100 | 100 ms | 4900 ms |" in text


async def test_metered_groq_refuses_beyond_the_plan(monkeypatch):
    monkeypatch.setattr(metered_groq, "RESPONSE_SECONDS", (0, 0))
    groq = MeteredGroq(ModelLimits(rpm=2, tpm=10_000))
    groq.begin()
    responses: list[Any] = [await groq.send(chat_request(max_tokens=1000)) for _ in range(3)]
    (update,) = parse_limit_updates(responses[2])

    assert [response.status for response in responses] == [HTTPStatus.OK] * 2 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert (update.kind, update.limit, groq.requests, groq.refused) == (LimitKind.RPM, 2, 2, 1)
    assert responses[0].usage[::2] == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_endless_engine_offers_a_task_again_after_its_time():
    engine = EndlessEngine()
    engine.give_back("mine", 0)
    engine.give_back("later", 60)

    assert engine.fetch(2) == ["mine", "task-0"]


async def test_redis_figures_count_a_script_as_one_round_trip(redis):
    backend = RedisBackend(redis)
    limits = {LimitKind.RPM: 1}
    await backend.acquire("figures", Ticket(1, "first"), limits, limits)
    before = RedisFigures.read(redis)
    for number in range(3):
        await backend.acquire("figures", Ticket(2, str(number)), limits, limits)
    asked = RedisFigures.read(redis) - before
    await backend.aclose()

    assert asked.scripts == 3
    assert asked.round_trips - asked.scripts <= 3, "the reader's own connection"


@pytest.mark.slow
async def test_simulated_replicas_use_the_plan_without_a_refusal(redis, monkeypatch):
    monkeypatch.setattr(redis_backend, "REDIS_TIMEOUT_SECONDS", 10.0)  # the machine may be busy
    run = await simulate(Simulation(20, PLAN, seconds=10, concurrency=50), redis)

    assert run.refused == 0
    assert run.share >= 0.95
