"""Processing of tasks: capacity, concurrency, outcomes and internal errors."""

import asyncio
from functools import partial

import pytest

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.poller import BACKLOG_POLL_TIMEOUT
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Unlocked
from catalyst_groq.domain.task_observation import TaskObserver
from catalyst_groq.domain.variables import decode
from support.engine_backends import typed
from support.engine_rules import Task
from support.worker_harness import (
    COMPLETED,
    TIMEOUT_SECONDS,
    BlockingHandler,
    complete_task,
    expire_lock,
    wait_for_state,
    wait_until,
    with_timeout,
)

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]


async def test_completion_is_reported_and_observed(backend, start_worker, topic):
    async def greet(task):
        return Completion({"aiReply": f"Hello {task.variables['userMessage']}"})

    created = await backend.create_task(topic, variables=typed(userMessage="Ada"))
    worker = start_worker(backend.rest_url, greet)
    await wait_until(lambda: worker.accepted)
    state = await backend.get_state(created)

    assert state.waits_at == "Review"
    assert decode(state.variables["aiReply"]) == "Hello Ada"
    assert worker.accepted == {created.task_id: Completion({"aiReply": "Hello Ada"})}
    assert worker.handler.reported == [created.task_id]


@pytest.mark.parametrize("places", [1, 2], ids=["as many as asked for", "fewer"])
async def test_poll_is_short_while_more_tasks_may_wait(backend, start_worker, topic, monkeypatch, places):
    polls = []
    fetch = EngineClient.fetch_and_lock

    async def recorded(self, topics, max_tasks, max_poll=None):
        tasks = await fetch(self, topics, max_tasks, max_poll)
        polls.append((len(tasks), max_poll))
        return tasks

    monkeypatch.setattr(EngineClient, "fetch_and_lock", recorded)
    worker = start_worker(backend.rest_url, complete_task, concurrency=places)
    await worker.wait_for_orphan_search()
    await backend.create_task(topic)
    await wait_until(lambda: worker.accepted and polls[-1][0] == 0)
    after = [max_poll for _, max_poll in polls[[count for count, _ in polls].index(1) + 1 :]]

    assert after[0] == (BACKLOG_POLL_TIMEOUT if places == 1 else None)


async def test_bpmn_error_outcome_is_thrown_with_its_variables(backend, start_worker, topic):
    outcome = BpmnError("AUTH_FAILED", "Groq: invalid key", {"catalyst_success": False})

    async def refuse(_):
        return outcome

    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, refuse)
    await wait_until(lambda: worker.accepted)
    state = await backend.get_state(created)

    assert state.waits_at == "Caught"
    assert decode(state.variables["errorCode"]) == "AUTH_FAILED"
    assert decode(state.variables["catalyst_success"]) is False
    assert worker.accepted == {created.task_id: outcome}


async def test_failure_is_offered_again_until_no_retries_are_left(backend, start_worker, topic):
    offered = []

    async def fail(task):
        offered.append(task.retries)
        return Failure("Groq: 503", "all of it", retries=(2 if task.retries is None else task.retries) - 1)

    created = await backend.create_task(topic)
    start_worker(backend.rest_url, fail, lock_seconds=backend.short_lock_seconds)
    state = await wait_for_state(lambda: backend.get_state(created), lambda state: state.incident)

    assert offered == [None, 1]
    assert (state.incident, state.retries, state.error_details) == ("Groq: 503", 0, "all of it")


@pytest.mark.slow
async def test_unlocked_tasks_are_fetched_again_with_their_retries(backend, start_worker, topic):
    offered = []

    async def unlock_once(task):
        offered.append((task.id, task.retries))
        return Unlocked() if offered.count(offered[-1]) == 1 else COMPLETED

    worker = start_worker(backend.rest_url, unlock_once, poll_seconds=0.2, concurrency=30)
    await worker.wait_for_orphan_search()
    created = [await backend.create_task(topic) for _ in range(20)]
    for task in created:
        await wait_for_state(partial(backend.get_state, task), lambda state: state.waits_at == "Review", 5)

    assert sorted(offered) == sorted([(task.task_id, None) for task in created] * 2)


@pytest.mark.slow
@pytest.mark.parametrize(("outcome", "late"), [(Unlocked(), 0.1), (Failure("Groq: 503", retries=1), 0.3)])
async def test_task_fetched_again_before_its_response_is_started(fake_engine, start_worker, topic, outcome, late):
    offered = []

    async def return_outcome_once(task):
        offered.append(task.id)
        return outcome if len(offered) == 1 else COMPLETED

    worker = start_worker(fake_engine.rest_url, return_outcome_once, shutdown_timeout=0)
    await worker.wait_for_orphan_search()
    fake_engine.response_delay_seconds = late
    task = fake_engine.create(Task(topic=topic))
    await wait_until(lambda: task.waits_at == "Review", 5)
    fake_engine.response_delay_seconds = 0.0

    assert offered == [task.id] * 2


async def test_concurrency_of_fifty_tasks(backend, start_worker, topic):
    barrier = asyncio.Barrier(50)

    async def wait_for_all(_):
        await with_timeout(barrier.wait())
        return COMPLETED

    for _ in range(50):
        await backend.create_task(topic)
    worker = start_worker(backend.rest_url, wait_for_all, concurrency=50)
    await wait_until(lambda: len(worker.accepted) == 50)

    assert set(map(type, worker.accepted.values())) == {Completion}


async def test_concurrency_limits_the_locked_tasks(backend, start_worker, topic):
    created = [await backend.create_task(topic) for _ in range(7)]
    handler = BlockingHandler()
    worker = start_worker(backend.rest_url, handler, concurrency=3)
    await wait_until(lambda: len(handler.started) == 3)
    locked = [task for task in created if (await backend.get_state(task)).worker_id]
    handler.release()
    await wait_until(lambda: len(worker.accepted) == 7)

    assert [task.task_id for task in locked] == handler.started[:3]
    assert handler.max_active == 3
    assert sorted(handler.started) == sorted(task.task_id for task in created)


async def test_concurrency_is_used_while_a_slow_task_is_active(backend, start_worker, topic):
    handler = BlockingHandler()

    async def first_is_slow(task):
        return await handler(task) if task.id == slow.task_id else COMPLETED

    slow = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, first_is_slow, concurrency=2)
    await wait_until(lambda: handler.started)
    quick = [(await backend.create_task(topic)).task_id for _ in range(3)]
    await wait_until(lambda: len(worker.accepted) == 3)
    handler.release()
    await wait_until(lambda: len(worker.accepted) == 4)

    assert list(worker.accepted) == [*quick, slow.task_id]


async def test_internal_error_of_the_handler_does_not_stop_the_worker(backend, start_worker, topic, caplog):
    handled = []

    async def fail_once(task):
        handled.append(task.id)
        if len(handled) == 1:
            raise RuntimeError("unexpected")
        return COMPLETED

    worker = start_worker(backend.rest_url, fail_once)
    await worker.wait_for_orphan_search()
    broken = await backend.create_task(topic)
    await wait_until(lambda: handled)
    other = await backend.create_task(topic)
    await wait_until(lambda: worker.accepted)
    await expire_lock(backend.rest_url, broken.task_id, worker.engine.worker_id)
    await wait_until(lambda: len(worker.accepted) == 2)

    assert list(worker.accepted) == [other.task_id, broken.task_id]
    assert f"Task {broken.task_id} failed with an internal error" in caplog.text
    assert "RuntimeError: unexpected" in caplog.text


async def test_internal_error_of_an_observer_stops_nothing(backend, start_worker, topic, caplog):
    class BrokenObserver(TaskObserver):
        def on_start(self, task):
            raise RuntimeError(f"cannot watch {task.id}")

        def on_end(self, record):
            raise asyncio.CancelledError

    worker = start_worker(backend.rest_url, observers=[BrokenObserver()], concurrency=1)
    created = [(await backend.create_task(topic)).task_id for _ in range(2)]
    await wait_until(lambda: len(worker.accepted) == 2)

    assert list(worker.accepted) == created
    assert f"cannot watch {created[0]}" in caplog.text


async def test_poller_counts_polls_and_fetched_tasks(backend, start_worker, topic):
    worker = start_worker(backend.rest_url)
    for _ in range(2):
        await backend.create_task(topic)
    await wait_until(lambda: len(worker.accepted) == 2)

    assert worker.poller.fetched_tasks == 2
    assert worker.poller.polls >= 1
    assert worker.poller.has_connected


async def test_active_task_that_is_fetched_again_is_not_started_twice(backend, start_worker, topic):
    handler = BlockingHandler()
    created = await backend.create_task(topic)
    worker = start_worker(backend.rest_url, handler)
    await wait_until(lambda: handler.started)
    first_lock = (await backend.get_state(created)).locked_until
    await expire_lock(backend.rest_url, created.task_id, worker.engine.worker_id)
    await wait_for_state(
        lambda: backend.get_state(created), lambda state: state.locked_until > first_lock, TIMEOUT_SECONDS
    )
    handler.release()
    await wait_until(lambda: worker.accepted)

    assert handler.started == [created.task_id]


async def test_fetch_limit_restricts_the_fetched_tasks(backend, start_worker, topic):
    limits, calls = [2, 0, 0, 1], []

    def fetch_limit(free, active):
        calls.append((free, active))
        return limits.pop(0) if limits else 0

    created = [await backend.create_task(topic) for _ in range(5)]
    worker = start_worker(backend.rest_url, fetch_limit=fetch_limit)
    await wait_until(lambda: len(worker.accepted) == 3 and not limits)
    await wait_until(lambda: len(calls) > 6)

    assert len(worker.accepted) == 3
    assert {(await backend.get_state(task)).waits_at for task in created} == {"Ask", "Review"}
