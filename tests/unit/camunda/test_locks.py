"""Locks of active tasks, and the heartbeat that renews them in a thread."""

import asyncio
import logging
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from catalyst_groq.camunda.locks import LockRenewer
from catalyst_groq.errors import EngineRefused, EngineUnreachable, TaskLost

pytestmark = pytest.mark.anyio

LOST = TaskLost(404, "", "no such task")
LOCK_DURATION = timedelta(seconds=0.03)


class FakeLockClient:
    """Answers each renewal with the next given error, or with success; records what it renews and in which thread."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.renewed = []
        self.threads = set()
        self.is_closed = False

    async def lock(self, task_id):
        self.renewed.append(task_id)
        self.threads.add(threading.current_thread().name)
        if self.errors and (error := self.errors.pop(0)):
            raise error

    async def aclose(self):
        self.is_closed = True


def make_renewer(client=None, lock_duration=LOCK_DURATION):
    client = client or FakeLockClient()
    return LockRenewer(lambda: client, lock_duration)


def heartbeat_threads():
    return [thread for thread in threading.enumerate() if thread.name == "lock heartbeat"]


async def within_a_second(awaitable):
    return await asyncio.wait_for(awaitable, 1)


async def until(condition):
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 -- another thread changes it
            await asyncio.sleep(0.001)
    return True


async def test_heartbeat_renews_all_held_locks_until_released():
    client = FakeLockClient()
    renewer = make_renewer(client)
    with renewer.heartbeat():
        with renewer.hold("a"), renewer.hold("b"):
            assert "a" in renewer
            await until(lambda: len(client.renewed) >= 4)
        assert "a" not in renewer
        seen = len(client.renewed)
        await asyncio.sleep(0.03)

    assert set(client.renewed) == {"a", "b"}
    assert len(client.renewed) == seen


async def test_heartbeat_uses_one_thread_that_closes_its_client():
    client = FakeLockClient()
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a"):
        await until(lambda: len(client.renewed) >= 2)
        assert len(heartbeat_threads()) == 1

    assert client.threads == {"lock heartbeat"}
    assert client.is_closed
    assert heartbeat_threads() == []


async def test_heartbeat_renews_while_the_event_loop_is_blocked():
    client = FakeLockClient()
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a"):
        time.sleep(0.2)  # noqa: ASYNC251 -- what this test is about
        renewed = len(client.renewed)

    assert renewed >= 4


async def test_heartbeat_renews_fifty_locks_in_each_round():
    client = FakeLockClient()
    renewer = make_renewer(client, timedelta(seconds=0.3))
    with renewer.heartbeat(), ExitStack() as held:
        for number in range(50):
            held.enter_context(renewer.hold(f"task-{number}"))
        await until(lambda: len(client.renewed) >= 150)

    assert sorted(client.renewed[:50]) == sorted(client.renewed[50:100]) == sorted(f"task-{n}" for n in range(50))


async def test_heartbeat_thread_ends_with_its_block_when_that_fails():
    with pytest.raises(ValueError, match="inside"), make_renewer().heartbeat():
        raise ValueError("inside")

    assert heartbeat_threads() == []


async def test_heartbeat_thread_ends_with_a_keyboard_interrupt():
    with pytest.raises(KeyboardInterrupt), make_renewer().heartbeat():
        raise KeyboardInterrupt

    assert heartbeat_threads() == []


async def test_heartbeat_that_cannot_start_leaves_nothing_open(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"), make_renewer().heartbeat():
        pass


class HangingLockClient(FakeLockClient):
    """Never answers the renewals of one task."""

    def __init__(self, hanging):
        super().__init__()
        self.hanging = hanging
        self.timed_out = 0

    async def lock(self, task_id):
        await super().lock(task_id)
        if task_id == self.hanging:
            try:
                await asyncio.Event().wait()
            finally:
                self.timed_out += 1


async def test_renewal_that_hangs_delays_no_other_renewal():
    client = HangingLockClient("a")
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a"), renewer.hold("b"):
        await until(lambda: client.renewed.count("b") >= 5)

    assert client.renewed.count("a") >= 4
    assert client.timed_out == client.renewed.count("a")
    assert client.is_closed


async def test_renewal_that_hangs_delays_no_stop():
    client = HangingLockClient("a")
    renewer = make_renewer(client, timedelta(seconds=0.3))
    with renewer.heartbeat(), renewer.hold("a"):
        await until(lambda: client.renewed)
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 0.1
    assert client.timed_out == 1


class SlowLockClient(FakeLockClient):
    """Responds to a renewal only after `respond` is set."""

    def __init__(self):
        super().__init__()
        self.respond = threading.Event()
        self.completed: list[str] = []

    async def lock(self, task_id):
        await super().lock(task_id)
        await until(self.respond.is_set)
        self.completed.append(task_id)


async def test_stop_renewing_waits_for_a_renewal_in_progress():
    """After the report of a failure it would lock the task again."""
    client = SlowLockClient()
    renewer = make_renewer(client, timedelta(seconds=0.9))
    with renewer.heartbeat(), renewer.hold("a") as lock:
        await until(lambda: client.renewed)
        stopping = asyncio.create_task(lock.stop_renewing())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        client.respond.set()
        await within_a_second(stopping)

    assert client.completed == ["a"]


async def test_stop_renewing_returns_at_once_without_a_renewal():
    with make_renewer().hold("a") as lock:
        stopping = lock.stop_renewing()
        with pytest.raises(StopIteration):
            stopping.send(None)


async def test_renewal_with_an_internal_error_is_logged_and_repeated(caplog):
    client = FakeLockClient(ValueError("unexpected"))
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a"):
        await until(lambda: len(client.renewed) >= 3)

    assert caplog.messages == ["Lock of task a not renewed: internal error"]


@pytest.mark.parametrize("error", [EngineUnreachable("away"), EngineRefused(500, "", "busy")])
async def test_renewal_that_fails_otherwise_loses_no_lock(error, caplog):
    client = FakeLockClient(error, error)
    renewer = make_renewer(client)
    with renewer.heartbeat(), renewer.hold("a") as lock:
        assert await within_a_second(lock.run_while_held(until(lambda: len(client.renewed) >= 3))) is True

    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


async def test_lock_lost_cancels_the_work_and_is_logged_once(caplog):
    renewer = make_renewer(FakeLockClient(LOST, LOST, LOST))
    with renewer.heartbeat(), renewer.hold("a") as lock:
        assert await within_a_second(lock.run_while_held(asyncio.Event().wait())) is None

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
