"""Lost locks: the work is cancelled, and only that of its task."""

import asyncio
import time

import pytest

from support.lock_renewal import LOST, FakeLockClient, make_renewer, until, within_a_second

pytestmark = pytest.mark.anyio


async def test_lock_lost_cancels_the_work_and_is_logged_once(caplog):
    renewer = make_renewer(FakeLockClient(LOST, LOST, LOST))
    with renewer.heartbeat(), renewer.hold("a") as lock:
        assert await within_a_second(lock.run_while_held(asyncio.Event().wait())) is None

    assert renewer.renewals["lost"] == 1
    assert caplog.messages == ["Lock lost on task a, its work is cancelled: 404: no such task"]


async def test_lock_lost_cancels_only_the_work_of_its_task():
    client = FakeLockClient(LOST)
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a") as lost, renewer.hold("b") as held:
        first, second = await asyncio.gather(
            lost.run_while_held(within_a_second(asyncio.Event().wait())),
            held.run_while_held(until(lambda: client.renewed.count("b") >= 3)),
        )

    assert (first, second) == (None, True)


async def test_lock_lost_during_blocking_work_discards_its_result(caplog):
    async def block():
        time.sleep(0.2)  # noqa: ASYNC251 -- what this test is about
        return "result"

    client = FakeLockClient(LOST, LOST, LOST)
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a") as lock:
        assert await lock.run_while_held(block()) is None
        await asyncio.sleep(0.02)  # a cancellation would arrive here

    assert client.renewed == ["a"]
    assert len(caplog.messages) == 1


async def test_lock_is_not_lost_when_the_task_was_just_reported(caplog):
    """The engine answers the renewal that it has no such task before it answers the completion."""
    client = FakeLockClient(LOST, LOST)
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a") as lock:
        assert await lock.run_while_held(asyncio.sleep(0, "outcome")) == "outcome"
        await until(lambda: len(client.renewed) >= 2)

    assert caplog.messages == []


async def test_lock_lost_before_the_work_starts_prevents_it():
    started = []

    async def work():
        started.append(True)

    with make_renewer().hold("a") as lock:
        assert lock.mark_lost() is True
        assert await lock.run_while_held(work()) is None

    assert started == []


async def test_lock_lost_twice_or_after_the_work_is_harmless():
    with make_renewer().hold("a") as lock:
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        assert lock.mark_lost() is True
        assert lock.mark_lost() is False
        assert await within_a_second(working) is None

    with make_renewer().hold("b") as lock:
        await lock.run_while_held(asyncio.sleep(0))
        assert lock.mark_lost() is False


@pytest.mark.parametrize("is_lost", [False, True])
async def test_lock_state_does_not_hide_a_cancellation(is_lost):
    with make_renewer().hold("a") as lock:
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        if is_lost:
            lock.mark_lost()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within_a_second(working)


async def test_lock_lost_while_the_task_is_cancelled_keeps_both():
    with make_renewer().hold("a") as lock:
        working = asyncio.create_task(lock.run_while_held(asyncio.Event().wait()))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(working.cancel)
        lock.mark_lost()
        with pytest.raises(asyncio.CancelledError):
            await within_a_second(working)


async def test_lock_lost_lets_its_task_continue_with_other_work():
    async def process():
        with make_renewer().hold("a") as lock:
            asyncio.get_running_loop().call_soon(lock.mark_lost)
            assert await lock.run_while_held(asyncio.Event().wait()) is None
        async with asyncio.timeout(1):
            return await asyncio.sleep(0, "continued")

    assert await within_a_second(asyncio.create_task(process())) == "continued"


async def test_lock_lost_leaves_no_cancellation_after_another_error():
    async def replace_cancellation():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("something else") from None

    async def process():
        with make_renewer().hold("a") as lock:
            asyncio.get_running_loop().call_soon(lock.mark_lost)
            with pytest.raises(ValueError, match="something else"):
                await lock.run_while_held(replace_cancellation())
        return asyncio.current_task().cancelling()

    assert await within_a_second(asyncio.create_task(process())) == 0


async def test_lock_holder_error_is_not_taken_for_a_lost_lock():
    async def fail():
        raise TimeoutError("the work's own")

    with make_renewer().hold("a") as lock, pytest.raises(TimeoutError, match="the work's own"):
        await lock.run_while_held(fail())
