"""Locks are renewed in a thread: work that blocks the event loop does not end them."""

import asyncio
import socket
import threading
import time

import httpx
import pytest

from catalyst_groq.camunda.locks import LockRenewer
from support.competing_worker import competing_worker
from support.engine_backends import real_stage
from support.engine_rules import Task
from support.fake_engine_thread import running_fake_engine_thread
from support.worker_harness import DONE, messages, seconds, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stage(real_url):
    """An engine that answers while the event loop of the test is blocked."""
    if real_url is None:
        with running_fake_engine_thread() as stage:
            yield stage
    else:
        async with real_stage(real_url) as stage:
            yield stage


def compute(seconds):
    """Keep the interpreter busy; other threads get it only when it takes it from this one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


@pytest.mark.parametrize("block", [time.sleep, compute])
async def test_lock_renewal_continues_while_a_task_blocks_the_loop(stage, work, topic, block):
    begun, competitors = [], []

    async def handle(task):
        begun.append(task.id)
        with competing_worker(stage.rest_url, topic, f"worker-{topic}") as competitor:
            competitors.append(competitor)
            block(2.5 * stage.short_lock)
        return DONE

    created = await stage.create(topic)
    worker = work(stage.rest_url, handle, concurrency=1, lock=stage.short_lock)
    await until(lambda: worker.taken)
    [competitor] = competitors

    assert begun == [created.task_id]
    assert competitor.fetched == []
    assert len(competitor.lock_expirations) >= 6
    assert (await stage.look(created)).waits_at == "Review"


def take_over(rest_url, task_id):
    """Let another worker id lock a task, without the event loop."""
    task_url = f"{rest_url}/external-task/{task_id}"
    locked = False
    while not locked:  # a renewal may come between
        httpx.post(f"{task_url}/unlock", json={}).raise_for_status()
        locked = httpx.post(f"{task_url}/lock", json={"workerId": "another", "lockDuration": 60_000}).is_success


async def test_lock_lost_while_the_loop_is_blocked_reports_nothing(stage, work, topic, caplog):
    async def handle(task):
        if task.id == created.task_id:
            take_over(stage.rest_url, task.id)
            time.sleep(stage.short_lock)  # noqa: ASYNC251 -- what this test is about
        return DONE

    created = await stage.create(topic)
    worker = work(stage.rest_url, handle, concurrency=1, lock=stage.short_lock)
    following = await stage.create(topic)
    await until(lambda: worker.taken)
    seen = await stage.look(created)

    assert list(worker.taken) == [following.task_id]
    assert (seen.waits_at, seen.worker_id, seen.retries, seen.error_message) == ("Ask", "another", None, None)
    [message] = messages(caplog)
    assert message.startswith(f"Lock lost on task {created.task_id}, its work is cancelled: 400 RestException: ")


async def test_lock_is_taken_back_after_an_outage_while_the_loop_is_blocked(topic, work):
    renewed = []

    async def handle(_):
        stage.run(stage.engine.go_away())
        while task.is_locked:
            time.sleep(0.01)  # noqa: ASYNC251 -- what this test is about
        stage.run(stage.engine.come_up())
        deadline = time.monotonic() + 5
        while not task.is_locked and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251
        renewed.append(task.is_locked)
        return DONE

    with running_fake_engine_thread() as stage:
        created = await stage.create(topic)
        task = stage.engine.tasks.all[created.task_id]
        worker = work(stage.rest_url, handle, concurrency=1, lock=0.3)
        await until(lambda: worker.taken)
        await worker.stop()

    assert renewed == [True]
    assert task.waits_at == "Review"


async def test_lock_renewal_covers_fifty_tasks_of_a_blocked_loop(stage, work, topic):
    at_once = asyncio.Barrier(50)

    async def handle(task):
        await at_once.wait()
        if task.id == first.task_id:
            with competing_worker(stage.rest_url, topic, f"worker-{topic}") as competitor:
                competitors.append(competitor)
                time.sleep(2.5 * stage.short_lock)  # noqa: ASYNC251 -- what this test is about
        return DONE

    competitors = []
    first = await stage.create(topic)
    for _ in range(49):
        await stage.create(topic)
    worker = work(stage.rest_url, handle, concurrency=50, lock=stage.short_lock)
    await until(lambda: len(worker.taken) == 50)

    assert competitors[0].fetched == []


async def test_lock_renewal_thread_ends_with_a_cancelled_run(fake, work, topic):
    fake.create(Task(topic=topic))
    begun = asyncio.Event()

    async def wait_for_ever(_):
        begun.set()
        await asyncio.Event().wait()

    worker = work(fake.rest_url, wait_for_ever, lock=0.3)
    await begun.wait()
    worker.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker.running

    assert "lock heartbeat" not in {thread.name for thread in threading.enumerate()}


async def test_lock_renewal_that_waits_for_dns_delays_no_stop(client, monkeypatch):
    resolving, answer = threading.Event(), threading.Event()

    def never_resolve(*_, **__):
        resolving.set()
        answer.wait()
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", never_resolve)
    engine = client("http://unresolved.test")
    renewer = LockRenewer(engine.lock_client, seconds(3))
    with renewer.heartbeat(), renewer.hold("a"):
        await until(resolving.is_set)
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 1
    answer.set()
