"""Waiting for Groq: how long, how often, and when to stop."""

import time

import pytest

from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing import retry
from catalyst_groq.groq.routing.retry import ask_patiently
from support.factories import make_answer

pytestmark = pytest.mark.anyio


def limited(wait):
    return make_answer(429, {"error": {"message": f"Rate limit reached. Please try again in {wait}."}})


class Asking:
    """Gives the answers in turn, the last one for ever, and notes when it was asked."""

    def __init__(self, *answers):
        self.answers = answers
        self.times = []

    async def __call__(self):
        self.times.append(time.monotonic())
        return self.answers[min(len(self.times), len(self.answers)) - 1]


async def test_a_reply_is_asked_for_once():
    asking = Asking(make_answer())
    exchange = await ask_patiently(asking, patience=60)
    assert (exchange.error, exchange.attempts, exchange.waited, exchange.wait_more) == (None, 1, 0, None)
    assert len(asking.times) == 1


async def test_a_limit_is_asked_again_after_the_asked_wait():
    asking = Asking(limited("30ms"), limited("20ms"), make_answer())

    exchange = await ask_patiently(asking, patience=60)

    first, second = asking.times[1] - asking.times[0], asking.times[2] - asking.times[1]
    assert 0.03 <= first < 1
    assert 0.02 <= second < 1
    assert exchange.error is None
    assert exchange.attempts == 3
    assert exchange.waited == pytest.approx(0.05)
    assert exchange.seconds >= 0.05


async def test_a_wait_longer_than_the_patience_is_not_begun():
    exchange = await ask_patiently(Asking(limited("30s")), patience=29)
    assert (exchange.attempts, exchange.waited, exchange.wait_more) == (1, 0, None)
    assert exchange.error is not None
    assert exchange.error.wait == 30


async def test_waiting_ends_when_the_patience_is_over():
    exchange = await ask_patiently(Asking(limited("50ms")), patience=0.3)
    assert 2 <= exchange.attempts <= 6
    assert exchange.waited <= 0.3
    assert exchange.wait_more is None
    assert exchange.error is not None


async def test_a_long_wait_is_handed_back_instead_of_holding_a_lock():
    exchange = await ask_patiently(Asking(limited("6m54.72s")), patience=900)
    assert (exchange.attempts, exchange.waited, exchange.wait_more) == (1, 0, 414.72)


async def test_a_task_whose_patience_was_over_when_it_came_is_still_asked_once():
    exchange = await ask_patiently(Asking(limited("10ms")), patience=-5)
    assert (exchange.attempts, exchange.wait_more) == (1, None)


@pytest.mark.parametrize("answer", [make_answer(429, ""), make_answer(429, "", retry_after="0")])
async def test_a_limit_that_tells_no_wait_is_backed_off_from(answer, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_BACKOFF", 0.02)
    exchange = await ask_patiently(Asking(answer, answer, make_answer()), patience=60)
    assert exchange.attempts == 3
    assert 0 < exchange.waited <= 0.02 + 0.04


def test_backing_off_grows_to_its_longest_and_never_beyond():
    for attempt, ceiling in [(1, 0.5), (2, 1), (5, 8), (7, 30), (5_000, 30)]:
        waits = [retry._backoff(attempt) for _ in range(200)]
        assert ceiling / 2 < max(waits) <= ceiling
        assert min(waits) >= 0


@pytest.mark.parametrize(
    "answer",
    [
        make_answer(503, ""),
        make_answer(401, ""),
        make_answer(413, ""),
        make_answer(200, "cut"),
        NoResponse(NoResponseReason.CONNECTION_REFUSED, "nobody there", sent=False, seconds=0),
    ],
)
async def test_nothing_but_a_limit_is_asked_again_here(answer):
    asking = Asking(answer)
    exchange = await ask_patiently(asking, patience=60)
    assert len(asking.times) == exchange.attempts == 1
    assert exchange.response is answer
    assert exchange.wait_more is None


async def test_what_happens_after_a_wait_is_told_as_it_is():
    lost = NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=0)
    exchange = await ask_patiently(Asking(limited("1ms"), lost), patience=60)
    assert exchange.response is lost
    assert exchange.attempts == 2
    assert exchange.waited == 0.001
