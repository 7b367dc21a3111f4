"""The rate limiter, before fake clients and before the emulator, which keeps Groq's limits exactly."""

import asyncio
import itertools
import time
from contextlib import aclosing
from dataclasses import replace

import pytest

from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.models.catalog import ModelLimits, shipped_catalog
from catalyst_groq.groq.rate_limits import limiter as limiter_module
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.limit_state import ANY_MODEL, LIMIT_TTL_SECONDS, LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import TICKET_TTL_SECONDS, InMemoryBackend
from catalyst_groq.groq.rate_limits.usage_estimate import UsageEstimator
from catalyst_groq.groq.routing.call import GroqCall
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig
from support.factories import make_answer
from support.groq_clients import BlockingGroqClient, FakeGroqClient, InMemoryResponses
from support.inline_executor import InlineExecutor

pytestmark = pytest.mark.anyio
MODEL, OTHER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
ACCOUNT, OWN_SERVER = Account("http://groq", "gsk_a"), Account("http://gpu", "")
QUICK = ModelLimits(rpm=120, tpm=32_000)
"""As on the free plan, but four times as fast."""

ENDPOINTS = (Endpoint("groq", ACCOUNT),)
callers = map("task-{}".format, itertools.count())


def payload(text="Hello", model=MODEL, **more):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def request(account=ACCOUNT, caller=None, **more):
    """A request of a caller of its own, unless one is given."""
    return GroqRequest(CHAT_COMPLETION, account, payload(**more), 1, caller or next(callers))


def config(plan=None, **configured):
    return LimitConfig(ACCOUNT.url, shipped_catalog(), plan, configured)


def limited_to(**limits):
    return config(**{ANY_MODEL: ModelLimits(**limits)})


def make_limiter(limits, *responses, client=None, **backend):
    return RateLimitedClient(client or FakeGroqClient(*responses), InMemoryBackend(**backend), limits)


async def call(limiter, endpoints=ENDPOINTS, max_wait=60, caller=None, **more):
    """Call through a router, as a task does."""
    catalog = shipped_catalog()
    router = Router(
        limiter, RoutingState(RetiredModels(catalog)), catalog, ResponseValidator(InlineExecutor()).validate
    )
    return await router.call(
        GroqCall(
            operation=CHAT_COMPLETION,
            payload=payload(**more),
            endpoints=endpoints,
            responses=InMemoryResponses(),
            timeout=30,
            max_wait=max_wait,
            caller=caller or next(callers),
            truncate=lambda *_: None,
        )
    )


async def test_limiter_sends_what_fits():
    assert isinstance(await make_limiter(limited_to(rpm=2)).send(request()), Response)


async def test_limiter_holds_back_what_does_not_fit():
    client = FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=2), client=client)
    for _ in range(2):
        await limiter.send(request())
    held = await limiter.send(request())

    assert isinstance(held, NoResponse)
    assert (held.reason, held.sent, held.held_back) == (NoResponseReason.RATE_LIMITED_LOCALLY, False, True)
    assert held.wait == pytest.approx(30.5, abs=0.1)
    assert held.message.startswith("requests per minute (RPM): Limit 2, Used 2. It fits in 30.")
    assert len(client.requests) == 2


async def test_limiter_whose_accounting_fails_returns_the_response(monkeypatch, caplog):
    def fail(_):
        raise KeyError("a defect")

    monkeypatch.setattr(limiter_module, "parse_limit_updates", fail)

    assert isinstance(await make_limiter(limited_to(rpm=2)).send(request()), Response)
    assert "KeyError: 'a defect'" in caplog.text


async def test_limiter_errors_have_the_causes_of_groqs_own():
    client = FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=1, tpm=1000), client=client)
    await limiter.send(request())
    later = classify(await limiter.send(request()))
    never = classify(await limiter.send(request(max_tokens=2000)))

    assert (later.kind, later.causes) == (ErrorKind.RATE_LIMITED, ("rate_limit_exceeded", "429", "4xx"))
    assert (never.kind, never.causes) == (ErrorKind.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx"))
    assert len(client.requests) == 1


async def test_limiter_without_known_limits_sends_everything():
    limiter = make_limiter(config())
    assert all([isinstance(await limiter.send(request()), Response) for _ in range(200)])


async def test_limiter_learns_a_limit_from_a_refusal():
    figures = "on tokens per day (TPD): Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s."
    client = FakeGroqClient(make_answer(429, {"error": {"message": f"Rate limit reached {figures}"}}))
    limiter = make_limiter(config(), client=client)
    await limiter.send(request())
    held = await limiter.send(request(max_tokens=480))

    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY
    assert "(TPD): Limit 100000, Used 99996" in held.message
    assert len(client.requests) == 1


async def test_limiter_prefers_headers_to_a_plan_not_to_the_operator():
    reported = make_answer(x_ratelimit_limit_tokens="9000", x_ratelimit_remaining_tokens="8900")
    planned, configured = make_limiter(config("free"), reported), make_limiter(limited_to(tpm=4000), reported)
    for limiter in (planned, configured):
        await limiter.send(request())

    def tpm(limiter):
        return next(limit for _, kind, limit, _ in limiter.remaining() if kind is LimitKind.TPM)

    assert (tpm(planned), tpm(configured)) == (9000, 4000)


async def test_limiter_learns_what_others_use_from_headers():
    limiter = make_limiter(config(), make_answer(x_ratelimit_limit_tokens="8000", x_ratelimit_remaining_tokens="50"))
    await limiter.send(request())
    held = await limiter.send(request())
    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY


async def test_limiter_limits_each_account_and_model_separately():
    limiter = make_limiter(limited_to(rpm=1))
    calls = [(ACCOUNT, MODEL), (ACCOUNT, OTHER), (Account("http://groq", "gsk_b"), MODEL), (ACCOUNT, MODEL)]
    responses = [await limiter.send(request(account, model=model)) for account, model in calls]
    assert [isinstance(response, Response) for response in responses] == [True, True, True, False]


async def test_limiter_refunds_what_was_not_used():
    limiter = make_limiter(limited_to(tpm=8000))
    assert all([isinstance(await limiter.send(request(max_tokens=7000)), Response) for _ in range(5)])


@pytest.mark.slow
async def test_limiter_refund_lets_a_waiting_caller_send():
    client, started = BlockingGroqClient(), time.monotonic()
    limiter = make_limiter(limited_to(tpm=1200), client=client)
    first = asyncio.create_task(limiter.send(request(max_tokens=1000)))
    second = asyncio.create_task(call(limiter, max_tokens=1000))
    await asyncio.sleep(0.1)
    client.release()
    await first
    result = await second

    assert (result.error, result.attempt_count) == (None, 1)
    assert 0 < result.waited <= time.monotonic() - started < 5, "the limit alone would take about a minute"


@pytest.mark.parametrize(
    ("free", "active", "fetchable"),
    [(50, 0, 20), (10, 0, 10), (50, 5, 15)],
    ids=["capacity", "little free", "not sending yet"],
)
async def test_fetchable_tasks_are_those_that_fit_the_limits(free, active, fetchable):
    limiter = make_limiter(limited_to(rpm=21))
    await limiter.send(request())
    assert limiter.fetchable_tasks(free, active) == fetchable


async def test_fetchable_tasks_do_not_count_requests_in_flight_twice():
    client = BlockingGroqClient()
    limiter = make_limiter(limited_to(rpm=21), client=client)
    in_flight = [asyncio.create_task(limiter.send(request())) for _ in range(5)]
    await asyncio.sleep(0)
    fetchable = limiter.fetchable_tasks(50, active=5)
    client.release()
    await asyncio.gather(*in_flight)
    assert fetchable == 16


async def test_fetchable_tasks_before_the_first_request():
    assert make_limiter(config()).fetchable_tasks(50, 0) == 50
    assert make_limiter(config("free")).fetchable_tasks(50, 0) == 1


async def test_fetchable_tasks_are_those_of_the_model_with_most_capacity():
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(request())
    assert limiter.fetchable_tasks(50, 0) == 1, "it may be for another model"
    await limiter.send(request())
    assert limiter.fetchable_tasks(50, 1) == 0, "one waits"

    limiter = make_limiter(config(**{MODEL: ModelLimits(rpm=1), OTHER: ModelLimits(rpm=31)}))
    for model in (MODEL, OTHER):
        await limiter.send(request(model=model))
    assert limiter.fetchable_tasks(50, 0) == 30


async def test_fetchable_tasks_forget_callers_that_gave_up(monkeypatch):
    limiter, now = make_limiter(limited_to(rpm=1)), time.monotonic()
    for _ in range(2):
        await limiter.send(request())
    assert limiter.fetchable_tasks(50, 1) == 0
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + TICKET_TTL_SECONDS + 1)
    assert limiter.fetchable_tasks(50, 0) == 1


async def test_limiter_lets_the_router_use_another_endpoint():
    limiter, endpoints = make_limiter(limited_to(rpm=1)), [Endpoint("a", ACCOUNT), Endpoint("b", OWN_SERVER)]
    results = [await call(limiter, endpoints) for _ in "12"]
    assert [
        [(attempt.route.endpoint.name, attempt.result, attempt.sent) for attempt in result.attempts]
        for result in results
    ] == [[("a", "answered", True)], [("a", NoResponseReason.RATE_LIMITED_LOCALLY, False), ("b", "answered", True)]]


async def test_queue_does_not_hold_callers_that_went_elsewhere():
    now, client = 0.0, FakeGroqClient()
    limiter = make_limiter(config(**{MODEL: ModelLimits(rpm=120)}), client=client, clock=lambda: now)
    endpoints = [Endpoint("a", ACCOUNT), Endpoint("b", OWN_SERVER, {MODEL: "unlimited"})]
    for tenth in range(300):
        now = tenth / 10
        await call(limiter, endpoints)

    at_a = sum(sent.account is ACCOUNT for sent in client.requests)
    assert at_a == pytest.approx(120 + 30 * 2, abs=2), "ten a second try, two a second fit"


async def test_queue_does_not_hold_callers_that_cannot_wait():
    now, client = 0.0, FakeGroqClient()
    limiter = make_limiter(limited_to(rpm=60), client=client, clock=lambda: now)
    for tenth in range(200):
        now = tenth / 10
        await call(limiter, max_wait=0)
    assert len(client.requests) == pytest.approx(60 + 20, abs=2)


async def test_queue_keeps_the_position_of_a_caller_that_returns():
    now = 0.0
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(request())
    for _ in range(2):
        assert isinstance(await limiter.send(request(caller="first")), NoResponse)
    now = 2.0
    later = await limiter.send(request())
    now = 2.1
    assert isinstance(later, NoResponse)
    assert isinstance(await limiter.send(request(caller="first")), Response)


async def test_queue_is_the_same_from_whichever_asyncio_task_a_caller_sends():
    now = 0.0
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(request())
    for _ in range(2):
        await asyncio.create_task(limiter.send(request(caller="first")))
    now = 2.0
    assert isinstance(await asyncio.create_task(limiter.send(request())), NoResponse)
    now = 2.1
    assert isinstance(await asyncio.create_task(limiter.send(request(caller="first"))), Response)


async def test_queue_drops_a_caller_that_does_not_return(monkeypatch):
    now, clock = 0.0, time.monotonic()
    limiter = make_limiter(limited_to(rpm=60), clock=lambda: now)
    for _ in range(60):
        await limiter.send(request())
    for _ in range(2):
        await limiter.send(request(caller="gone"))
    for _ in range(2):
        await limiter.send(request(caller="waiting"))
    now = TICKET_TTL_SECONDS + 1
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: clock + now)
    assert isinstance(await limiter.send(request(caller="waiting")), Response)


async def test_queue_keeps_the_position_of_a_caller_that_groq_refused():
    now, figures = 0.0, "on requests per minute (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s."
    refused = make_answer(429, {"error": {"message": f"Rate limit reached {figures}"}})
    limiter = make_limiter(config(), refused, make_answer(), clock=lambda: now)
    assert (await limiter.send(request(caller="first"))).status == 429
    assert isinstance(await limiter.send(request(caller="first")), NoResponse)
    now = 1.1
    later = await limiter.send(request())
    assert isinstance(later, NoResponse)
    assert isinstance(await limiter.send(request(caller="first")), Response)


async def test_queue_does_not_depend_on_the_wall_clock(monkeypatch):
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(request())

    async def wait_of(caller):
        await limiter.send(request(caller=caller))
        return (await limiter.send(request(caller=caller))).wait

    first = await wait_of("first")
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert await wait_of("second") == pytest.approx(first + 60, abs=1)


async def test_waiting_caller_has_its_request_estimated_once(monkeypatch):
    limiter = make_limiter(limited_to(rpm=1))
    await limiter.send(request())
    estimated = []
    estimate = UsageEstimator.estimate

    def recorded(self, sent):
        estimated.append(sent.payload["messages"][0]["content"])
        return estimate(self, sent)

    monkeypatch.setattr(UsageEstimator, "estimate", recorded)
    waiting = request()
    for _ in range(3):
        await limiter.send(waiting)
    await limiter.send(replace(waiting, payload=payload("Something else")))
    assert estimated == ["Hello", "Something else"]


LONG = "word " * 200_000


async def test_plan_limits_do_not_apply_to_other_servers():
    limiter = make_limiter(config("free"))
    assert isinstance(await limiter.send(request(OWN_SERVER, text=LONG)), Response)
    assert not list(limiter.remaining())
    assert (await limiter.send(request(text=LONG))).reason is NoResponseReason.EXCEEDS_LIMIT


async def test_configured_limits_apply_to_other_servers():
    limiter = make_limiter(limited_to(tpm=8000))
    assert (await limiter.send(request(OWN_SERVER, text=LONG))).reason is NoResponseReason.EXCEEDS_LIMIT


TOO_LARGE = make_answer(413, {"error": {"message": "tokens per minute (TPM): Limit 8000, Requested 9000"}})


async def test_reported_limit_is_tried_again_after_its_ttl(monkeypatch):
    limiter, now = make_limiter(config(), TOO_LARGE, make_answer()), time.monotonic()

    async def send(later):
        monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + later)
        return await limiter.send(request(max_tokens=9000))

    assert (await send(later=0)).status == 413
    assert (await send(later=LIMIT_TTL_SECONDS - 1)).reason is NoResponseReason.EXCEEDS_LIMIT
    assert (await send(later=LIMIT_TTL_SECONDS + 1)).ok


async def test_plan_limit_is_left_for_groq_to_refuse():
    assert isinstance(await make_limiter(config("free")).send(request(max_tokens=60_000)), Response)


async def test_limiter_forgets_the_least_recently_used_model(monkeypatch):
    monkeypatch.setattr(limiter_module, "MAX_TRACKED_MODELS", 2)
    limiter = make_limiter(limited_to(rpm=5))

    async def tracked_after(*models):
        for model in models:
            await limiter.send(request(model=model))
        return {model for model, *_ in limiter.remaining()}

    assert await tracked_after("first", "second", "second") == {"first", "second"}
    assert await tracked_after("first", "third") == {"first", "third"}


@pytest.mark.slow
async def test_burst_on_the_emulator_is_never_refused():
    limits = {ANY_MODEL: QUICK}
    assert await burst(EmulatorConfig(limits=limits, latency=0.05), config(**limits), tasks=124) == 0


@pytest.mark.slow
async def test_burst_learns_limits_from_refusals():
    assert await burst(EmulatorConfig(limits={ANY_MODEL: QUICK}), config(), tasks=124) > 0


async def burst(emulator_config, limits, tasks):
    """Call many times at once until all have responses; returns how often the emulator refused."""
    async with Emulator(emulator_config) as emulator, aclosing(HttpGroqClient()) as client:
        limiter, account = make_limiter(limits, client=client), Account(emulator.base_url, "gsk_a")
        limiter_calls = (call(limiter, [Endpoint("groq", account)]) for _ in range(tasks))
        results = await asyncio.gather(*limiter_calls)
        assert all(result.error is None for result in results)
        return sum(received.status == 429 for received in emulator.calls)
