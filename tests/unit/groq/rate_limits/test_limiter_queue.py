"""The rate limiter's queue: who waits, in which order, and who leaves it."""

import asyncio
import time

import pytest

from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits.queue import TICKET_TTL_SECONDS
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.factories import make_response
from support.groq_clients import FakeGroqClient
from support.rate_limiter import (
    ACCOUNT,
    MODEL,
    OWN_SERVER,
    call_with_router,
    chat_request,
    limit_config,
    limited_to,
    make_limiter,
)

pytestmark = pytest.mark.anyio


async def test_queue_does_not_hold_callers_that_went_elsewhere():
    now, client = 0.0, FakeGroqClient()
    limiter = make_limiter(limit_config(**{MODEL: ModelLimits(rpm=120)}), client=client, clock=lambda: now)
    endpoints = [Endpoint("a", ACCOUNT), Endpoint("b", OWN_SERVER, {MODEL: "unlimited"})]
    for tenth in range(300):
        now = tenth / 10
        await call_with_router(limiter, endpoints)

    at_a = sum(sent.account is ACCOUNT for sent in client.requests)
    assert at_a == pytest.approx(120 + 30 * 2, abs=2), "ten a second try, two a second fit"


async def test_queue_does_not_hold_callers_that_cannot_wait():
    now, client = 0.0, FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=60), client=client, clock=lambda: now)
    for tenth in range(200):
        now = tenth / 10
        await call_with_router(limiter, max_wait=0)
    assert len(client.requests) == pytest.approx(60 + 20, abs=2)


async def test_queue_keeps_the_position_of_a_caller_that_returns():
    now = 0.0
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(chat_request())
    for _ in range(2):
        assert isinstance(await limiter.send(chat_request(caller="first")), NoResponse)
    now = 2.0
    later = await limiter.send(chat_request())
    now = 2.1
    assert isinstance(later, NoResponse)
    assert isinstance(await limiter.send(chat_request(caller="first")), Response)


async def test_queue_identifies_callers_independently_of_asyncio_task():
    now = 0.0
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(chat_request())
    for _ in range(2):
        await asyncio.create_task(limiter.send(chat_request(caller="first")))
    now = 2.0
    assert isinstance(await asyncio.create_task(limiter.send(chat_request())), NoResponse)
    now = 2.1
    assert isinstance(await asyncio.create_task(limiter.send(chat_request(caller="first"))), Response)


async def test_queue_drops_a_caller_that_does_not_return(monkeypatch):
    now, clock = 0.0, time.monotonic()
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(chat_request())
    for _ in range(2):
        await limiter.send(chat_request(caller="gone"))
    for _ in range(2):
        await limiter.send(chat_request(caller="waiting"))
    now = TICKET_TTL_SECONDS + 1
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: clock + now)
    assert isinstance(await limiter.send(chat_request(caller="waiting")), Response)


async def test_queue_keeps_the_position_of_a_caller_that_groq_refused():
    now, figures = 0.0, "on requests per minute (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s."
    refused = make_response(429, {"error": {"message": f"Rate limit reached {figures}"}})
    limiter = make_limiter(limit_config(), refused, make_response(), clock=lambda: now)
    assert (await limiter.send(chat_request(caller="first"))).status == 429
    assert isinstance(await limiter.send(chat_request(caller="first")), NoResponse)
    now = 1.1
    later = await limiter.send(chat_request())
    assert isinstance(later, NoResponse)
    assert isinstance(await limiter.send(chat_request(caller="first")), Response)


async def test_queue_does_not_depend_on_the_wall_clock(monkeypatch):
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(chat_request())

    async def wait_of(caller):
        await limiter.send(chat_request(caller=caller))
        return (await limiter.send(chat_request(caller=caller))).wait

    first = await wait_of("first")
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert await wait_of("second") == pytest.approx(first + 60, abs=1)
