"""Limits that several workers keep together, in a real Redis."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.groq.buckets import Dimension
from worker.groq.lines import KEPT, LocalLines, Place, Told
from worker.groq.shared_lines import Degrading, RedisLines

pytestmark = pytest.mark.anyio
RPM, TPM = Dimension.RPM, Dimension.TPM
FIGURES = {RPM: 60, TPM: 6000}


@pytest.fixture
async def lines(redis):
    """Two workers' way to the same lines."""
    one, other = RedisLines(redis), RedisLines(redis)
    yield one, other
    await one.aclose()
    await other.aclose()


def asking(tokens=1):
    return {RPM: 1, TPM: tokens}


async def test_what_one_worker_takes_another_one_waits_for(lines):
    mine, theirs = lines
    turn = await mine.enter("a", Place(1, "mine"), asking(6000), FIGURES)
    later = await theirs.enter("a", Place(2, "theirs"), asking(100), FIGURES)

    assert (turn.wait, turn.taken) == (0, asking(6000))
    assert later.wait == pytest.approx(1.5, abs=0.1)
    assert later.short_of is TPM
    assert later.view.waiting == asking(100)


async def test_the_workers_stand_in_one_line(lines):
    mine, theirs = lines
    await mine.enter("b", Place(1, "before"), asking(6000), FIGURES)
    await mine.enter("b", Place(2, "mine"), asking(300), FIGURES)
    later = await theirs.enter("b", Place(3, "theirs"), asking(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_whose_clock_is_ahead_does_not_stand_behind_everybody(lines, monkeypatch):
    mine, theirs = lines
    now = time.monotonic()
    await mine.enter("ahead", Place(now, "before"), asking(6000), FIGURES)
    monkeypatch.setattr("worker.groq.shared_lines.time.monotonic", lambda: now + 1000)
    await theirs.enter("ahead", Place(now + 1000, "theirs"), asking(300), FIGURES)
    monkeypatch.undo()
    await asyncio.sleep(0.01)
    later = await mine.enter("ahead", Place(time.monotonic(), "mine"), asking(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_who_does_not_stay_is_in_nobodys_way(lines):
    mine, theirs = lines
    await mine.enter("elsewhere", Place(1, "before"), asking(6000), FIGURES)
    gone = await mine.enter("elsewhere", Place(2, "gone"), asking(3000), FIGURES, stays=False)
    later = await theirs.enter("elsewhere", Place(3, "theirs"), asking(10), FIGURES)

    assert gone.wait > 30
    assert later.wait < 1


async def test_what_one_worker_learns_all_know(lines):
    mine, theirs = lines
    await mine.settle("c", {}, [Told(RPM, 30, 0)])
    turn = await theirs.enter("c", Place(1, "theirs"), asking(), {})

    assert (turn.wait, turn.short_of) == (pytest.approx(2, abs=0.1), RPM)


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
    shared, own, name = lines[0], LocalLines(), f"law {time.monotonic_ns()}"
    for kind, first, second in steps:
        if kind == "enter":
            step = (name, Place(first, str(first)), asking(second), FIGURES)
            there, here = await shared.enter(*step), await own.enter(*step)
            assert there.wait == pytest.approx(here.wait, abs=0.2)
            assert (there.short_of, there.taken) == (here.short_of, here.taken)
            there, here = there.view, here.view
        else:
            told = [Told(TPM, first, second)] if kind == "told" else []
            change = {RPM: 0, TPM: first} if kind == "settle" else {}
            there, here = await shared.settle(name, change, told), await own.settle(name, change, told)
        assert there.waiting == here.waiting
        now = time.monotonic()
        for dimension, bucket in here.buckets.items():
            assert there.buckets[dimension].limit == bucket.limit
            assert there.buckets[dimension].used_at(now) == pytest.approx(bucket.used_at(now), abs=20)


async def test_a_place_is_lost_by_a_worker_that_has_died(lines):
    mine, theirs = lines
    await mine.enter("d", Place(1, "before"), asking(6000), FIGURES)
    await mine.enter("d", Place(2, "dead"), asking(3000), FIGURES)
    began = time.monotonic()
    while (turn := await theirs.enter("d", Place(3, "theirs"), asking(10), FIGURES)).wait > 5:
        assert time.monotonic() - began < KEPT + 1
        await asyncio.sleep(0.1)

    assert turn.view.waiting.get(TPM, 0) <= 10


async def test_while_redis_is_away_each_worker_keeps_its_own_limits_and_says_so_once(caplog):
    caplog.set_level("INFO")
    shared = Degrading(RedisLines("redis://127.0.0.1:1/0"), LocalLines())
    turns = [await shared.enter("e", Place(n, str(n)), asking(6000), FIGURES) for n in range(3)]
    view = await shared.settle("e", {RPM: 0, TPM: -6000}, [])
    await shared.aclose()

    assert [turn.wait > 0 for turn in turns] == [False, True, True]
    assert view.buckets[TPM].used == pytest.approx(0, abs=1)
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "Groq's limits are kept by each worker for itself"
    ]


async def test_redis_is_used_again_when_it_is_back(redis, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr("worker.groq.shared_lines.PAUSE", 0.0)
    lines = RedisLines("redis://127.0.0.1:1/0")
    shared = Degrading(lines, LocalLines())
    await shared.enter("f", Place(1, "a"), asking(), FIGURES)
    await lines.aclose()
    back = RedisLines(redis)
    monkeypatch.setattr(shared, "_shared", back)
    await shared.enter("f", Place(1, "a"), asking(), FIGURES)
    await shared.aclose()

    assert caplog.messages[-1] == "Groq's limits are kept together with the other workers again"
