"""The wait for what becomes of process instances."""

import asyncio
from collections import deque
from typing import Any

import pytest

from catalyst_groq.camunda.instances import Element, Incident, UnlockedTask
from catalyst_groq.commands import instance_outcome
from catalyst_groq.commands.instance_outcome import (
    NOT_SEEN,
    InstanceOutcome,
    Situation,
    wait_for_outcome,
    wait_for_outcomes,
)
from catalyst_groq.errors import EngineRefused, EngineUnreachable

pytestmark = pytest.mark.anyio
OLD = Incident("Other", "Down.", "", "t9")
NEW = Incident("Ask", "Down again.", "", "t1")


class FakeInstances:
    """Instances that have open tasks at the first looks, then incidents, or a user task.

    `problems`: what the looks at an instance raise, one after the other. An instance called `slow` never answers.
    """

    def __init__(self, open_tasks=(), incidents=(), user_tasks=(), **problems):
        self.open_tasks, self.incident_list, self.user_task_list = deque(open_tasks), incidents, user_tasks
        self.problems = {instance_id: deque(errors) for instance_id, errors in problems.items()}
        self.looks = []
        self.unlocked_of = []

    async def has_retries(self, task_ids):
        self.looks.append(task_ids)
        return bool(self.open_tasks) and not self.open_tasks.popleft().isdisjoint(task_ids)

    async def end_state(self, instance_id):
        if instance_id == "slow":
            await asyncio.Event().wait()
        if problems := self.problems.get(instance_id):
            problem = problems.popleft() if len(problems) > 1 else problems[0]
            if problem:
                raise problem

    async def with_called(self, instance_id):
        return [instance_id, f"{instance_id}-called"]

    async def incidents(self, instance_id):
        return list(self.incident_list)

    async def user_tasks(self, instance_id):
        return list(self.user_task_list)

    async def failed_attempts(self, instance_id):
        return []

    async def unlocked_tasks(self, instance_ids):
        self.unlocked_of.append(list(instance_ids))
        return {instance_id: [UnlockedTask(instance_id, "topic")] for instance_id in instance_ids}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(instance_outcome, "POLL_INTERVAL_SECONDS", 0)


@pytest.fixture
def one_look(monkeypatch):
    """Let the timeout end the wait after the first look at each instance."""
    monkeypatch.setattr(instance_outcome, "POLL_INTERVAL_SECONDS", 60)


def ignore(_):
    pass


async def wait(instances, timeout=60, on_look=ignore, **tasks):
    return await wait_for_outcomes(instances, tasks, timeout, on_look)


async def test_wait_goes_on_while_a_changed_task_has_retries():
    instances: Any = FakeInstances([{"t1", "t2"}, {"t2", "t3"}, {"t3"}], incidents=[OLD, NEW])
    [outcome] = await wait(instances, i1=["t1", "t2"])

    assert instances.looks == [["t1", "t2"]] * 3
    assert (outcome.situation, outcome.incidents) == (Situation.INCIDENT, [OLD, NEW] * 2)


async def test_wait_of_a_started_instance_looks_at_no_single_task():
    instances: Any = FakeInstances([{"t1"}], user_tasks=[Element("Review", "")])
    outcome = await wait_for_outcome(instances, "i1", 60, ignore)

    assert (outcome.situation, instances.looks) == (Situation.USER_TASK, [])


@pytest.mark.usefixtures("one_look")
async def test_wait_ends_at_the_timeout_with_an_instance_that_runs():
    instances: Any = FakeInstances([{"t1"}] * 2, incidents=[NEW])
    [outcome] = await wait(instances, timeout=0.01, i1=["t1"])

    assert (outcome.situation, outcome.incidents, len(instances.looks)) == (Situation.RUNNING, (), 1)
    assert (outcome.unlocked_tasks, instances.unlocked_of) == ([UnlockedTask("i1", "topic")], [["i1"]])


@pytest.mark.usefixtures("one_look")
async def test_wait_finds_the_unlocked_tasks_of_all_instances_at_once():
    instances: Any = FakeInstances()
    first, second = await wait(instances, timeout=0.01, i1=[], i2=[])

    assert instances.unlocked_of == [["i1", "i1-called", "i2", "i2-called"]]
    assert [task.activity for task in first.unlocked_tasks] == ["i1", "i1-called"]
    assert [task.activity for task in second.unlocked_tasks] == ["i2", "i2-called"]


async def test_wait_does_not_exceed_the_timeout_for_a_slow_engine():
    instances: Any = FakeInstances(user_tasks=[Element("Review", "")])
    slow, known = await wait(instances, timeout=0.01, slow=[], i2=[])

    assert (slow.situation, slow.problem, slow.is_fine) == (Situation.UNKNOWN, NOT_SEEN, False)
    assert (known.situation, instances.unlocked_of) == (Situation.USER_TASK, [[]])


async def test_wait_for_several_instances_returns_each_outcome():
    instances: Any = FakeInstances(user_tasks=[Element("Review", "")])
    seen: list[InstanceOutcome] = []
    outcomes = await wait(instances, on_look=seen.append, i1=["t1"], i2=["t2"])

    assert [outcome.instance_id for outcome in outcomes] == ["i1", "i2"]
    assert seen == outcomes


async def test_wait_looks_again_when_the_engine_was_unreachable():
    away = EngineUnreachable("away")
    instances: Any = FakeInstances(user_tasks=[Element("Review", "")], i1=[away, away, None])
    outcomes = await wait(instances, i1=[], i2=[])

    assert [outcome.situation for outcome in outcomes] == [Situation.USER_TASK] * 2


async def test_wait_knows_nothing_of_what_the_engine_refuses_to_show():
    refusal = EngineRefused(403, "AuthorizationException", "no right")
    instances: Any = FakeInstances(user_tasks=[Element("Review", "")], i1=[refusal])
    unknown, known = await wait(instances, i1=[], i2=[])

    assert (unknown.situation, unknown.problem) == (Situation.UNKNOWN, "403 AuthorizationException: no right")
    assert (unknown.is_fine, known.situation) == (False, Situation.USER_TASK)


@pytest.mark.usefixtures("one_look")
async def test_wait_for_an_engine_that_stays_away_says_so():
    instances: Any = FakeInstances(i1=[EngineUnreachable("away")])
    [outcome] = await wait(instances, timeout=0.01, i1=[])

    assert (outcome.situation, outcome.problem) == (Situation.UNKNOWN, "away")
