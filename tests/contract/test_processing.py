"""Tasks on their way through the worker: room first, all at once, each reported."""

import asyncio
from functools import partial

import pytest

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Unlocked
from catalyst_groq.domain.variables import decode
from support.engine_backends import typed
from support.engine_rules import Task
from support.worker_harness import DONE, PATIENCE, Held, end_lock, until, until_seen, within

pytestmark = pytest.mark.anyio


async def test_a_task_is_completed_then_settled_and_shown_to_the_watcher(stage, work, topic):
    async def greet(task):
        return Completion({"aiReply": f"Hello {task.variables['userMessage']}"})

    created = await stage.create(topic, variables=typed(userMessage="Ada"))
    worker = work(stage.rest_url, greet)
    await until(lambda: worker.taken)
    seen = await stage.look(created)

    assert seen.waits_at == "Review"
    assert decode(seen.variables["aiReply"]) == "Hello Ada"
    assert worker.taken == {created.task_id: Completion({"aiReply": "Hello Ada"})}
    assert worker.handler.settled == [created.task_id]


async def test_a_bpmn_error_is_thrown_with_its_variables(stage, work, topic):
    outcome = BpmnError("AUTH_FAILED", "Groq: invalid key", {"catalyst_success": False})

    async def refuse(_):
        return outcome

    created = await stage.create(topic)
    worker = work(stage.rest_url, refuse)
    await until(lambda: worker.taken)
    seen = await stage.look(created)

    assert seen.waits_at == "Caught"
    assert decode(seen.variables["errorCode"]) == "AUTH_FAILED"
    assert decode(seen.variables["catalyst_success"]) is False
    assert worker.taken == {created.task_id: outcome}


async def test_a_failure_comes_again_until_its_retries_are_used_up(stage, work, topic):
    offered = []

    async def fail(task):
        offered.append(task.retries)
        return Failure("Groq: 503", "all of it", retries=(2 if task.retries is None else task.retries) - 1)

    created = await stage.create(topic)
    work(stage.rest_url, fail, lock=stage.short_lock)
    seen = await until_seen(lambda: stage.look(created), lambda seen: seen.incident)

    assert offered == [None, 1]
    assert (seen.incident, seen.retries, seen.error_details) == ("Groq: 503", 0, "all of it")


async def test_tasks_given_back_come_again_at_once_with_their_retries(stage, work, topic):
    offered = []

    async def give_back_once(task):
        offered.append((task.id, task.retries, task._fetched["errorMessage"]))
        return Unlocked() if offered.count(offered[-1]) == 1 else DONE

    worker = work(stage.rest_url, give_back_once, poll=0.2, concurrency=30)
    await worker.has_swept()
    created = [await stage.create(topic) for _ in range(20)]
    for task in created:
        await until_seen(partial(stage.look, task), lambda seen: seen.waits_at == "Review", 5)

    assert sorted(offered) == sorted([(task.task_id, None, None) for task in created] * 2)


@pytest.mark.parametrize(("outcome", "late"), [(Unlocked(), 0.1), (Failure("Groq: 503", retries=1), 0.7)])
async def test_a_task_that_comes_again_before_its_report_is_answered_is_begun(fake, work, topic, outcome, late):
    offered = []

    async def second_time(task):
        offered.append(task.id)
        return outcome if len(offered) == 1 else DONE

    worker = work(fake.rest_url, second_time, grace=0)
    await worker.has_swept()
    fake.answers_late = late
    task = fake.create(Task(topic=topic))
    await until(lambda: task.waits_at == "Review", 5)
    fake.answers_late = 0.0

    assert offered == [task.id] * 2


async def test_fifty_tasks_are_in_hand_at_once(stage, work, topic):
    at_once = asyncio.Barrier(50)

    async def meet(_):
        await within(at_once.wait())
        return DONE

    for _ in range(50):
        await stage.create(topic)
    worker = work(stage.rest_url, meet, concurrency=50)
    await until(lambda: len(worker.taken) == 50)

    assert set(map(type, worker.taken.values())) == {Completion}


async def test_no_more_tasks_are_locked_than_there_is_room_for(stage, work, topic):
    created = [await stage.create(topic) for _ in range(7)]
    held = Held()
    worker = work(stage.rest_url, held, concurrency=3)
    await until(lambda: len(held.begun) == 3)
    locked = [task for task in created if (await stage.look(task)).worker_id]
    held.release()
    await until(lambda: len(worker.taken) == 7)

    assert [task.task_id for task in locked] == held.begun[:3]
    assert held.most == 3
    assert sorted(held.begun) == sorted(task.task_id for task in created)


async def test_a_free_place_is_filled_while_other_tasks_are_in_hand(stage, work, topic):
    held = Held()

    async def first_is_slow(task):
        return await held(task) if task.id == slow.task_id else DONE

    slow = await stage.create(topic)
    worker = work(stage.rest_url, first_is_slow, concurrency=2)
    await until(lambda: held.begun)
    quick = [(await stage.create(topic)).task_id for _ in range(3)]
    await until(lambda: len(worker.taken) == 3)
    held.release()
    await until(lambda: len(worker.taken) == 4)

    assert list(worker.taken) == [*quick, slow.task_id]


async def test_a_defect_of_the_handler_stops_neither_the_loop_nor_the_task(stage, work, topic, caplog):
    tries = []

    async def stumble(task):
        tries.append(task.id)
        if tries == [broken.task_id]:
            raise RuntimeError("a defect")
        return DONE

    broken = await stage.create(topic)
    worker = work(stage.rest_url, stumble, lock=0.5)
    await until(lambda: tries)
    other = await stage.create(topic)
    await until(lambda: len(worker.taken) == 2)

    assert list(worker.taken) == [other.task_id, broken.task_id]
    assert f"Task {broken.task_id} failed with an internal error" in caplog.text
    assert "RuntimeError: a defect" in caplog.text


async def test_a_defect_of_a_watcher_stops_nothing(stage, work, topic, caplog):
    def stumble(task, _outcome, _seconds):
        raise RuntimeError(f"cannot watch {task.id}")

    worker = work(stage.rest_url, watchers=[stumble], concurrency=1)
    created = [(await stage.create(topic)).task_id for _ in range(2)]
    await until(lambda: len(worker.taken) == 2)

    assert list(worker.taken) == created
    assert f"cannot watch {created[0]}" in caplog.text


async def test_a_task_in_hand_that_is_offered_again_is_not_begun_twice(stage, work, topic):
    held = Held()
    created = await stage.create(topic)
    worker = work(stage.rest_url, held)
    await until(lambda: held.begun)
    first_lock = (await stage.look(created)).locked_until
    await end_lock(stage.rest_url, created.task_id, worker.engine.worker_id)
    await until_seen(lambda: stage.look(created), lambda seen: seen.locked_until > first_lock, PATIENCE)
    held.release()
    await until(lambda: worker.taken)

    assert held.begun == [created.task_id]


async def test_no_more_places_are_filled_than_there_is_room_for(stage, work, topic):
    rooms, asked = [2, 0, 0, 1], []

    def room(free, in_hand):
        asked.append((free, in_hand))
        return rooms.pop(0) if rooms else 0

    created = [await stage.create(topic) for _ in range(5)]
    worker = work(stage.rest_url, room=room)
    await until(lambda: len(worker.taken) == 3 and not rooms)
    await until(lambda: len(asked) > 6)

    assert len(worker.taken) == 3
    assert {(await stage.look(task)).waits_at for task in created} == {"Ask", "Review"}
