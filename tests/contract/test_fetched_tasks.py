"""A task that another client has fetched is read as if it had been fetched here."""

import pytest

from catalyst_groq.errors import EngineRefused, TaskLost
from support.engine_backends import typed
from support.engine_rules import Task

pytestmark = pytest.mark.anyio


async def test_fetched_task_is_read_as_a_fetch_returns_it(backend, make_client, topic):
    created = await backend.create_task(topic, variables=typed(text="hello", order={"item": 17}, count=3))
    engine = make_client(backend.rest_url)
    [fetched] = await engine.fetch_and_lock([topic], 1)
    task = await engine.fetched_tasks().read(created.task_id)

    assert (task.id, task.execution_id, task.retries) == (fetched.id, fetched.execution_id, fetched.retries)
    assert task.variables == fetched.variables == {"text": "hello", "order": {"item": 17}, "count": 3}
    assert {**task.facts, "priority": 0} == {**fetched.facts, "priority": 0}
    assert task.created == fetched.created != ""
    assert task.age(engine.lock_duration) == fetched.age(engine.lock_duration)
    assert task.has_variables(None)


async def test_fetched_task_that_is_gone_is_lost(backend, locked_task):
    engine, created = locked_task
    await backend.cancel_instance(created)

    with pytest.raises(TaskLost):
        await engine.fetched_tasks().read(created.task_id)


async def test_fetched_task_with_hidden_variables_is_refused(fake_engine, make_client, topic):
    engine, tasks = make_client(fake_engine.rest_url), fake_engine.tasks
    fake_engine.hides_variables = True
    task = fake_engine.create(Task(topic=topic))

    with pytest.raises(EngineRefused, match="READ permission on ProcessInstance"):
        await engine.fetched_tasks().read(task.id)
    assert tasks.get(task.id).worker_id is None
