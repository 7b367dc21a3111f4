"""The number of tasks that the rate limits leave room for."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits.limiter import (
    EXTRA_FETCH_INTERVAL_SECONDS,
    LONG_WAIT_SECONDS,
    MAX_EXTRA_FETCH_INTERVAL_SECONDS,
    RateLimitedClient,
)
from catalyst_groq.groq.rate_limits.queue import TICKET_TTL_SECONDS, InMemoryBackend
from support.factories import make_response
from support.groq_clients import BlockingGroqClient, FakeGroqClient
from support.rate_limiter import MODEL, OTHER, chat_request, limit_config, limited_to, make_limiter

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("free", "active", "fetchable"),
    [(50, 0, 20), (10, 0, 10), (50, 5, 15)],
    ids=["capacity", "little free", "not sending yet"],
)
async def test_fetchable_tasks_are_those_that_fit_the_limits(free, active, fetchable):
    limiter = make_limiter(limited_to(rpm=21))
    await limiter.send(chat_request())
    assert limiter.fetchable_tasks(free, active) == fetchable


async def test_fetchable_tasks_do_not_count_requests_in_flight_twice():
    client = BlockingGroqClient()
    limiter = make_limiter(limited_to(rpm=21), client=client)
    in_flight = [asyncio.create_task(limiter.send(chat_request())) for _ in range(5)]
    await asyncio.sleep(0)
    fetchable = limiter.fetchable_tasks(50, active=5)
    client.release()
    await asyncio.gather(*in_flight)
    assert fetchable == 16


async def test_fetchable_tasks_before_the_first_request():
    assert make_limiter(limit_config()).fetchable_tasks(50, 0) == 50
    assert make_limiter(limit_config("free")).fetchable_tasks(50, 0) == 1


async def test_fetchable_tasks_follow_the_model_with_most_capacity():
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(chat_request())
    assert limiter.fetchable_tasks(50, 0) == 1, "it may be for another model"
    await limiter.send(chat_request())
    assert limiter.fetchable_tasks(50, 1) == 0, "one waits"

    limiter = make_limiter(limit_config(**{MODEL: ModelLimits(rpm=1), OTHER: ModelLimits(rpm=31)}))
    for model in (MODEL, OTHER):
        await limiter.send(chat_request(model=model))
    assert limiter.fetchable_tasks(50, 0) == 30


@pytest.mark.parametrize(
    ("others", "interval"),
    [
        (0, EXTRA_FETCH_INTERVAL_SECONDS),
        (9, 10 * EXTRA_FETCH_INTERVAL_SECONDS),
        (199, MAX_EXTRA_FETCH_INTERVAL_SECONDS),
    ],
    ids=["alone", "ten workers", "very many"],
)
async def test_extra_fetches_of_many_workers_are_as_many_as_of_one(monkeypatch, others, interval):
    """Each worker with one task that waits in the queue that they share."""
    clock = SimpleNamespace(now=time.monotonic())
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.TICKET_TTL_SECONDS", 1000)
    backend, limits = InMemoryBackend(clock=lambda: clock.now), limited_to(rpm=1)
    limiters = [RateLimitedClient(FakeGroqClient(), backend, limits) for _ in range(1 + others)]
    await limiters[0].send(chat_request())
    for seconds in (0, LONG_WAIT_SECONDS / 2, LONG_WAIT_SECONDS / 2):
        clock.now += seconds
        for number, limiter in enumerate(reversed(limiters)):
            await limiter.send(chat_request(caller=f"task-{number}"))
    assert limiters[0].fetchable_tasks(50, 1) == 1
    fetchable = []
    for seconds in (0.95 * interval, 0.1 * interval):
        clock.now += seconds
        fetchable.append(limiters[0].fetchable_tasks(50, 1))
    assert fetchable == [0, 1]


async def test_fetchable_tasks_forget_callers_that_gave_up(monkeypatch):
    limiter, now = make_limiter(limited_to(rpm=1)), time.monotonic()
    for _ in range(2):
        await limiter.send(chat_request())
    assert limiter.fetchable_tasks(50, 1) == 0
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + TICKET_TTL_SECONDS + 1)
    assert limiter.fetchable_tasks(50, 0) == 1


async def test_fetchable_tasks_count_callers_that_wait_as_long_as_a_429_says(monkeypatch):
    """They send nothing meanwhile. Tasks of other models must be found."""
    figures = {"x_groq_region": "x", "x_ratelimit_limit_requests": "1000", "x_ratelimit_remaining_requests": "0"}
    refused = make_response(429, {"error": {"message": "slow down"}}, retry_after="20", **figures)
    limiter, now = make_limiter(limited_to(rpm=1), refused), time.monotonic()
    await limiter.send(chat_request(caller="waits"))
    for seconds, fetchable in ((LONG_WAIT_SECONDS - 0.5, 0), (LONG_WAIT_SECONDS + 0.5, 1), (19, 1)):
        monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda at=now + seconds: at)
        assert limiter.fetchable_tasks(50, 1) == fetchable
