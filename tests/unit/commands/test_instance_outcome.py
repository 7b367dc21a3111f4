"""The wait for what becomes of process instances."""

from collections import deque
from typing import Any

import pytest

from catalyst_groq.camunda.instances import Element, Incident
from catalyst_groq.commands import instance_outcome
from catalyst_groq.commands.instance_outcome import Situation, wait_for_outcome, wait_for_outcomes

pytestmark = pytest.mark.anyio
OLD = Incident("Other", "Down.", "", "t9")
NEW = Incident("Ask", "Down again.", "", "t1")


class FakeInstances:
    """Instances that have open tasks at the first looks, then incidents, or a user task."""

    def __init__(self, open_tasks=(), incidents=(), user_tasks=()):
        self.open_tasks, self.incident_list, self.user_task_list = deque(open_tasks), incidents, user_tasks
        self.looks = []

    async def tasks_with_retries(self, instance_id):
        self.looks.append(instance_id)
        return self.open_tasks.popleft() if self.open_tasks else set()

    async def end_state(self, instance_id):
        return None

    async def with_called(self, instance_id):
        return [instance_id]

    async def incidents(self, instance_id):
        return list(self.incident_list)

    async def user_tasks(self, instance_id):
        return list(self.user_task_list)

    async def failed_attempts(self, instance_id):
        return []

    async def unlocked_tasks(self, instance_id):
        return []


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(instance_outcome, "POLL_INTERVAL_SECONDS", 0)


def ignore(_):
    pass


async def test_wait_goes_on_while_a_changed_task_has_retries():
    instances: Any = FakeInstances([{"t1", "t2"}, {"t2", "t3"}, {"t3"}], incidents=[OLD, NEW])
    outcome = await wait_for_outcome(instances, "i1", 60, ignore, ["t1", "t2"])

    assert len(instances.looks) == 3
    assert (outcome.situation, outcome.incidents) == (Situation.INCIDENT, [OLD, NEW])


async def test_wait_of_a_started_instance_looks_at_no_single_task():
    instances: Any = FakeInstances([{"t1"}], user_tasks=[Element("Review", "")])
    outcome = await wait_for_outcome(instances, "i1", 60, ignore)

    assert (outcome.situation, instances.looks) == (Situation.USER_TASK, [])


async def test_wait_ends_at_the_timeout_with_an_instance_that_runs():
    instances: Any = FakeInstances([{"t1"}] * 2, incidents=[NEW])
    outcome = await wait_for_outcome(instances, "i1", -1, ignore, ["t1"])

    assert (outcome.situation, outcome.incidents, len(instances.looks)) == (Situation.RUNNING, (), 1)


async def test_wait_for_several_instances_returns_each_outcome():
    instances: Any = FakeInstances(user_tasks=[Element("Review", "")])
    seen = []
    outcomes = await wait_for_outcomes(instances, {"i1": ["t1"], "i2": ["t2"]}, 60, lambda: seen.append(1))

    assert [outcome.instance_id for outcome in outcomes] == ["i1", "i2"]
    assert len(seen) == 2
