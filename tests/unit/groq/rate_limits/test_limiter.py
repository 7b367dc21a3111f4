"""Limits that the worker keeps by itself, before the emulator that keeps them exactly."""

import asyncio
import time
from contextlib import aclosing

import pytest

from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.models.catalog import ModelLimits, known_models
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.limit_state import ANY_MODEL, LIMIT_TTL_SECONDS, LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState, ask_models
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.retry import ask_patiently
from catalyst_groq.groq.routing.router import Succession
from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig
from support.factories import make_answer

pytestmark = pytest.mark.anyio
MODEL, OTHER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
QUICK = ModelLimits(rpm=120, tpm=32_000)
"""As on the free plan, but four times as fast."""


def chat(text="Hello", model=MODEL, **more):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def only(**limits):
    return LimitConfig(ACCOUNT.url, configured={ANY_MODEL: ModelLimits(**limits)})


class Asking:
    """Gives the answers in turn, the last one for ever."""

    def __init__(self, *answers):
        self.answers = answers or (make_answer(),)
        self.calls = []

    async def __call__(self, account, payload, within):
        self.calls.append((account, payload, within))
        return self.answers[min(len(self.calls), len(self.answers)) - 1]


def limited(known, *answers, ask=None):
    return RateLimitedClient(ask or Asking(*answers), InMemoryBackend(), known)


ACCOUNT = Account("http://groq", "gsk_a")


async def in_a_task_of_its_own(asking):
    return await asyncio.create_task(asking)


async def test_what_is_within_the_limits_is_asked():
    asking = limited(only(rpm=2))

    assert isinstance(await asking(ACCOUNT, chat(), 1), Response)


async def test_what_is_beyond_them_is_not_asked_and_says_how_long_to_wait():
    asking = limited(only(rpm=2))
    for _ in range(2):
        await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert isinstance(held, NoResponse)
    assert (held.reason, held.sent, held.held_back) == (NoResponseReason.RATE_LIMITED_LOCALLY, False, True)
    assert held.wait == pytest.approx(30.5, abs=0.1)
    assert held.message.startswith("requests per minute (RPM): Limit 2, Used 2. Its turn comes in 30.")
    assert len(asking._ask.calls) == 2


async def test_an_error_mapping_need_not_tell_it_from_groqs_own_refusal():
    asking = limited(only(rpm=1, tpm=1000))
    await asking(ACCOUNT, chat(), 1)
    not_yet = classify(await asking(ACCOUNT, chat(), 1))
    never = classify(await asking(ACCOUNT, chat(max_tokens=2000), 1))

    assert (not_yet.kind, not_yet.causes) == (ErrorKind.RATE_LIMITED, ("rate_limit_exceeded", "429", "4xx"))
    assert (never.kind, never.causes) == (ErrorKind.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx"))
    assert len(asking._ask.calls) == 1


async def test_nothing_is_limited_before_it_is_known():
    asking = limited(LimitConfig(ACCOUNT.url))
    answers = [await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1)) for _ in range(200)]

    assert all(isinstance(answer, Response) for answer in answers)


async def test_a_refusal_teaches_a_limit_that_no_header_tells():
    text = "on tokens per day (TPD): Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s."
    asking = limited(LimitConfig(ACCOUNT.url), make_answer(429, {"error": {"message": f"Rate limit reached {text}"}}))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=480), 1))

    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY
    assert "(TPD): Limit 100000, Used 99996" in held.message
    assert len(asking._ask.calls) == 1


async def test_headers_correct_what_a_plan_says_but_not_what_an_operator_says():
    told = make_answer(x_ratelimit_limit_tokens="9000", x_ratelimit_remaining_tokens="8900")
    planned, given = limited(LimitConfig(ACCOUNT.url, "free"), told), limited(only(tpm=4000), told)
    for asking in (planned, given):
        await asking(ACCOUNT, chat(), 1)

    def tpm(asking):
        return next(limit for _, dimension, limit, _ in asking.remaining() if dimension is LimitKind.TPM)

    assert (tpm(planned), tpm(given)) == (9000, 4000)


async def test_what_others_use_of_the_same_limit_is_learned_from_the_headers():
    told = make_answer(x_ratelimit_limit_tokens="8000", x_ratelimit_remaining_tokens="50")
    asking = limited(LimitConfig(ACCOUNT.url), told)
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert held.reason is NoResponseReason.RATE_LIMITED_LOCALLY


async def test_each_account_and_each_model_has_limits_of_its_own():
    asking = limited(only(rpm=1))
    calls = [(ACCOUNT, MODEL), (ACCOUNT, OTHER), (Account("http://groq", "gsk_b"), MODEL), (ACCOUNT, MODEL)]
    answers = [await in_a_task_of_its_own(asking(account, chat(model=model), 1)) for account, model in calls]

    assert [isinstance(answer, Response) for answer in answers] == [True, True, True, False]


async def test_what_was_reserved_and_not_used_is_given_back():
    asking = limited(only(tpm=8000))
    answers = [await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=7000), 1)) for _ in range(5)]

    assert all(isinstance(answer, Response) for answer in answers)


async def test_a_waiting_task_goes_as_soon_as_others_give_back_what_they_did_not_need():
    groq = asyncio.Event()

    async def slow(account, payload, within):
        await groq.wait()
        return make_answer()

    asking, began = limited(only(tpm=1200), ask=slow), time.monotonic()
    first = asyncio.create_task(asking(ACCOUNT, chat(max_tokens=1000), 1))
    second = asyncio.create_task(ask_patiently(lambda: asking(ACCOUNT, chat(max_tokens=1000), 1), patience=60))
    await asyncio.sleep(0.1)
    groq.set()
    await first
    exchange = await second

    assert exchange.error is None
    assert exchange.attempts == 1, "only what Groq was asked counts"
    assert 0 < exchange.waited <= time.monotonic() - began < 5, "it was told to wait for about a minute"


@pytest.mark.parametrize(
    ("free", "in_hand", "room"), [(50, 0, 20), (10, 0, 10), (50, 5, 15)], ids=["room", "few places", "not asking yet"]
)
async def test_no_more_tasks_are_fetched_than_the_limits_can_carry(free, in_hand, room):
    asking = limited(only(rpm=21))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert asking.fetchable_tasks(free, in_hand) == room


async def test_who_is_asking_has_been_counted_already():
    answered = asyncio.Event()

    async def ask(_account, _payload, _within):
        await answered.wait()
        return make_answer()

    asking = limited(only(rpm=21), ask=ask)
    under_way = [asyncio.create_task(asking(ACCOUNT, chat(), 1)) for _ in range(5)]
    await asyncio.sleep(0)
    room = asking.fetchable_tasks(50, active=5)
    answered.set()
    await asyncio.gather(*under_way)

    assert room == 16


async def test_before_anything_is_known_all_places_are_filled_and_with_known_limits_one():
    assert limited(LimitConfig(ACCOUNT.url)).fetchable_tasks(50, 0) == 50
    assert limited(LimitConfig(ACCOUNT.url, "free")).fetchable_tasks(50, 0) == 1


async def test_a_throttled_model_stops_no_tasks_of_others():
    asking = limited(only(rpm=1))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    assert asking.fetchable_tasks(50, 0) == 1, "it may be for another model"
    await asking(ACCOUNT, chat(), 1)
    assert asking.fetchable_tasks(50, 1) == 0, "one waits"

    more = limited(LimitConfig(ACCOUNT.url, configured={MODEL: ModelLimits(rpm=1), OTHER: ModelLimits(rpm=31)}))
    for model in (MODEL, OTHER):
        await in_a_task_of_its_own(more(ACCOUNT, chat(model=model), 1))
    assert more.fetchable_tasks(50, 0) == 30


async def test_another_endpoint_is_asked_where_the_first_one_has_no_turn_yet():
    asking, endpoints = limited(only(rpm=1)), [Endpoint("a", ACCOUNT), Endpoint("b", Account("http://b", "gsk_b"))]

    async def send(account, request):
        return await asking(account, request, 1)

    async def one():
        return await ask_models(
            send, chat(), 60, Succession(RoutingState(RetiredModels(known_models())), endpoints, MODEL)
        )

    ways = [
        [(step.endpoint, step.result, step.asked) for step in (await in_a_task_of_its_own(one())).way] for _ in "12"
    ]

    assert ways == [
        [("a", "answered", True)],
        [("a", NoResponseReason.RATE_LIMITED_LOCALLY, False), ("b", "answered", True)],
    ]


async def test_who_goes_elsewhere_at_once_is_in_nobodys_way_at_the_first_endpoint():
    now, ask = 0.0, Asking()
    asking = RateLimitedClient(
        ask, InMemoryBackend(clock=lambda: now), LimitConfig(ACCOUNT.url, configured={MODEL: ModelLimits(rpm=120)})
    )
    endpoints = [Endpoint("a", ACCOUNT), Endpoint("b", Account("http://b", "gsk_b"), {MODEL: "unlimited"})]

    async def send(account, request):
        return await asking(account, request, 1)

    async def one():
        succession = Succession(RoutingState(RetiredModels(known_models())), endpoints, MODEL)
        return await ask_models(send, chat(), 60, succession)

    for tenth in range(300):
        now = tenth / 10
        await in_a_task_of_its_own(one())

    at_a = sum(account is ACCOUNT for account, _, _ in ask.calls)
    assert at_a == pytest.approx(120 + 30 * 2, abs=2), "ten a second ask, two a second may"


async def test_who_has_no_time_to_wait_is_in_nobodys_way():
    now = 0.0
    asking = RateLimitedClient(Asking(), InMemoryBackend(clock=lambda: now), only(rpm=60))
    for tenth in range(200):
        now = tenth / 10
        await in_a_task_of_its_own(ask_patiently(lambda: asking(ACCOUNT, chat(), 1), patience=0))

    assert len(asking._ask.calls) == pytest.approx(60 + 20, abs=2)


async def test_who_comes_back_is_before_those_who_came_later():
    now = 0.0
    asking = RateLimitedClient(Asking(), InMemoryBackend(clock=lambda: now), only(rpm=60))
    for _ in range(60):
        await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    for _ in range(2):
        assert isinstance(await asking(ACCOUNT, chat(), 1), NoResponse)
    now = 2.0
    later = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    now = 2.1

    assert isinstance(later, NoResponse)
    assert isinstance(await asking(ACCOUNT, chat(), 1), Response)


async def test_who_was_refused_by_groq_is_before_those_who_came_later():
    now, text = 0.0, "on requests per minute (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s."
    refused = make_answer(429, {"error": {"message": f"Rate limit reached {text}"}})
    asking = RateLimitedClient(
        Asking(refused, make_answer()), InMemoryBackend(clock=lambda: now), LimitConfig(ACCOUNT.url)
    )
    assert (await asking(ACCOUNT, chat(), 1)).status == 429
    assert isinstance(await asking(ACCOUNT, chat(), 1), NoResponse)
    now = 1.1
    later = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert isinstance(later, NoResponse)
    assert isinstance(await asking(ACCOUNT, chat(), 1), Response)


async def test_a_clock_that_is_set_moves_nobody_in_line(monkeypatch):
    asking = limited(only(rpm=1))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    async def come_back():
        await asking(ACCOUNT, chat(), 1)
        return await asking(ACCOUNT, chat(), 1)

    waits = [(await in_a_task_of_its_own(come_back())).wait]
    monkeypatch.setattr("time.time", lambda: 0.0)
    waits.append((await in_a_task_of_its_own(come_back())).wait)

    assert waits[1] == pytest.approx(waits[0] + 60, abs=1)


async def test_who_waits_does_not_have_the_same_request_estimated_at_each_look(monkeypatch):
    asking, payload = limited(only(rpm=1)), chat()
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    estimated = []
    monkeypatch.setattr(
        asking._demands, "estimate", lambda it, of=asking._demands.estimate: estimated.append(it) or of(it)
    )
    for _ in range(3):
        await asking(ACCOUNT, payload, 1)
    await asking(ACCOUNT, chat("Something else"), 1)

    assert [asked["messages"][0]["content"] for asked in estimated] == ["Hello", "Something else"]


LONG = chat("word " * 200_000)
OWN_SERVER = Account("http://gpu", "")


async def test_groqs_plans_and_contexts_are_not_those_of_another_server():
    asking = limited(LimitConfig(ACCOUNT.url, "free"))

    assert isinstance(await asking(OWN_SERVER, LONG, 1), Response)
    assert not list(asking.remaining())
    assert (await asking(ACCOUNT, LONG, 1)).reason is NoResponseReason.EXCEEDS_LIMIT


async def test_an_operators_limits_hold_at_every_endpoint():
    asking = limited(only(tpm=8000))

    assert (await asking(OWN_SERVER, LONG, 1)).reason is NoResponseReason.EXCEEDS_LIMIT


TOO_LARGE = make_answer(413, {"error": {"message": "tokens per minute (TPM): Limit 8000, Requested 9000"}})


async def test_a_limit_that_groq_told_is_believed_for_an_hour_and_then_tried_out_again(monkeypatch):
    asking, now = limited(LimitConfig(ACCOUNT.url), TOO_LARGE, make_answer()), time.monotonic()

    async def once(later):
        monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.time.monotonic", lambda: now + later)
        return await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=9000), 1))

    assert (await once(later=0)).status == 413
    assert (await once(later=LIMIT_TTL_SECONDS - 1)).reason is NoResponseReason.EXCEEDS_LIMIT
    assert (await once(later=LIMIT_TTL_SECONDS + 1)).ok


async def test_what_does_not_fit_a_plan_is_left_to_groq_to_say():
    asking = limited(LimitConfig(ACCOUNT.url, "free"))

    assert isinstance(await asking(ACCOUNT, chat(max_tokens=60_000), 1), Response)


async def test_of_too_many_models_the_one_that_nobody_asks_for_is_forgotten(monkeypatch):
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.limiter.MAX_TRACKED_MODELS", 2)
    asking = limited(LimitConfig(ACCOUNT.url, configured={ANY_MODEL: ModelLimits(rpm=5)}))

    async def known_after(*models):
        for model in models:
            await in_a_task_of_its_own(asking(ACCOUNT, chat(model=model), 1))
        return {model for model, *_ in asking.remaining()}

    assert await known_after("first", "second", "second") == {"first", "second"}
    assert await known_after("first", "third") == {"first", "third"}


@pytest.mark.slow
async def test_a_burst_on_the_emulator_is_spread_without_one_refusal():
    config = EmulatorConfig(limits={ANY_MODEL: QUICK}, latency=0.05)

    assert await burst(config, LimitConfig(ACCOUNT.url, configured={ANY_MODEL: QUICK}), tasks=124) == 0


@pytest.mark.slow
async def test_limits_are_learned_from_refusals_and_everybody_is_answered():
    assert await burst(EmulatorConfig(limits={ANY_MODEL: QUICK}), LimitConfig(ACCOUNT.url), tasks=124) > 0


async def burst(config, known, tasks):
    """Ask many times at once until all are answered; returns how often the emulator refused."""
    async with Emulator(config) as emulator, aclosing(HttpGroqClient()) as groq:
        asking, account = RateLimitedClient(groq.ask, InMemoryBackend(), known), Account(emulator.base_url, "gsk_a")

        async def one():
            return await ask_patiently(lambda: asking(account, chat(), 30), patience=60)

        exchanges = await asyncio.gather(*(asyncio.create_task(one()) for _ in range(tasks)))
        assert all(exchange.error is None for exchange in exchanges)
        return sum(call.status == 429 for call in emulator.calls)
