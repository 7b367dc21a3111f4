"""Fetch and lock: the request of a worker, and what the engine returns."""

import asyncio
import time

import pytest

from catalyst_groq.domain.variables import FileVariable
from support.engine_backends import typed
from support.worker_harness import expire_lock, post, renew_lock, seconds, wait_for_state, with_timeout

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]

FILE = {"type": "File", "value": "eA==", "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"}}


async def test_fetch_returns_tasks_by_priority_then_by_age(backend, make_client, topic):
    priorities = [0, 5, 0, 5, 10]
    created = [(await backend.create_task(topic, priority=priority)).task_id for priority in priorities]
    engine = make_client(backend.rest_url)
    first = [task.id for task in await engine.fetch_and_lock([topic], 2)]
    rest = [task.id for task in await engine.fetch_and_lock([topic], 10)]

    assert first + rest == [created[index] for index in (4, 1, 3, 0, 2)]


async def test_fetch_returns_variables(backend, make_client, topic):
    given = typed(userMessage="hi", count=3, history=[{"role": "user"}], long="x" * 5000, none=None) | {"file": FILE}
    created = await backend.create_task(topic, variables=given)
    [task] = await make_client(backend.rest_url).fetch_and_lock([topic], 1)

    assert task.variables == {
        "userMessage": "hi",
        "count": 3,
        "history": [{"role": "user"}],
        "long": "x" * 5000,
        "none": None,
        "file": FileVariable("File", "file", "text/plain", "UTF-8", "a.txt"),
    }
    assert task.retries is None
    assert task.activity_id == "Ask"
    assert (task.process_instance_id, task.process_definition_id) == (created.instance_id, created.definition_id)
    assert seconds(0) <= task.age(seconds(60)) < seconds(30)


async def test_fetch_requests_only_variables_that_tasks_use(backend, make_client, topic):
    await backend.create_task(topic, variables=typed(userMessage="hi", other="x" * 5000))
    engine = make_client(backend.rest_url)
    engine.variables_to_fetch.add({"userMessage", "missing"})
    [task] = await engine.fetch_and_lock([topic], 1)

    assert task.variables == {"userMessage": "hi"}
    assert task.has_variables(frozenset({"userMessage"}))
    assert not task.has_variables(frozenset({"other"}))


@pytest.mark.slow
async def test_poll_without_tasks_lasts_for_its_duration(backend, make_client, topic):
    engine, began = make_client(backend.rest_url, poll_seconds=0.3), time.monotonic()

    assert await engine.fetch_and_lock([topic], 1) == []
    assert time.monotonic() - began > 0.25


async def test_poll_is_woken_by_a_new_and_by_an_unlocked_task(backend, make_client, topic):
    one, other_client = (
        make_client(backend.rest_url, "one", poll_seconds=20),
        make_client(backend.rest_url, "other", poll_seconds=20),
    )
    polling = asyncio.create_task(one.fetch_and_lock([topic], 1))
    await backend.wait_for_poll()
    created = await backend.create_task(topic)
    [task] = await with_timeout(polling, 5)
    polling = asyncio.create_task(other_client.fetch_and_lock([topic], 1))
    await backend.wait_for_poll()
    await one.unlock(task.id)
    [again] = await with_timeout(polling, 5)

    assert created.task_id == task.id == again.id


async def test_fetch_returns_no_task_locked_by_another_worker(backend, make_client, topic, locked_task):
    _, created = locked_task

    assert await make_client(backend.rest_url, "other").fetch_and_lock([topic], 1) == []
    assert (await backend.get_state(created)).worker_id != "other"


async def test_fetch_returns_a_task_whose_lock_has_ended(backend, make_client, topic):
    created = await backend.create_task(topic, retries=2)
    await make_client(backend.rest_url, lock_seconds=0.05).fetch_and_lock([topic], 1)
    other_client = make_client(backend.rest_url, "other")
    [task] = await wait_for_state(lambda: other_client.fetch_and_lock([topic], 1), bool)

    assert task.id == created.task_id
    assert task.retries == 2


async def test_lock_that_has_ended_can_be_renewed_but_not_extended(backend, locked_task):
    engine, created = locked_task
    await expire_lock(backend.rest_url, created.task_id, engine.worker_id)
    extending = f"{backend.rest_url}/external-task/{created.task_id}/extendLock"
    body = {"workerId": engine.worker_id, "newDuration": 60_000}
    refused = await post(extending, body)
    await renew_lock(engine, created.task_id)
    extended = await post(extending, body)

    assert (refused.status, extended.status) == (400, 204)
    assert (await refused.json())["message"].startswith("Cannot extend a lock that expired")


async def test_locked_tasks_exclude_other_workers_and_retry_timeouts(backend, make_client, topic):
    client, other_client = make_client(backend.rest_url), make_client(backend.rest_url, f"other-{topic}")
    for _ in range(3):
        await backend.create_task(topic)
    [locked, failed] = await client.fetch_and_lock([topic], 2)
    await other_client.fetch_and_lock([topic], 1)
    await client.failure(failed.id, "try later", "", retries=1, retry_timeout=seconds(60), variables={})

    assert await client.locked_tasks() == [locked.id]
