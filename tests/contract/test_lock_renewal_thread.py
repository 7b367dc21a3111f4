"""Locks are renewed in a thread: work that blocks the event loop does not end them."""

import asyncio
import socket
import threading
import time

import httpx
import pytest

from catalyst_groq.camunda.locks import LockRenewer
from support.competing_worker import CompetingWorker, competing_worker
from support.engine_backends import real_backend
from support.engine_rules import Task
from support.fake_engine_thread import running_fake_engine_thread
from support.worker_harness import COMPLETED, log_messages, seconds, wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def backend(real_url):
    """An engine that answers while the event loop of the test is blocked."""
    if real_url is None:
        with running_fake_engine_thread() as backend:
            yield backend
    else:
        async with real_backend(real_url) as backend:
            yield backend


def compute(seconds):
    """Keep the interpreter busy; other threads get it only when it takes it from this one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


@pytest.mark.slow
@pytest.mark.parametrize("block", [time.sleep, compute])
async def test_lock_renewal_continues_while_a_task_blocks_the_loop(backend, start_worker, topic, block):
    started, competitors = [], []

    async def handle(task):
        started.append(task.id)
        with competing_worker(backend.rest_url, topic, f"worker-{topic}") as competitor:
            competitors.append(competitor)
            block(2.5 * backend.short_lock_seconds)
        return COMPLETED

    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handle, concurrency=1, lock_seconds=backend.short_lock_seconds)
    await wait_until(lambda: worker.accepted)
    [competitor] = competitors

    assert started == [created.task_id]
    assert competitor.fetched == []
    assert len(competitor.lock_expirations) >= 4
    assert (await backend.get_state(created)).waits_at == "Review"


def take_over(rest_url, task_id):
    """Let another worker id lock a task, without the event loop."""
    task_url = f"{rest_url}/external-task/{task_id}"
    locked = False
    while not locked:  # a renewal may come between
        httpx.post(f"{task_url}/unlock", json={}).raise_for_status()
        locked = httpx.post(f"{task_url}/lock", json={"workerId": "another", "lockDuration": 60_000}).is_success


@pytest.mark.slow
async def test_lock_lost_while_the_loop_is_blocked_reports_nothing(backend, start_worker, topic, caplog):
    async def handle(task):
        if task.id == created.task_id:
            take_over(backend.rest_url, task.id)
            time.sleep(backend.short_lock_seconds)  # noqa: ASYNC251 -- what this test is about
        return COMPLETED

    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handle, concurrency=1, lock_seconds=backend.short_lock_seconds)
    following = await backend.create_task(topic)
    await wait_until(lambda: worker.accepted)
    state = await backend.get_state(created)

    assert list(worker.accepted) == [following.task_id]
    assert (state.waits_at, state.worker_id, state.retries, state.error_message) == ("Ask", "another", None, None)
    [message] = log_messages(caplog)
    assert message.startswith(f"Lock lost on task {created.task_id}, its work is cancelled: 400 RestException: ")


@pytest.mark.slow
async def test_lock_is_taken_back_after_an_outage_of_a_blocked_loop(topic, start_worker):
    renewed: list[bool] = []

    async def handle(_):
        backend.run(backend.engine.stop())
        while task.is_locked:
            time.sleep(0.01)  # noqa: ASYNC251 -- what this test is about
        backend.run(backend.engine.start())
        deadline = time.monotonic() + 5
        while not task.is_locked and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251
        renewed.append(task.is_locked)
        return COMPLETED

    with running_fake_engine_thread() as backend:
        created = await backend.create_task(topic)
        task = backend.engine.tasks.all[created.task_id]
        worker = start_worker(backend.rest_url, handle, concurrency=1, lock_seconds=0.3)
        await wait_until(lambda: worker.accepted)
        await worker.stop()

    assert renewed == [True]
    assert task.waits_at == "Review"


@pytest.mark.slow
async def test_lock_renewal_covers_fifty_tasks_of_a_blocked_loop(backend, start_worker, topic):
    async def handle(_):
        if not competitors:
            with competing_worker(backend.rest_url, topic, f"worker-{topic}") as competitor:
                competitors.append(competitor)
                time.sleep(2.5 * backend.short_lock_seconds)  # noqa: ASYNC251 -- what this test is about
        return COMPLETED

    competitors: list[CompetingWorker] = []
    for _ in range(50):
        await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handle, concurrency=50, lock_seconds=backend.short_lock_seconds)
    await wait_until(lambda: len(worker.accepted) == 50)

    assert competitors[0].fetched == []


async def test_lock_renewal_thread_ends_with_a_cancelled_run(fake_engine, start_worker, topic):
    fake_engine.create(Task(topic=topic))
    started, earlier = asyncio.Event(), set(threading.enumerate())

    async def wait_for_ever(_):
        started.set()
        await asyncio.Event().wait()

    worker = start_worker(fake_engine.rest_url, wait_for_ever, lock_seconds=0.3)
    await started.wait()
    worker.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker.running

    assert "lock heartbeat" not in {thread.name for thread in threading.enumerate() if thread not in earlier}


@pytest.mark.slow
async def test_lock_renewal_that_waits_for_dns_delays_no_stop(make_client, monkeypatch):
    resolving, answer = threading.Event(), threading.Event()

    def never_resolve(*_, **__):
        resolving.set()
        answer.wait()
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", never_resolve)
    engine = make_client("http://unresolved.test")
    renewer = LockRenewer(engine.lock_client, seconds(3))
    with renewer.heartbeat(), renewer.hold("a"):
        await wait_until(resolving.is_set)
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 1
    answer.set()
