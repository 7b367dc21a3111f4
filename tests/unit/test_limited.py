"""Limits that the worker keeps by itself, before the stand-in that keeps them exactly."""

import asyncio
import time
from contextlib import aclosing

import pytest
from samples import make_answer

from worker.groq.accounts import Account
from worker.groq.answers import Answer, Loss, NoAnswer
from worker.groq.asking import ask_models
from worker.groq.buckets import Dimension
from worker.groq.client import Groq
from worker.groq.endpoints import Endpoint
from worker.groq.errors import Problem, refusal
from worker.groq.known import BELIEVED, EVERY_MODEL, Known
from worker.groq.limits import Limited
from worker.groq.lines import LocalLines
from worker.groq.models import Limits, known_models
from worker.groq.replacements import Replacements
from worker.groq.succession import Experience, Succession
from worker.groq.waiting import ask_patiently
from worker.sandbox.emulator import Emulator, EmulatorConfig

pytestmark = pytest.mark.anyio
MODEL, OTHER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
QUICK = Limits(rpm=120, tpm=32_000)
"""As on the free plan, but four times as fast."""


def chat(text="Hello", model=MODEL, **more):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def only(**limits):
    return Known(ACCOUNT.url, given={EVERY_MODEL: Limits(**limits)})


class Asking:
    """Gives the answers in turn, the last one for ever."""

    def __init__(self, *answers):
        self.answers = answers or (make_answer(),)
        self.calls = []

    async def __call__(self, account, payload, within):
        self.calls.append((account, payload, within))
        return self.answers[min(len(self.calls), len(self.answers)) - 1]


def limited(known, *answers, ask=None):
    return Limited(ask or Asking(*answers), LocalLines(), known)


ACCOUNT = Account("http://groq", "gsk_a")


async def in_a_task_of_its_own(asking):
    return await asyncio.create_task(asking)


async def test_what_is_within_the_limits_is_asked():
    asking = limited(only(rpm=2))

    assert isinstance(await asking(ACCOUNT, chat(), 1), Answer)


async def test_what_is_beyond_them_is_not_asked_and_says_how_long_to_wait():
    asking = limited(only(rpm=2))
    for _ in range(2):
        await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert isinstance(held, NoAnswer)
    assert (held.loss, held.sent, held.held) == (Loss.NOT_YET, False, True)
    assert held.wait == pytest.approx(30.5, abs=0.1)
    assert held.reason.startswith("requests per minute (RPM): Limit 2, Used 2. Its turn comes in 30.")
    assert len(asking._ask.calls) == 2


async def test_an_error_mapping_need_not_tell_it_from_groqs_own_refusal():
    asking = limited(only(rpm=1, tpm=1000))
    await asking(ACCOUNT, chat(), 1)
    not_yet = refusal(await asking(ACCOUNT, chat(), 1))
    never = refusal(await asking(ACCOUNT, chat(max_tokens=2000), 1))

    assert (not_yet.problem, not_yet.causes) == (Problem.THROTTLED, ("rate_limit_exceeded", "429", "4xx"))
    assert (never.problem, never.causes) == (Problem.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx"))
    assert len(asking._ask.calls) == 1


async def test_nothing_is_limited_before_it_is_known():
    asking = limited(Known(ACCOUNT.url))
    answers = [await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1)) for _ in range(200)]

    assert all(isinstance(answer, Answer) for answer in answers)


async def test_a_refusal_teaches_a_limit_that_no_header_tells():
    text = "on tokens per day (TPD): Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s."
    asking = limited(Known(ACCOUNT.url), make_answer(429, {"error": {"message": f"Rate limit reached {text}"}}))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=480), 1))

    assert held.loss is Loss.NOT_YET
    assert "(TPD): Limit 100000, Used 99996" in held.reason
    assert len(asking._ask.calls) == 1


async def test_headers_correct_what_a_plan_says_but_not_what_an_operator_says():
    told = make_answer(x_ratelimit_limit_tokens="9000", x_ratelimit_remaining_tokens="8900")
    planned, given = limited(Known(ACCOUNT.url, "free"), told), limited(only(tpm=4000), told)
    for asking in (planned, given):
        await asking(ACCOUNT, chat(), 1)

    def tpm(asking):
        return next(limit for _, dimension, limit, _ in asking.remaining() if dimension is Dimension.TPM)

    assert (tpm(planned), tpm(given)) == (9000, 4000)


async def test_what_others_use_of_the_same_limit_is_learned_from_the_headers():
    told = make_answer(x_ratelimit_limit_tokens="8000", x_ratelimit_remaining_tokens="50")
    asking = limited(Known(ACCOUNT.url), told)
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    held = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert held.loss is Loss.NOT_YET


async def test_each_account_and_each_model_has_limits_of_its_own():
    asking = limited(only(rpm=1))
    calls = [(ACCOUNT, MODEL), (ACCOUNT, OTHER), (Account("http://groq", "gsk_b"), MODEL), (ACCOUNT, MODEL)]
    answers = [await in_a_task_of_its_own(asking(account, chat(model=model), 1)) for account, model in calls]

    assert [isinstance(answer, Answer) for answer in answers] == [True, True, True, False]


async def test_what_was_reserved_and_not_used_is_given_back():
    asking = limited(only(tpm=8000))
    answers = [await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=7000), 1)) for _ in range(5)]

    assert all(isinstance(answer, Answer) for answer in answers)


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

    assert exchange.refusal is None
    assert exchange.attempts == 1, "only what Groq was asked counts"
    assert 0 < exchange.waited <= time.monotonic() - began < 5, "it was told to wait for about a minute"


@pytest.mark.parametrize(
    ("free", "in_hand", "room"), [(50, 0, 20), (10, 0, 10), (50, 5, 15)], ids=["room", "few places", "not asking yet"]
)
async def test_no_more_tasks_are_fetched_than_the_limits_can_carry(free, in_hand, room):
    asking = limited(only(rpm=21))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert asking.room(free, in_hand) == room


async def test_who_is_asking_has_been_counted_already():
    answered = asyncio.Event()

    async def ask(_account, _payload, _within):
        await answered.wait()
        return make_answer()

    asking = limited(only(rpm=21), ask=ask)
    under_way = [asyncio.create_task(asking(ACCOUNT, chat(), 1)) for _ in range(5)]
    await asyncio.sleep(0)
    room = asking.room(50, in_hand=5)
    answered.set()
    await asyncio.gather(*under_way)

    assert room == 16


async def test_before_anything_is_known_all_places_are_filled_and_with_known_limits_one():
    assert limited(Known(ACCOUNT.url)).room(50, 0) == 50
    assert limited(Known(ACCOUNT.url, "free")).room(50, 0) == 1


async def test_a_throttled_model_stops_no_tasks_of_others():
    asking = limited(only(rpm=1))
    await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    assert asking.room(50, 0) == 1, "it may be for another model"
    await asking(ACCOUNT, chat(), 1)
    assert asking.room(50, 1) == 0, "one waits"

    more = limited(Known(ACCOUNT.url, given={MODEL: Limits(rpm=1), OTHER: Limits(rpm=31)}))
    for model in (MODEL, OTHER):
        await in_a_task_of_its_own(more(ACCOUNT, chat(model=model), 1))
    assert more.room(50, 0) == 30


async def test_another_endpoint_is_asked_where_the_first_one_has_no_turn_yet():
    asking, endpoints = limited(only(rpm=1)), [Endpoint("a", ACCOUNT), Endpoint("b", Account("http://b", "gsk_b"))]

    async def send(account, request):
        return await asking(account, request, 1)

    async def one():
        return await ask_models(
            send, chat(), 60, Succession(Experience(Replacements(known_models())), endpoints, MODEL)
        )

    ways = [[(step.endpoint, step.said, step.asked) for step in (await in_a_task_of_its_own(one())).way] for _ in "12"]

    assert ways == [[("a", "answered", True)], [("a", Loss.NOT_YET, False), ("b", "answered", True)]]


async def test_who_goes_elsewhere_at_once_is_in_nobodys_way_at_the_first_endpoint():
    now, ask = 0.0, Asking()
    asking = Limited(ask, LocalLines(clock=lambda: now), Known(ACCOUNT.url, given={MODEL: Limits(rpm=120)}))
    endpoints = [Endpoint("a", ACCOUNT), Endpoint("b", Account("http://b", "gsk_b"), {MODEL: "unlimited"})]

    async def send(account, request):
        return await asking(account, request, 1)

    async def one():
        succession = Succession(Experience(Replacements(known_models())), endpoints, MODEL)
        return await ask_models(send, chat(), 60, succession)

    for tenth in range(300):
        now = tenth / 10
        await in_a_task_of_its_own(one())

    at_a = sum(account is ACCOUNT for account, _, _ in ask.calls)
    assert at_a == pytest.approx(120 + 30 * 2, abs=2), "ten a second ask, two a second may"


async def test_who_has_no_time_to_wait_is_in_nobodys_way():
    now = 0.0
    asking = Limited(Asking(), LocalLines(clock=lambda: now), only(rpm=60))
    for tenth in range(200):
        now = tenth / 10
        await in_a_task_of_its_own(ask_patiently(lambda: asking(ACCOUNT, chat(), 1), patience=0))

    assert len(asking._ask.calls) == pytest.approx(60 + 20, abs=2)


async def test_who_comes_back_is_before_those_who_came_later():
    now = 0.0
    asking = Limited(Asking(), LocalLines(clock=lambda: now), only(rpm=60))
    for _ in range(60):
        await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    for _ in range(2):
        assert isinstance(await asking(ACCOUNT, chat(), 1), NoAnswer)
    now = 2.0
    later = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))
    now = 2.1

    assert isinstance(later, NoAnswer)
    assert isinstance(await asking(ACCOUNT, chat(), 1), Answer)


async def test_who_was_refused_by_groq_is_before_those_who_came_later():
    now, text = 0.0, "on requests per minute (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s."
    refused = make_answer(429, {"error": {"message": f"Rate limit reached {text}"}})
    asking = Limited(Asking(refused, make_answer()), LocalLines(clock=lambda: now), Known(ACCOUNT.url))
    assert (await asking(ACCOUNT, chat(), 1)).status == 429
    assert isinstance(await asking(ACCOUNT, chat(), 1), NoAnswer)
    now = 1.1
    later = await in_a_task_of_its_own(asking(ACCOUNT, chat(), 1))

    assert isinstance(later, NoAnswer)
    assert isinstance(await asking(ACCOUNT, chat(), 1), Answer)


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
    monkeypatch.setattr(asking._demands, "of", lambda it, of=asking._demands.of: estimated.append(it) or of(it))
    for _ in range(3):
        await asking(ACCOUNT, payload, 1)
    await asking(ACCOUNT, chat("Something else"), 1)

    assert [asked["messages"][0]["content"] for asked in estimated] == ["Hello", "Something else"]


LONG = chat("word " * 200_000)
OWN_SERVER = Account("http://gpu", "")


async def test_groqs_plans_and_contexts_are_not_those_of_another_server():
    asking = limited(Known(ACCOUNT.url, "free"))

    assert isinstance(await asking(OWN_SERVER, LONG, 1), Answer)
    assert not list(asking.remaining())
    assert (await asking(ACCOUNT, LONG, 1)).loss is Loss.NEVER


async def test_an_operators_limits_hold_at_every_endpoint():
    asking = limited(only(tpm=8000))

    assert (await asking(OWN_SERVER, LONG, 1)).loss is Loss.NEVER


TOO_LARGE = make_answer(413, {"error": {"message": "tokens per minute (TPM): Limit 8000, Requested 9000"}})


async def test_a_limit_that_groq_told_is_believed_for_an_hour_and_then_tried_out_again(monkeypatch):
    asking, now = limited(Known(ACCOUNT.url), TOO_LARGE, make_answer()), time.monotonic()

    async def once(later):
        monkeypatch.setattr("worker.groq.limits.time.monotonic", lambda: now + later)
        return await in_a_task_of_its_own(asking(ACCOUNT, chat(max_tokens=9000), 1))

    assert (await once(later=0)).status == 413
    assert (await once(later=BELIEVED - 1)).loss is Loss.NEVER
    assert (await once(later=BELIEVED + 1)).ok


async def test_what_does_not_fit_a_plan_is_left_to_groq_to_say():
    asking = limited(Known(ACCOUNT.url, "free"))

    assert isinstance(await asking(ACCOUNT, chat(max_tokens=60_000), 1), Answer)


async def test_of_too_many_models_the_one_that_nobody_asks_for_is_forgotten(monkeypatch):
    monkeypatch.setattr("worker.groq.limits.MOST_MODELS", 2)
    asking = limited(Known(ACCOUNT.url, given={EVERY_MODEL: Limits(rpm=5)}))

    async def known_after(*models):
        for model in models:
            await in_a_task_of_its_own(asking(ACCOUNT, chat(model=model), 1))
        return {model for model, *_ in asking.remaining()}

    assert await known_after("first", "second", "second") == {"first", "second"}
    assert await known_after("first", "third") == {"first", "third"}


async def test_a_burst_on_the_stand_in_is_spread_without_one_refusal():
    config = EmulatorConfig(limits={EVERY_MODEL: QUICK}, latency=0.05)

    assert await burst(config, Known(ACCOUNT.url, given={EVERY_MODEL: QUICK}), tasks=124) == 0


async def test_limits_are_learned_from_refusals_and_everybody_is_answered():
    assert await burst(EmulatorConfig(limits={EVERY_MODEL: QUICK}), Known(ACCOUNT.url), tasks=124) > 0


async def burst(config, known, tasks):
    """Ask many times at once until all are answered; returns how often the stand-in refused."""
    async with Emulator(config) as stand_in, aclosing(Groq()) as groq:
        asking, account = Limited(groq.ask, LocalLines(), known), Account(stand_in.base_url, "gsk_a")

        async def one():
            return await ask_patiently(lambda: asking(account, chat(), 30), patience=60)

        exchanges = await asyncio.gather(*(asyncio.create_task(one()) for _ in range(tasks)))
        assert all(exchange.refusal is None for exchange in exchanges)
        return sum(call.status == 429 for call in stand_in.calls)
