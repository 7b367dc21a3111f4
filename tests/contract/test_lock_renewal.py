"""Locks of active tasks: renewed while they are held; work under a lost lock is cancelled."""

from datetime import datetime

import pytest

from support.worker_harness import (
    COMPLETED,
    BlockingHandler,
    expire_lock,
    lock_as_other_worker,
    log_messages,
    wait_for_state,
    wait_until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]


@pytest.mark.slow
async def test_lock_renewal_outlasts_the_lock_duration(backend, start_worker, topic, make_client):
    handler = BlockingHandler()
    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, concurrency=1, lock_seconds=backend.short_lock_seconds)
    await wait_until(lambda: handler.started)
    other = make_client(backend.rest_url, "other", poll_seconds=0.1)
    ends: set[datetime] = set()
    while len(ends) < 5:  # renewed four times, a third of its duration apart
        assert await other.fetch_and_lock([topic], 1) == []
        ends.add((await backend.get_state(created)).locked_until)
    handler.release()
    await wait_until(lambda: worker.accepted)

    assert handler.started == [created.task_id]
    assert (await backend.get_state(created)).waits_at == "Review"


@pytest.mark.slow
async def test_lock_renewal_takes_back_a_lock_that_ended(backend, start_worker, topic, caplog):
    handler = BlockingHandler()
    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, concurrency=1, lock_seconds=0.6)
    await wait_until(lambda: handler.started)
    await expire_lock(backend.rest_url, created.task_id, worker.engine.worker_id)
    ended = (await backend.get_state(created)).locked_until
    await wait_for_state(lambda: backend.get_state(created), lambda state: state.locked_until > ended)
    handler.release()
    await wait_until(lambda: worker.accepted)

    assert handler.cancelled == []
    assert log_messages(caplog) == []


@pytest.mark.slow
async def test_lock_lost_cancels_the_work_and_reports_nothing(backend, start_worker, topic, caplog):
    handler = BlockingHandler()
    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, concurrency=1, lock_seconds=0.6)
    await wait_until(lambda: handler.started)
    await lock_as_other_worker(backend.rest_url, created.task_id)
    await wait_until(lambda: handler.cancelled)
    handler.release()
    next_one = await backend.create_task(topic)
    await wait_until(lambda: worker.accepted)
    state = await backend.get_state(created)

    assert list(worker.accepted) == worker.handler.reported == [next_one.task_id]
    assert (state.waits_at, state.worker_id, state.retries, state.error_message) == (
        "Ask",
        "another worker",
        None,
        None,
    )
    [message] = log_messages(caplog)
    assert message.startswith(f"Lock lost on task {created.task_id}, its work is cancelled: 400 RestException: ")


@pytest.mark.slow
async def test_lock_lost_with_a_deleted_instance_cancels_the_work(backend, start_worker, topic, caplog):
    handler = BlockingHandler()
    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler, concurrency=1, lock_seconds=0.6)
    await wait_until(lambda: handler.started)
    await backend.cancel_instance(created)
    await wait_until(lambda: handler.cancelled)
    handler.release()
    next_one = await backend.create_task(topic)
    await wait_until(lambda: worker.accepted)

    assert list(worker.accepted) == worker.handler.reported == [next_one.task_id]
    assert "does not exist" in log_messages(caplog)[0]


@pytest.mark.parametrize("lost", ["taken", "deleted"])
async def test_lock_lost_before_the_report_drops_the_outcome(backend, start_worker, topic, caplog, lost):
    async def lose_lock(task):
        if task.id == created.task_id:
            await (
                lock_as_other_worker(backend.rest_url, task.id) if lost == "taken" else backend.cancel_instance(created)
            )
        return COMPLETED

    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, lose_lock, concurrency=1)
    next_one = await backend.create_task(topic)
    await wait_until(lambda: next_one.task_id in worker.accepted and log_messages(caplog))

    assert list(worker.accepted) == worker.handler.reported == [next_one.task_id]
    [message] = log_messages(caplog)
    assert message.startswith(f"Lock lost on task {created.task_id} before its outcome was reported: ")
    assert (await backend.get_state(created)).waits_at == ("Ask" if lost == "taken" else "")
