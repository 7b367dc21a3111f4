"""Fetching and locking: what a worker asks for, and what it gets."""

import asyncio
import time

import pytest

from catalyst_groq.domain.variables import FileVariable
from support.engine_backends import typed
from support.worker_harness import end_lock, post, renew_lock, seconds, until_seen, within

pytestmark = pytest.mark.anyio

FILE = {"type": "File", "value": "eA==", "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"}}


async def test_tasks_come_by_priority_and_then_by_age(stage, client, topic):
    priorities = [0, 5, 0, 5, 10]
    created = [(await stage.create(topic, priority=priority)).task_id for priority in priorities]
    engine = client(stage.rest_url)
    first = [task.id for task in await engine.fetch_and_lock([topic], 2)]
    rest = [task.id for task in await engine.fetch_and_lock([topic], 10)]

    assert first + rest == [created[index] for index in (4, 1, 3, 0, 2)]


async def test_a_fetched_task_brings_its_variables_and_extension_properties(stage, client, topic):
    given = typed(userMessage="hi", count=3, history=[{"role": "user"}], long="x" * 5000, none=None) | {"file": FILE}
    properties = {"catalyst_apiKey": "groq_api_key", "text": "${a}\n'\"<&>"}
    created = await stage.create(topic, variables=given, properties=properties)
    [task] = await client(stage.rest_url).fetch_and_lock([topic], 1)

    assert task.variables == {
        "userMessage": "hi",
        "count": 3,
        "history": [{"role": "user"}],
        "long": "x" * 5000,
        "none": None,
        "file": FileVariable("File", "file", "text/plain", "UTF-8", "a.txt"),
    }
    assert task.extension_properties == properties
    assert task.retries is None
    assert task.activity_id == "Ask"
    assert (task.process_instance_id, task.process_definition_id) == (created.instance_id, created.definition_id)
    assert seconds(0) <= task.age(seconds(60)) < seconds(30)


async def test_once_it_is_known_what_tasks_use_nothing_else_is_fetched(stage, client, topic):
    await stage.create(topic, variables=typed(userMessage="hi", other="x" * 5000))
    engine = client(stage.rest_url)
    engine.variables_to_fetch.add({"userMessage", "missing"})
    [task] = await engine.fetch_and_lock([topic], 1)

    assert task.variables == {"userMessage": "hi"}
    assert task.has_variables(frozenset({"userMessage"}))
    assert not task.has_variables(frozenset({"other"}))


async def test_an_empty_poll_is_held_for_its_duration(stage, client, topic):
    engine, began = client(stage.rest_url, poll=0.3), time.monotonic()

    assert await engine.fetch_and_lock([topic], 1) == []
    assert time.monotonic() - began > 0.25


async def test_a_waiting_poll_is_woken_by_a_new_task_and_by_one_given_back(stage, client, topic):
    one, other = client(stage.rest_url, "one", poll=20), client(stage.rest_url, "other", poll=20)
    polling = asyncio.create_task(one.fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    created = await stage.create(topic)
    [task] = await within(polling, 5)
    polling = asyncio.create_task(other.fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    await one.unlock(task.id)
    [again] = await within(polling, 5)

    assert created.task_id == task.id == again.id


async def test_a_task_in_hand_is_offered_to_nobody(stage, client, topic, held):
    _, created = held

    assert await client(stage.rest_url, "other").fetch_and_lock([topic], 1) == []
    assert (await stage.look(created)).worker_id != "other"


async def test_a_task_whose_lock_has_ended_is_offered_again_with_its_retries(stage, client, topic):
    created = await stage.create(topic, retries=2)
    await client(stage.rest_url, lock=0.05).fetch_and_lock([topic], 1)
    other = client(stage.rest_url, "other")
    [task] = await until_seen(lambda: other.fetch_and_lock([topic], 1), bool)

    assert task.id == created.task_id
    assert task.retries == 2


async def test_a_lock_that_has_ended_can_be_taken_back_but_not_extended(stage, held):
    engine, created = held
    await end_lock(stage.rest_url, created.task_id, engine.worker_id)
    extending = f"{stage.rest_url}/external-task/{created.task_id}/extendLock"
    asked = {"workerId": engine.worker_id, "newDuration": 60_000}
    refused = await post(extending, asked)
    await renew_lock(engine, created.task_id)
    extended = await post(extending, asked)

    assert (refused.status, extended.status) == (400, 204)
    assert (await refused.json())["message"].startswith("Cannot extend a lock that expired")


async def test_locked_tasks_are_the_own_ones_that_wait_for_no_second_try(stage, client, topic):
    mine, other = client(stage.rest_url), client(stage.rest_url, f"other-{topic}")
    for _ in range(3):
        await stage.create(topic)
    [held, failed] = await mine.fetch_and_lock([topic], 2)
    await other.fetch_and_lock([topic], 1)
    await mine.failure(failed.id, "try later", "", retries=1, retry_timeout=seconds(60), variables={})

    assert await mine.locked_tasks() == [held.id]
