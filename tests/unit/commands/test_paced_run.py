"""Changes one by one: their rate, what is refused, and what ends a run early."""

import os
import signal
import time

import pytest

from catalyst_groq.commands.paced_run import GONE, MAX_CONFLICTS, run_paced
from catalyst_groq.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost

pytestmark = pytest.mark.anyio
FAST = 10_000.0


def raise_for(**errors):
    """Return a change that raises an error for some items, and the list of the items that it was called with."""
    called = []

    async def change(item):
        called.append(item)
        if error := errors.get(item):
            raise error

    return change, called


async def run(change, items="abc", per_second=FAST):
    steps = []
    return await run_paced(list(items), change, per_second, lambda: steps.append(1)), len(steps)


async def test_run_makes_all_changes_and_shows_each():
    change, called = raise_for()
    result, steps = await run(change)

    assert (result.done, called, steps) == (["a", "b", "c"], ["a", "b", "c"], 3)
    assert not result.is_interrupted


async def test_run_goes_on_after_a_refusal():
    change, _ = raise_for(a=EngineRefused(400, "BadUserRequestException", "No such thing"), b=TaskLost(404, "", "gone"))
    result, steps = await run(change)

    assert (result.done, steps) == (["c"], 3)
    assert result.refused == [("a", "No such thing"), ("b", GONE)]


async def test_run_ends_when_the_engine_is_unreachable():
    change, called = raise_for(b=EngineUnreachable("away"))
    result, _ = await run(change)

    assert (result.done, called, result.unreachable) == (["a"], ["a", "b"], "away")


async def test_run_repeats_a_change_that_others_stand_in_the_way_of():
    change, called = raise_for(a=EngineConflict(500, "OptimisticLockingException", "conflict"))
    result, _ = await run(change)

    assert result.refused == [("a", "conflict")]
    assert called == ["a"] * MAX_CONFLICTS + ["b", "c"]


async def test_run_that_is_interrupted_ends_after_the_current_change():
    ended = []

    async def change(item):
        if item == "b":
            os.kill(os.getpid(), signal.SIGINT)
        ended.append(item)

    result, _ = await run(change, per_second=1000)

    assert (result.done, ended) == (["a", "b"], ["a", "b"])
    assert result.is_interrupted


async def test_run_keeps_its_rate():
    change, _ = raise_for()
    begin = time.monotonic()
    await run(change, items="abcde", per_second=100)

    assert time.monotonic() - begin >= 0.04
