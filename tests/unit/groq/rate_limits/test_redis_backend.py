"""Limits that several workers keep together, in a real Redis."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.queue import TICKET_TTL_SECONDS, InMemoryBackend, LimitUpdate, Ticket
from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend

pytestmark = pytest.mark.anyio
RPM, TPM = LimitKind.RPM, LimitKind.TPM
FIGURES = {RPM: 60, TPM: 6000}


@pytest.fixture
async def lines(redis):
    """Two workers' way to the same lines."""
    one, other = RedisBackend(redis), RedisBackend(redis)
    yield one, other
    await one.aclose()
    await other.aclose()


def asking(tokens=1):
    return {RPM: 1, TPM: tokens}


async def test_what_one_worker_takes_another_one_waits_for(lines):
    mine, theirs = lines
    turn = await mine.acquire("a", Ticket(1, "mine"), asking(6000), FIGURES)
    later = await theirs.acquire("a", Ticket(2, "theirs"), asking(100), FIGURES)

    assert (turn.wait, turn.reserved) == (0, asking(6000))
    assert later.wait == pytest.approx(1.5, abs=0.1)
    assert later.exhausted is TPM
    assert later.snapshot.waiting == asking(100)


async def test_the_workers_emulator_one_line(lines):
    mine, theirs = lines
    await mine.acquire("b", Ticket(1, "before"), asking(6000), FIGURES)
    await mine.acquire("b", Ticket(2, "mine"), asking(300), FIGURES)
    later = await theirs.acquire("b", Ticket(3, "theirs"), asking(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_whose_clock_is_ahead_does_not_stand_behind_everybody(lines, monkeypatch):
    mine, theirs = lines
    now = time.monotonic()
    await mine.acquire("ahead", Ticket(now, "before"), asking(6000), FIGURES)
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.redis_backend.time.monotonic", lambda: now + 1000)
    await theirs.acquire("ahead", Ticket(now + 1000, "theirs"), asking(300), FIGURES)
    monkeypatch.undo()
    await asyncio.sleep(0.01)
    later = await mine.acquire("ahead", Ticket(time.monotonic(), "mine"), asking(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_who_does_not_stay_is_in_nobodys_way(lines):
    mine, theirs = lines
    await mine.acquire("elsewhere", Ticket(1, "before"), asking(6000), FIGURES)
    gone = await mine.acquire("elsewhere", Ticket(2, "gone"), asking(3000), FIGURES, enqueue=False)
    later = await theirs.acquire("elsewhere", Ticket(3, "theirs"), asking(10), FIGURES)

    assert gone.wait > 30
    assert later.wait < 1


async def test_what_one_worker_learns_all_know(lines):
    mine, theirs = lines
    await mine.settle("c", {}, [LimitUpdate(RPM, 30, 0)])
    turn = await theirs.acquire("c", Ticket(1, "theirs"), asking(), {})

    assert (turn.wait, turn.exhausted) == (pytest.approx(2, abs=0.1), RPM)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.integers(0, 5), st.integers(0, 7000)),
        st.tuples(st.just("settle"), st.integers(-3000, 3000), st.just(0)),
        st.tuples(st.just("told"), st.integers(1000, 9000), st.one_of(st.none(), st.integers(0, 1000))),
    ),
    max_size=12,
)


@given(steps=steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_redis_keeps_lines_as_a_worker_does(lines, steps):
    shared, own, name = lines[0], InMemoryBackend(), f"law {time.monotonic_ns()}"
    for kind, first, second in steps:
        if kind == "enter":
            step = (name, Ticket(first, str(first)), asking(second), FIGURES)
            theirs, ours = await shared.acquire(*step), await own.acquire(*step)
            assert theirs.wait == pytest.approx(ours.wait, abs=0.2)
            assert (theirs.exhausted, theirs.reserved) == (ours.exhausted, ours.reserved)
            there, here = theirs.snapshot, ours.snapshot
        else:
            told = [LimitUpdate(TPM, first, second)] if kind == "told" else []
            change = {RPM: 0, TPM: first} if kind == "settle" else {}
            there, here = await shared.settle(name, change, told), await own.settle(name, change, told)
        assert there.waiting == here.waiting
        now = time.monotonic()
        for dimension, bucket in here.buckets.items():
            assert there.buckets[dimension].limit == bucket.limit
            assert there.buckets[dimension].level(now) == pytest.approx(bucket.level(now), abs=20)


@pytest.mark.slow
async def test_a_place_is_lost_by_a_worker_that_has_died(lines):
    mine, theirs = lines
    await mine.acquire("d", Ticket(1, "before"), asking(6000), FIGURES)
    await mine.acquire("d", Ticket(2, "dead"), asking(3000), FIGURES)
    began = time.monotonic()
    while (turn := await theirs.acquire("d", Ticket(3, "theirs"), asking(10), FIGURES)).wait > 5:
        assert time.monotonic() - began < TICKET_TTL_SECONDS + 1
        await asyncio.sleep(0.1)

    assert turn.snapshot.waiting.get(TPM, 0) <= 10


async def test_while_redis_is_away_each_worker_keeps_its_own_limits_and_says_so_once(caplog):
    caplog.set_level("INFO")
    shared = FallbackBackend(RedisBackend("redis://127.0.0.1:1/0"), InMemoryBackend())
    turns = [await shared.acquire("e", Ticket(n, str(n)), asking(6000), FIGURES) for n in range(3)]
    view = await shared.settle("e", {RPM: 0, TPM: -6000}, [])
    await shared.aclose()

    assert [turn.wait > 0 for turn in turns] == [False, True, True]
    assert view.buckets[TPM].used == pytest.approx(0, abs=1)
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "Groq's limits are kept by each worker for itself"
    ]


async def test_redis_is_used_again_when_it_is_back(redis, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.redis_backend.FALLBACK_SECONDS", 0.0)
    lines = RedisBackend("redis://127.0.0.1:1/0")
    shared = FallbackBackend(lines, InMemoryBackend())
    await shared.acquire("f", Ticket(1, "a"), asking(), FIGURES)
    await lines.aclose()
    back = RedisBackend(redis)
    monkeypatch.setattr(shared, "_shared", back)
    await shared.acquire("f", Ticket(1, "a"), asking(), FIGURES)
    await shared.aclose()

    assert caplog.messages[-1] == "Groq's limits are kept together with the other workers again"
