"""Start: orphaned tasks are unlocked. Stop: active tasks are finished, the others unlocked."""

import asyncio
import contextlib
import logging
from functools import partial
from operator import contains

import pytest

from catalyst_groq.camunda import poller
from catalyst_groq.common.backoff import Backoff
from support.worker_harness import BlockingHandler, log_messages, seconds, wait_for_state, wait_until, with_timeout

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]


def untouched(state):
    """Whether a task is as it was before any worker had it."""
    return (state.waits_at, state.worker_id, state.locked_until, state.retries, state.error_message) == (
        "Ask",
        None,
        "",
        None,
        None,
    )


def stopped_message(caplog):
    """Return what a worker that has stopped logs, once."""
    (message,) = [text for text in log_messages(caplog, logging.INFO) if text.startswith("Graceful shutdown completed")]
    return message


async def test_stop_finishes_active_tasks_and_fetches_no_more(backend, start_worker, topic, caplog):
    caplog.set_level("INFO")
    handler = BlockingHandler()
    first = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, concurrency=1, shutdown_timeout=10)
    await wait_until(lambda: handler.started)
    second = await backend.create_task(topic)
    worker.poller.stop()
    handler.release()
    await worker.stop()

    assert list(worker.accepted) == [first.task_id]
    assert untouched(await backend.get_state(second))
    assert stopped_message(caplog) == "Graceful shutdown completed. Tasks finished: 1, unlocked: 0, left locked: 0"


class FailingHandler(BlockingHandler):
    """A handler that has an internal error as soon as it is released."""

    async def __call__(self, task):
        await super().__call__(task)
        raise AssertionError(task.id)


async def test_stop_counts_no_task_with_an_internal_error(backend, start_worker, topic, caplog):
    caplog.set_level("INFO")
    handler = FailingHandler()
    await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, shutdown_timeout=10)
    await wait_until(lambda: handler.started)
    worker.poller.stop()
    handler.release()
    await worker.stop()

    assert stopped_message(caplog) == "Graceful shutdown completed. Tasks finished: 0, unlocked: 0, left locked: 1"


async def test_stop_unlocks_tasks_of_the_last_poll(backend, start_worker, topic, caplog):
    caplog.set_level("INFO")
    handler = BlockingHandler()
    worker = start_worker(backend.rest_url, handler, poll_seconds=20)
    await backend.wait_for_poll()
    worker.poller.stop()
    created = await backend.create_task(topic)
    await with_timeout(worker.running, 5)

    assert handler.started == []
    assert untouched(await backend.get_state(created))
    assert stopped_message(caplog) == "Graceful shutdown completed. Tasks finished: 0, unlocked: 1, left locked: 0"


async def test_stop_unlocks_tasks_that_exceed_the_timeout(backend, start_worker, topic, caplog):
    caplog.set_level("INFO")
    handler = BlockingHandler()
    created = [await backend.create_task(topic) for _ in range(3)]
    worker = start_worker(backend.rest_url, handler, shutdown_timeout=0.1)
    await wait_until(lambda: len(handler.started) == 3)
    await worker.stop()

    assert sorted(handler.cancelled) == sorted(handler.started)
    assert worker.accepted == {}
    assert [untouched(await backend.get_state(task)) for task in created] == [True] * 3
    assert stopped_message(caplog) == "Graceful shutdown completed. Tasks finished: 0, unlocked: 3, left locked: 0"


async def test_stop_does_not_wait_for_the_backoff(fake_engine, start_worker, monkeypatch, caplog):
    monkeypatch.setattr(poller, "Backoff", lambda: Backoff(initial_seconds=30))
    await fake_engine.stop()
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: log_messages(caplog))
    async with asyncio.timeout(2):
        await worker.stop()


async def test_orphaned_tasks_are_processed_at_once(backend, start_worker, topic, make_client):
    earlier = make_client(backend.rest_url)
    created = [await backend.create_task(topic) for _ in range(2)]
    assert len(await earlier.fetch_and_lock([topic], 2)) == 2
    worker = start_worker(backend.rest_url)
    await wait_until(lambda: len(worker.accepted) == 2)

    assert sorted(worker.accepted) == sorted(task.task_id for task in created)


@pytest.mark.slow
async def test_orphaned_task_of_the_last_poll_is_processed(backend, start_worker, topic, make_client):
    earlier = asyncio.create_task(make_client(backend.rest_url, poll_seconds=20).fetch_and_lock([topic], 1))
    await backend.wait_for_poll()
    earlier.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await earlier
    created = await backend.create_task(topic)
    locked_for_nobody = await wait_for_state(lambda: backend.get_state(created), lambda state: state.worker_id)
    worker = start_worker(backend.rest_url, poll_seconds=20)
    await wait_until(lambda: worker.accepted, 5)

    assert locked_for_nobody.locked_until
    assert list(worker.accepted) == [created.task_id]


@pytest.mark.slow
async def test_orphaned_poll_may_lock_a_task_after_the_start(backend, start_worker, topic, make_client):
    # Engines serve waiting polls in no promised order, so several tasks make sure that the dead poll gets one.
    earlier = asyncio.create_task(make_client(backend.rest_url, poll_seconds=20).fetch_and_lock([topic], 1))
    await backend.wait_for_poll()
    earlier.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await earlier
    handler = BlockingHandler()
    worker = start_worker(backend.rest_url, handler, poll_seconds=20)
    created = [(await backend.create_task(topic)).task_id for _ in range(5)]
    await wait_until(lambda: len(handler.started) == 5, 5)
    handler.release()
    await wait_until(lambda: len(worker.accepted) == 5)

    assert sorted(handler.started) == sorted(created)


async def test_orphaned_task_search_ends_with_the_longest_poll(backend, start_worker, topic, make_client):
    worker = start_worker(backend.rest_url)
    await worker.wait_for_orphan_search()
    same_id = await backend.create_task(f"{topic}-by-hand")
    await make_client(backend.rest_url).fetch_and_lock([f"{topic}-by-hand"], 1)
    for _ in range(3):
        created = await backend.create_task(topic)
        await wait_until(partial(contains, worker.accepted, created.task_id))

    assert (await backend.get_state(same_id)).worker_id == worker.engine.worker_id


async def test_orphaned_task_search_ignores_other_locks(backend, start_worker, topic, make_client):
    client, other_client = make_client(backend.rest_url), make_client(backend.rest_url, f"other-{topic}")
    [theirs, failed] = [await backend.create_task(topic) for _ in range(2)]
    await other_client.fetch_and_lock([topic], 1)
    await client.fetch_and_lock([topic], 1)
    await client.failure(failed.task_id, "try later", "", retries=2, retry_timeout=seconds(60), variables={})
    before = [await backend.get_state(theirs), await backend.get_state(failed)]
    worker = start_worker(backend.rest_url)
    third = await backend.create_task(topic)
    await wait_until(lambda: worker.accepted)

    assert list(worker.accepted) == [third.task_id]
    assert [await backend.get_state(theirs), await backend.get_state(failed)] == before
