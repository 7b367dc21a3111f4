"""Tasks that are unlocked together."""

import asyncio

import pytest

from catalyst_groq.camunda import orphaned_tasks
from catalyst_groq.camunda.orphaned_tasks import MAX_CONCURRENT_UNLOCKS, unlock_tasks
from catalyst_groq.errors import EngineRefused, TaskLost

pytestmark = pytest.mark.anyio


class Engine:
    """An engine that does with each task what `answers` has for it: raise, wait for an event, or unlock it."""

    def __init__(self, **answers):
        self.answers, self.unlocked, self.waiting, self.most_waiting = answers, [], 0, 0

    async def unlock(self, task_id):
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)
        answer = self.answers.get(task_id)
        if isinstance(answer, Exception):
            raise answer
        if answer:
            await answer.wait()
        await asyncio.sleep(0)
        self.waiting -= 1
        self.unlocked.append(task_id)


async def test_task_that_the_engine_does_not_unlock_in_time_delays_no_other(monkeypatch, caplog):
    monkeypatch.setattr(orphaned_tasks, "UNLOCK_TIMEOUT_SECONDS", 0.05)
    engine = Engine(b=asyncio.Event(), d=asyncio.Event())
    async with asyncio.timeout(5):
        await unlock_tasks(engine, "abcde")

    assert engine.unlocked == ["a", "c", "e"]
    messages = [message for message in caplog.messages if "not unlocked" in message]
    end = "not unlocked, it stays locked until its lock ends: not done within 0.05 s"
    assert sorted(messages) == [f"Task b {end}", f"Task d {end}"]


async def test_task_that_cannot_be_unlocked_is_logged_unless_it_is_lost(caplog):
    engine = Engine(a=TaskLost(404, "NotFound", "gone"), b=EngineRefused(500, "Error", "no"))
    assert await unlock_tasks(engine, "abc") == 1

    assert [message for message in caplog.messages if "Task a" in message] == []
    assert [message[:19] for message in caplog.messages if "Task b" in message] == ["Task b not unlocked"]


async def test_many_tasks_are_unlocked_a_few_at_a_time():
    engine = Engine()
    await unlock_tasks(engine, map(str, range(200)))

    assert len(engine.unlocked) == 200
    assert engine.most_waiting <= MAX_CONCURRENT_UNLOCKS


async def test_no_task_is_unlocked_at_once():
    await unlock_tasks(Engine(), [])
