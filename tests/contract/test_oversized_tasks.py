"""Tasks whose variables are larger than the worker reads: the offender becomes an incident, all others are done."""

import asyncio

import pytest

from catalyst_groq.camunda import rest_client
from support.engine_backends import typed
from support.worker_harness import COMPLETED, wait_for_state, wait_until

pytestmark = pytest.mark.anyio
MAX_BYTES = 30_000
SMALL, HALF, TOO_LARGE = "a" * 10, "a" * (MAX_BYTES // 2), "a" * (2 * MAX_BYTES)
"""Texts of which one fetch can return many, one, and none."""


@pytest.fixture(autouse=True)
def bound(monkeypatch):
    monkeypatch.setattr(rest_client, "MAX_JSON_BYTES", MAX_BYTES)


def document(text):
    return {"document": {"type": "Object", "value": f'"{text}"', "valueInfo": JSON_TEXT}, **typed(text="short")}


JSON_TEXT = {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}


async def test_task_with_too_large_variables_is_an_incident(backend, start_worker, topic):
    sizes = [SMALL, SMALL, TOO_LARGE, SMALL, HALF]
    created = [await backend.create_task(topic, variables=document(size)) for size in sizes]
    offender = created.pop(2)
    worker = start_worker(backend.rest_url)
    await wait_until(lambda: len(worker.accepted) == len(created))
    state = await wait_for_state(lambda: backend.get_state(offender), lambda state: state.incident)

    assert worker.accepted == {task.task_id: COMPLETED for task in created}
    assert state.retries == 0
    assert state.incident.startswith("The variables of this task cannot be read: ")
    assert f"is larger than {MAX_BYTES:,} bytes" in state.incident
    assert state.incident.endswith("then raise the task's retries.")


async def test_tasks_too_large_only_together_are_all_completed(backend, start_worker, topic):
    created = [await backend.create_task(topic, variables=document(HALF)) for _ in range(5)]
    worker = start_worker(backend.rest_url)
    await wait_until(lambda: len(worker.accepted) == len(created))

    assert worker.accepted == {task.task_id: COMPLETED for task in created}


async def test_active_tasks_keep_their_locks_beside_a_too_large_one(backend, start_worker, topic):
    may_end = asyncio.Event()
    offered = []

    async def wait(task):
        offered.append(task.id)
        await may_end.wait()
        return COMPLETED

    active = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, wait)
    await wait_until(lambda: offered)
    offender = await backend.create_task(topic, variables=document(TOO_LARGE))
    await wait_for_state(lambda: backend.get_state(offender), lambda state: state.incident)
    may_end.set()
    await wait_until(lambda: worker.accepted)

    assert offered == [active.task_id]


@pytest.mark.slow
async def test_too_large_task_that_failed_before_is_an_incident(backend, start_worker, make_client, topic):
    offender = await backend.create_task(topic, variables=document(TOO_LARGE))
    client = make_client(backend.rest_url)
    client.variables_to_fetch.add(["text"])
    [task] = await client.fetch_and_lock([topic], 1)
    await client.failure(task.id, "Groq: 503", "", retries=2, retry_timeout=client.lock_duration * 0, variables={})

    start_worker(backend.rest_url, lock_seconds=backend.short_lock_seconds)
    state = await wait_for_state(lambda: backend.get_state(offender), lambda state: state.incident)

    assert "is larger than" in state.incident
