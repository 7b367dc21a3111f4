"""Locks of the tasks in hand: renewed as long as they are ours, given up at once when they are not."""

from datetime import datetime

import pytest

from support.worker_harness import DONE, Held, end_lock, messages, take_away, until, until_seen

pytestmark = pytest.mark.anyio


async def test_a_task_is_kept_far_beyond_its_lock_duration(stage, work, topic, client):
    held = Held()
    created = await stage.create(topic)
    worker = work(stage.rest_url, held, concurrency=1, lock=stage.short_lock)
    await until(lambda: held.begun)
    other = client(stage.rest_url, "other", poll=0.1)
    ends: set[datetime] = set()
    while len(ends) < 5:  # renewed four times, a third of its duration apart
        assert await other.fetch_and_lock([topic], 1) == []
        ends.add((await stage.look(created)).locked_until)
    held.release()
    await until(lambda: worker.taken)

    assert held.begun == [created.task_id]
    assert (await stage.look(created)).waits_at == "Review"


async def test_a_lock_that_ended_is_taken_back_while_nobody_took_the_task(stage, work, topic, caplog):
    held = Held()
    created = await stage.create(topic)
    worker = work(stage.rest_url, held, concurrency=1, lock=0.6)
    await until(lambda: held.begun)
    await end_lock(stage.rest_url, created.task_id, worker.engine.worker_id)
    ended = (await stage.look(created)).locked_until
    await until_seen(lambda: stage.look(created), lambda seen: seen.locked_until > ended)
    held.release()
    await until(lambda: worker.taken)

    assert held.cancelled == []
    assert messages(caplog) == []


async def test_a_lost_lock_cancels_the_call_and_reports_nothing(stage, work, topic, caplog):
    held = Held()
    created = await stage.create(topic)
    worker = work(stage.rest_url, held, concurrency=1, lock=0.6)
    await until(lambda: held.begun)
    await take_away(stage.rest_url, created.task_id)
    await until(lambda: held.cancelled)
    held.release()
    next_one = await stage.create(topic)
    await until(lambda: worker.taken)
    seen = await stage.look(created)

    assert list(worker.taken) == worker.handler.settled == [next_one.task_id]
    assert (seen.waits_at, seen.worker_id, seen.retries, seen.error_message) == ("Ask", "another worker", None, None)
    [said] = messages(caplog)
    assert said.startswith(f"Lock lost on task {created.task_id}, its work is cancelled: 400 RestException: ")


async def test_a_task_whose_instance_is_deleted_is_dropped_during_its_call(stage, work, topic, caplog):
    held = Held()
    created = await stage.create(topic)
    worker = work(stage.rest_url, held, concurrency=1, lock=0.6)
    await until(lambda: held.begun)
    await stage.cancel(created)
    await until(lambda: held.cancelled)
    held.release()
    next_one = await stage.create(topic)
    await until(lambda: worker.taken)

    assert list(worker.taken) == worker.handler.settled == [next_one.task_id]
    assert "does not exist" in messages(caplog)[0]


@pytest.mark.parametrize("lost", ["taken", "deleted"])
async def test_a_task_lost_just_before_its_report_is_dropped(stage, work, topic, caplog, lost):
    async def lose(task):
        if task.id == created.task_id:
            await (take_away(stage.rest_url, task.id) if lost == "taken" else stage.cancel(created))
        return DONE

    created = await stage.create(topic)
    worker = work(stage.rest_url, lose, concurrency=1)
    next_one = await stage.create(topic)
    await until(lambda: next_one.task_id in worker.taken and messages(caplog))

    assert list(worker.taken) == worker.handler.settled == [next_one.task_id]
    [said] = messages(caplog)
    assert said.startswith(f"Lock lost on task {created.task_id} before its outcome was reported: ")
    assert (await stage.look(created)).waits_at == ("Ask" if lost == "taken" else "")
