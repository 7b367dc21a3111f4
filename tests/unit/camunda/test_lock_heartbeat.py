"""The heartbeat that renews the locks of active tasks in a thread."""

import asyncio
import logging
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from catalyst_groq.errors import EngineRefused, EngineUnreachable
from support.lock_renewal import FakeLockClient, make_renewer, until, within_a_second

pytestmark = pytest.mark.anyio


def heartbeat_threads():
    return [thread for thread in threading.enumerate() if thread.name == "lock heartbeat"]


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


@pytest.mark.slow
async def test_heartbeat_renews_fifty_locks_in_each_round():
    client = FakeLockClient()
    renewer = make_renewer(client, timedelta(seconds=0.3))
    with ExitStack() as held:
        for number in range(50):
            held.enter_context(renewer.hold(f"task-{number}"))
        with renewer.heartbeat():
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


@pytest.mark.slow
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
