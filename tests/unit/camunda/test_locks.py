"""Locks of the tasks in hand, and their one heartbeat."""

import asyncio
import logging
from datetime import timedelta

import pytest

from catalyst_groq.camunda.locks import LockRenewer
from catalyst_groq.errors import EngineRefused, EngineUnreachable, TaskLost

pytestmark = pytest.mark.anyio

LOST = TaskLost(404, "", "no such task")


class Engine:
    """Answers renewals as it is told, and counts them."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.renewed = []
        self.was_asked = asyncio.Event()

    async def renew(self, task_id):
        self.renewed.append(task_id)
        if len(self.renewed) >= 3:
            self.was_asked.set()
        if self.answers and (answer := self.answers.pop(0)):
            raise answer


@pytest.fixture
def beating():
    """Locks that are renewed every hundredth of a second."""
    return lambda engine: LockRenewer(engine.renew, timedelta(seconds=0.03))


async def within_a_second(awaitable):
    return await asyncio.wait_for(awaitable, 1)


async def test_all_held_locks_are_renewed_until_they_are_let_go(beating):
    engine = Engine()
    locks = beating(engine)
    async with locks.heartbeat():
        with locks.hold("a"), locks.hold("b"):
            assert "a" in locks
            await within_a_second(engine.was_asked.wait())
        assert "a" not in locks
        seen = len(engine.renewed)
        await asyncio.sleep(0.03)
        assert set(engine.renewed) == {"a", "b"}
        assert len(engine.renewed) == seen


async def test_a_lost_lock_cancels_the_work_quietly(beating, caplog):
    locks = beating(Engine(LOST))
    async with locks.heartbeat():
        with locks.hold("a") as lock:
            assert await within_a_second(lock.run_while_held(asyncio.Event().wait())) is None
    assert caplog.messages == ["Task a is no longer ours, its call is cancelled: 404: no such task"]


async def test_only_the_work_of_the_lost_task_is_cancelled(beating):
    engine = Engine(LOST)
    locks = beating(engine)
    async with locks.heartbeat():
        with locks.hold("a") as lost, locks.hold("b") as kept:
            first, second = await asyncio.gather(
                lost.run_while_held(within_a_second(asyncio.Event().wait())),
                kept.run_while_held(engine.was_asked.wait()),
            )
    assert (first, second) == (None, True)


@pytest.mark.parametrize("answer", [EngineUnreachable("away"), EngineRefused(500, "", "busy")])
async def test_a_renewal_that_fails_for_another_reason_loses_nothing(beating, answer, caplog):
    engine = Engine(answer, answer)
    locks = beating(engine)
    async with locks.heartbeat():
        with locks.hold("a") as lock:
            assert await within_a_second(lock.run_while_held(engine.was_asked.wait())) is True
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


async def test_a_task_that_ended_during_its_renewal_is_not_called_lost(caplog):
    renewing, refuse = asyncio.Event(), asyncio.Event()

    async def renew(_):
        renewing.set()
        await refuse.wait()
        raise LOST

    locks = LockRenewer(renew, timedelta(seconds=0.03))
    with locks.hold("a") as lock:
        renewal = asyncio.create_task(locks._renew_one(lock))
        await within_a_second(renewing.wait())
    refuse.set()
    await within_a_second(renewal)

    assert not caplog.messages


async def test_losing_a_lock_twice_or_without_work_is_harmless(beating):
    with beating(Engine()).hold("a") as lock:
        lock.mark_lost()
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        lock.mark_lost()
        lock.mark_lost()
        assert await within_a_second(working) is None


@pytest.mark.parametrize("is_lost", [False, True])
async def test_who_is_stopped_is_stopped_whether_or_not_the_lock_was_lost(beating, is_lost):
    with beating(Engine()).hold("a") as lock:
        if is_lost:
            lock.mark_lost()
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within_a_second(working)


async def test_who_is_stopped_while_the_lock_is_lost_is_stopped(beating):
    with beating(Engine()).hold("a") as lock:
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        lock.mark_lost()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within_a_second(working)


async def test_who_loses_a_lock_can_go_on_with_something_else(beating):
    async def carry():
        with beating(Engine()).hold("a") as lock:
            asyncio.get_running_loop().call_soon(lock.mark_lost)
            assert await lock.run_while_held(asyncio.Event().wait()) is None
        async with asyncio.timeout(1):
            return await asyncio.sleep(0, "gone on")

    assert await within_a_second(asyncio.create_task(carry())) == "gone on"


async def test_work_that_makes_something_else_of_its_end_leaves_no_cancellation_behind(beating):
    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("something else") from None

    async def carry():
        with beating(Engine()).hold("a") as lock:
            asyncio.get_running_loop().call_soon(lock.mark_lost)
            with pytest.raises(ValueError, match="something else"):
                await lock.run_while_held(stubborn())
        return asyncio.current_task().cancelling()

    assert await within_a_second(asyncio.create_task(carry())) == 0


async def test_what_the_work_raises_is_not_taken_for_a_lost_lock(beating):
    async def give_up():
        raise TimeoutError("the work's own")

    with beating(Engine()).hold("a") as lock, pytest.raises(TimeoutError, match="the work's own"):
        await lock.run_while_held(give_up())


async def test_the_heartbeat_ends_with_its_block_also_when_that_fails(beating):
    before = asyncio.all_tasks()
    with pytest.raises(ValueError, match="inside"):
        async with beating(Engine()).heartbeat():
            raise ValueError("inside")
    assert asyncio.all_tasks() == before
