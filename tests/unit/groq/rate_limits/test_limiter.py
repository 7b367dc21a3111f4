"""The rate limiter, before fake clients and before the emulator, which keeps Groq's limits exactly."""

import asyncio
import threading
import time
from contextlib import aclosing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.models.catalog import ModelLimits, shipped_catalog
from catalyst_groq.groq.rate_limits import limiter as limiter_module
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.limit_state import ANY_MODEL, LIMIT_TTL_SECONDS, LimitConfig
from catalyst_groq.groq.rate_limits.limiter import LONG_WAIT_SECONDS, MAX_REPORTED_PAUSE_SECONDS, RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.rate_limits.usage_estimate import UsageEstimate, UsageEstimator
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig
from support.factories import make_response
from support.groq_clients import BlockingGroqClient, FakeGroqClient
from support.rate_limiter import (
    ACCOUNT,
    MODEL,
    OTHER,
    OWN_SERVER,
    call_with_router,
    chat_payload,
    chat_request,
    limit_config,
    limited_to,
    make_limiter,
)

pytestmark = pytest.mark.anyio
QUICK = ModelLimits(rpm=120, tpm=32_000)
"""As on the free plan, but four times as fast."""


async def test_limiter_sends_what_fits():
    assert isinstance(await make_limiter(limited_to(rpm=2)).send(chat_request()), Response)


async def test_limiter_holds_back_what_does_not_fit():
    client = FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=2), client=client)
    for _ in range(2):
        await limiter.send(chat_request())
    held = await limiter.send(chat_request())

    assert isinstance(held, NoResponse)
    assert (held.reason, held.sent, held.held_back) == (NoResponseReason.RATE_LIMITED_LOCALLY, False, True)
    assert held.wait == pytest.approx(30.5, abs=0.1)
    assert held.message.startswith("requests per minute (RPM): Limit 2, Used 2. It fits in 31 s")
    assert len(client.requests) == 2


async def test_limiter_estimates_a_long_prompt_beside_the_loop(monkeypatch):
    threads = []
    monkeypatch.setattr(UsageEstimator, "estimate", lambda *_: threads.append(threading.get_ident()) or UsageEstimate())
    limiter = make_limiter(limit_config())
    await limiter.send(chat_request())
    await limiter.send(chat_request(text="word " * 20_000))

    assert [thread == threading.get_ident() for thread in threads] == [True, False]


async def test_limiter_shows_the_longest_wait_of_each_model():
    limiter = make_limiter(limited_to(rpm=2))
    for account in (ACCOUNT, Account("http://groq", "gsk_b")):
        await limiter.send(chat_request(account))
    await limiter.send(chat_request(model=OTHER))
    assert dict(limiter.waits()) == {}
    for _ in range(2):
        await limiter.send(chat_request())
    assert dict(limiter.waits()) == {MODEL: pytest.approx(30.5, abs=0.1)}


async def test_limiter_shows_the_wait_that_groq_asks_for_until_it_answers(monkeypatch):
    refused, now = make_response(429, retry_after="50"), time.monotonic()
    limiter = make_limiter(limit_config(), refused, make_response(), refused)
    await limiter.send(chat_request())
    assert dict(limiter.waits()) == {MODEL: pytest.approx(50, abs=1)}
    await limiter.send(chat_request())
    assert dict(limiter.waits()) == {}
    await limiter.send(chat_request())
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + 60)
    assert dict(limiter.waits()) == {}, "the wait has ended"


async def test_limiter_whose_accounting_fails_returns_the_response(monkeypatch, caplog):
    def fail(_):
        raise KeyError("a defect")

    monkeypatch.setattr(limiter_module, "parse_limit_updates", fail)

    assert isinstance(await make_limiter(limited_to(rpm=2)).send(chat_request()), Response)
    assert "KeyError: 'a defect'" in caplog.text


async def test_limiter_errors_have_the_causes_of_groqs_own():
    client = FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=1, tpm=1000), client=client)
    await limiter.send(chat_request())
    later = classify(await limiter.send(chat_request()))
    never = classify(await limiter.send(chat_request(max_tokens=2000)))

    assert (later.kind, later.causes) == (ErrorKind.RATE_LIMITED, ("rate_limit_exceeded", "429", "4xx"))
    assert (never.kind, never.causes) == (ErrorKind.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx"))
    assert len(client.requests) == 1


async def test_limiter_without_known_limits_sends_everything():
    limiter = make_limiter(limit_config())
    assert all([isinstance(await limiter.send(chat_request()), Response) for _ in range(200)])


async def test_limiter_learns_a_limit_from_a_refusal():
    figures = "on tokens per day (TPD): Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s."
    client = FakeGroqClient(make_response(429, {"error": {"message": f"Rate limit reached {figures}"}}))
    limiter = make_limiter(limit_config(), client=client)
    await limiter.send(chat_request())
    held = await limiter.send(chat_request(max_tokens=480))

    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY
    assert "(TPD): Limit 100000, Used 99996" in held.message
    assert len(client.requests) == 1


async def test_limiter_prefers_headers_to_a_plan_not_to_the_operator():
    reported = make_response(x_groq_region="x", x_ratelimit_limit_tokens="9000", x_ratelimit_remaining_tokens="8900")
    planned, configured = make_limiter(limit_config("free"), reported), make_limiter(limited_to(tpm=4000), reported)
    for limiter in (planned, configured):
        await limiter.send(chat_request())

    def tpm(limiter):
        return next(limit for _, kind, limit, _ in limiter.remaining() if kind is LimitKind.TPM)

    assert (tpm(planned), tpm(configured)) == (9000, 4000)


async def test_limiter_learns_what_others_use_from_headers():
    reported = make_response(x_groq_region="x", x_ratelimit_limit_tokens="8000", x_ratelimit_remaining_tokens="50")
    limiter = make_limiter(limit_config(), reported)
    await limiter.send(chat_request())
    held = await limiter.send(chat_request())
    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY


async def test_limiter_limits_each_account_and_model_separately():
    limiter = make_limiter(limited_to(rpm=1))
    calls = [(ACCOUNT, MODEL), (ACCOUNT, OTHER), (Account("http://groq", "gsk_b"), MODEL), (ACCOUNT, MODEL)]
    responses = [await limiter.send(chat_request(account, model=model)) for account, model in calls]
    assert [isinstance(response, Response) for response in responses] == [True, True, True, False]


async def test_limiter_refunds_what_was_not_used():
    limiter = make_limiter(limited_to(tpm=8000))
    assert all([isinstance(await limiter.send(chat_request(max_tokens=7000)), Response) for _ in range(5)])


@pytest.mark.slow
async def test_limiter_refund_lets_a_waiting_caller_send():
    client, started = BlockingGroqClient(), time.monotonic()
    limiter = make_limiter(limited_to(tpm=1200), client=client)
    first = asyncio.create_task(limiter.send(chat_request(max_tokens=1000)))
    second = asyncio.create_task(call_with_router(limiter, max_tokens=1000))
    await asyncio.sleep(0.1)
    client.release()
    await first
    result = await second

    assert (result.error, result.attempt_count) == (None, 1)
    assert 0 < result.waited <= time.monotonic() - started < 5, "the limit alone would take about a minute"


async def test_limiter_lets_the_router_use_another_endpoint():
    limiter, endpoints = make_limiter(limited_to(rpm=1)), [Endpoint("a", ACCOUNT), Endpoint("b", OWN_SERVER)]
    results = [await call_with_router(limiter, endpoints) for _ in "12"]
    assert [
        [(attempt.route.endpoint.name, attempt.result, attempt.sent) for attempt in result.attempts]
        for result in results
    ] == [[("a", "answered", True)], [("a", NoResponseReason.RATE_LIMITED_LOCALLY, False), ("b", "answered", True)]]


async def test_waiting_caller_has_its_request_estimated_once(monkeypatch):
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(chat_request())
    estimated = []
    estimate = UsageEstimator.estimate

    def recorded(self, sent):
        estimated.append(sent.payload["messages"][0]["content"])
        return estimate(self, sent)

    monkeypatch.setattr(UsageEstimator, "estimate", recorded)
    waiting = chat_request()
    for _ in range(3):
        await limiter.send(waiting)
    await limiter.send(replace(waiting, payload=chat_payload("Something else")))
    assert estimated == ["Hello", "Something else"]


TOO_MANY_OUTPUT_TOKENS = 140_000
"""More than the context of any model."""


async def test_plan_limits_do_not_apply_to_other_servers():
    limiter = make_limiter(limit_config("free"))
    assert isinstance(await limiter.send(chat_request(OWN_SERVER, max_tokens=TOO_MANY_OUTPUT_TOKENS)), Response)
    assert not list(limiter.remaining())
    assert (
        await limiter.send(chat_request(max_tokens=TOO_MANY_OUTPUT_TOKENS))
    ).reason is NoResponseReason.EXCEEDS_LIMIT


async def test_configured_limits_apply_to_other_servers():
    limiter = make_limiter(limited_to(tpm=8000))
    assert (
        await limiter.send(chat_request(OWN_SERVER, max_tokens=TOO_MANY_OUTPUT_TOKENS))
    ).reason is NoResponseReason.EXCEEDS_LIMIT


TOO_LARGE = make_response(413, {"error": {"message": "tokens per minute (TPM): Limit 8000, Requested 9000"}})


async def test_reported_limit_is_tried_again_after_its_ttl(monkeypatch):
    limiter, now = make_limiter(limit_config(), TOO_LARGE, make_response()), time.monotonic()

    async def send(later):
        monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + later)
        return await limiter.send(chat_request(max_tokens=9000))

    assert (await send(later=0)).status == 413
    assert (await send(later=LIMIT_TTL_SECONDS - 1)).reason is NoResponseReason.EXCEEDS_LIMIT
    assert (await send(later=LIMIT_TTL_SECONDS + 1)).ok


async def test_plan_limit_is_left_for_groq_to_refuse():
    assert isinstance(await make_limiter(limit_config("free")).send(chat_request(max_tokens=60_000)), Response)


async def test_limiter_forgets_the_least_recently_used_model(monkeypatch):
    monkeypatch.setattr(limiter_module, "MAX_TRACKED_MODELS", 2)
    limiter = make_limiter(limited_to(rpm=5))

    async def tracked_after(*models):
        for model in models:
            await limiter.send(chat_request(model=model))
        return {model for model, *_ in limiter.remaining()}

    assert await tracked_after("first", "second", "second") == {"first", "second"}
    assert await tracked_after("first", "third") == {"first", "third"}


@pytest.mark.slow
async def test_burst_on_the_emulator_is_never_refused():
    """The emulator allows two requests more: on a busy machine, the first ones arrive later than they were sent."""
    allowed = {ANY_MODEL: ModelLimits(rpm=QUICK.rpm + 2, tpm=QUICK.tpm + 1_000)}
    limits = limit_config(**{ANY_MODEL: QUICK})
    assert await burst(EmulatorConfig(limits=allowed, latency=0.05), limits, tasks=QUICK.rpm + 6) == 0


@pytest.mark.slow
async def test_burst_learns_limits_from_refusals():
    assert await burst(EmulatorConfig(limits={ANY_MODEL: QUICK}), limit_config(), tasks=124) > 0


async def burst(emulator_config, limits, tasks):
    """Call many times at once until all have responses; returns how often the emulator refused."""
    async with Emulator(emulator_config) as emulator, aclosing(HttpGroqClient()) as client:
        limiter, account = make_limiter(limits, client=client), Account(emulator.base_url, "gsk_a")
        limiter_calls = (call_with_router(limiter, [Endpoint("groq", account)]) for _ in range(tasks))
        results = await asyncio.gather(*limiter_calls)
        assert all(result.error is None for result in results)
        return sum(received.status == 429 for received in emulator.calls)


NO_FIGURES = make_response(429, {"error": {"message": "slow down"}})


async def test_pause_after_a_429_without_figures_is_one_for_all_callers():
    client = FakeGroqClient(NO_FIGURES, NO_FIGURES)
    limiter = make_limiter(limit_config(), client=client)
    for _ in range(2):
        assert not (await limiter.send(chat_request())).held_back, "one refusal alone pauses nothing"
    held = [await limiter.send(chat_request()) for _ in range(20)]

    assert len(client.requests) == 2
    assert {response.reason for response in held} == {NoResponseReason.RATE_LIMITED_LOCALLY}
    assert held[0].message.startswith(f"{MODEL} is paused after responses with status 429. The next attempt is in 0.")
    await limiter.send(chat_request(model=OTHER))
    await limiter.send(chat_request(account=OWN_SERVER))
    assert len(client.requests) == 4, "another model and another key are not concerned"


async def test_pause_lasts_as_long_as_retry_after_says_within_a_bound():
    for seconds, expected in (("7", 7), ("1e9", MAX_REPORTED_PAUSE_SECONDS)):
        limiter = make_limiter(limit_config(), *[replace(NO_FIGURES, headers={"retry-after": seconds})] * 2)
        for _ in range(2):
            await limiter.send(chat_request())
        assert (await limiter.send(chat_request())).wait == pytest.approx(expected, abs=0.5)


async def test_pause_grows_with_refusals_in_a_row_and_ends_with_a_response():
    clock = SimpleNamespace(now=0.0)
    limiter = make_limiter(limit_config(), *[NO_FIGURES] * 11, make_response(), clock=lambda: clock.now)
    waits = []
    await limiter.send(chat_request())
    for _ in range(10):
        assert not (await limiter.send(chat_request())).held_back
        waits.append((await limiter.send(chat_request())).wait)
        clock.now += waits[-1]
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30], rel=0.21)
    assert (await limiter.send(chat_request())).ok
    assert (await limiter.send(chat_request())).ok


async def test_pause_is_tried_out_again_after_a_probe_without_response():
    clock = SimpleNamespace(now=0.0)
    lost = NoResponse(NoResponseReason.TIMEOUT, "its own timeout", sent=True, seconds=0.2)
    client = FakeGroqClient(NO_FIGURES, NO_FIGURES, lost, make_response())
    limiter = make_limiter(limit_config(), client=client, clock=lambda: clock.now)
    for _ in range(2):
        await limiter.send(chat_request())
    clock.now += 1
    assert [(await limiter.send(chat_request())) for _ in "12"] == [lost, make_response()]


async def test_limiter_that_enforces_nothing_still_pauses():
    figures = make_response(429, {"error": {"message": "(RPM): Limit 30, Used 30, Requested 1. Try again in 9s."}})
    client = FakeGroqClient(figures, figures)
    limiter = make_limiter(LimitConfig(shipped_catalog(), is_enforced=False), client=client)
    for _ in range(2):
        await limiter.send(chat_request())
    assert (await limiter.send(chat_request())).wait == pytest.approx(9, abs=0.5)
    assert list(limiter.remaining()) == []
    assert limiter.fetchable_tasks(50, 0) == 50


async def test_fetchable_tasks_after_a_long_wait_may_be_for_another_model(monkeypatch):
    limiter, now = make_limiter(limited_to(rpm=1)), time.monotonic()
    await limiter.send(chat_request())
    await limiter.send(chat_request(caller="waits"))
    later = now + LONG_WAIT_SECONDS + 0.5
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: later)
    await limiter.send(chat_request(caller="waits"))
    assert [limiter.fetchable_tasks(50, 1) for _ in "12"] == [1, 0]


class UnansweredSettle(InMemoryBackend):
    """A backend that is never done with a cancelled request."""

    async def settle(self, name, change, updates, pause=None):
        if not change:
            await asyncio.Event().wait()
        return await super().settle(name, change, updates, pause)


@pytest.mark.parametrize("hangs", [False, True])
async def test_pause_is_tried_out_again_after_a_cancelled_probe(monkeypatch, hangs):
    monkeypatch.setattr(limiter_module, "RELEASE_TIMEOUT_SECONDS", 0.01)
    client, backend = FakeGroqClient(NO_FIGURES), InMemoryBackend()
    limiter = RateLimitedClient(client, backend, limited_to(rpm=100))
    await limiter.send(chat_request())
    limiter._client = blocking = BlockingGroqClient()
    if hangs:
        limiter._backend = UnansweredSettle()
        limiter._backend._queues = backend._queues
    probe = asyncio.ensure_future(limiter.send(chat_request()))
    await blocking.started.wait()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(probe, 10)
    assert limiter._in_flight == 0
    limiter._client = client
    assert (await limiter.send(chat_request())).held_back is hangs
