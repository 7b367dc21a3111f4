"""A start takes up what an earlier life left; a stop finishes what is in hand and leaves the rest untouched."""

import asyncio
import contextlib
from functools import partial
from operator import contains

import pytest

from support.worker_harness import Held, seconds, until, until_seen, within

pytestmark = pytest.mark.anyio


def untouched(seen):
    """Whether a task is as it was before any worker had it."""
    return (seen.waits_at, seen.worker_id, seen.locked_until, seen.retries, seen.error_message) == (
        "Ask",
        None,
        "",
        None,
        None,
    )


async def test_a_stop_finishes_what_is_in_hand_and_fetches_no_more(stage, work, topic):
    held = Held()
    first = await stage.create(topic)
    worker = work(stage.rest_url, held, concurrency=1, grace=10)
    await until(lambda: held.begun)
    second = await stage.create(topic)
    worker.poller.stop()
    held.release()
    await worker.stop()

    assert list(worker.taken) == [first.task_id]
    assert untouched(await stage.look(second))


async def test_a_task_that_the_last_poll_brings_is_given_back(stage, work, topic):
    held = Held()
    worker = work(stage.rest_url, held, poll=20)
    await stage.poll_arrives()
    worker.poller.stop()
    created = await stage.create(topic)
    await within(worker.running, 5)

    assert held.begun == []
    assert untouched(await stage.look(created))


async def test_what_does_not_finish_within_the_grace_time_is_given_back(stage, work, topic):
    held = Held()
    created = [await stage.create(topic) for _ in range(3)]
    worker = work(stage.rest_url, held, grace=0.1)
    await until(lambda: len(held.begun) == 3)
    await worker.stop()

    assert sorted(held.cancelled) == sorted(held.begun)
    assert worker.taken == {}
    assert [untouched(await stage.look(task)) for task in created] == [True] * 3


async def test_a_stop_does_not_wait_for_a_pause(fake, work):
    await fake.go_away()
    worker = work(fake.rest_url)
    worker.poller._backoff._ceiling = 30
    await until(lambda: worker.poller._outage.is_active)
    async with asyncio.timeout(2):
        await worker.stop()


async def test_what_an_earlier_life_left_locked_is_taken_up_at_once(stage, work, topic, client):
    earlier = client(stage.rest_url)
    created = [await stage.create(topic) for _ in range(2)]
    assert len(await earlier.fetch_and_lock([topic], 2)) == 2
    worker = work(stage.rest_url)
    await until(lambda: len(worker.taken) == 2)

    assert sorted(worker.taken) == sorted(task.task_id for task in created)


async def test_a_task_locked_by_the_last_poll_of_an_earlier_life_is_taken_up(stage, work, topic, client):
    earlier = asyncio.create_task(client(stage.rest_url, poll=20).fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    earlier.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await earlier
    created = await stage.create(topic)
    locked_for_nobody = await until_seen(lambda: stage.look(created), lambda seen: seen.worker_id)
    worker = work(stage.rest_url, poll=20)
    await until(lambda: worker.taken, 5)

    assert locked_for_nobody.locked_until
    assert list(worker.taken) == [created.task_id]


async def test_a_poll_of_an_earlier_life_may_still_lock_a_task_after_the_start(stage, work, topic, client):
    # Engines serve waiting polls in no promised order, so several tasks make sure that the dead poll gets one.
    earlier = asyncio.create_task(client(stage.rest_url, poll=20).fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    earlier.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await earlier
    held = Held()
    worker = work(stage.rest_url, held, poll=20)
    created = [(await stage.create(topic)).task_id for _ in range(5)]
    await until(lambda: len(held.begun) == 5, 5)
    held.release()
    await until(lambda: len(worker.taken) == 5)

    assert sorted(held.begun) == sorted(created)


async def test_the_search_for_leftovers_ends_with_the_longest_poll_of_an_earlier_life(stage, work, topic, client):
    worker = work(stage.rest_url)
    await worker.has_swept()
    same_id = await stage.create(f"{topic}-by-hand")
    await client(stage.rest_url).fetch_and_lock([f"{topic}-by-hand"], 1)
    for _ in range(3):
        created = await stage.create(topic)
        await until(partial(contains, worker.taken, created.task_id))

    assert (await stage.look(same_id)).worker_id == worker.engine.worker_id


async def test_locks_of_other_workers_and_waits_between_tries_are_left_alone(stage, work, topic, client):
    mine, other = client(stage.rest_url), client(stage.rest_url, f"other-{topic}")
    [theirs, failed] = [await stage.create(topic) for _ in range(2)]
    await other.fetch_and_lock([topic], 1)
    await mine.fetch_and_lock([topic], 1)
    await mine.failure(failed.task_id, "try later", "", retries=2, retry_timeout=seconds(60), variables={})
    before = [await stage.look(theirs), await stage.look(failed)]
    worker = work(stage.rest_url)
    third = await stage.create(topic)
    await until(lambda: worker.taken)

    assert list(worker.taken) == [third.task_id]
    assert [await stage.look(theirs), await stage.look(failed)] == before
