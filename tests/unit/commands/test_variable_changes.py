"""The scopes in which variables are set for failed tasks."""

from typing import Any

import pytest

from catalyst_groq.camunda.scope_variables import Scope
from catalyst_groq.commands.variable_changes import plan_changes, retry_task
from catalyst_groq.errors import EngineRefused
from support.failed_tasks import make_task

pytestmark = pytest.mark.anyio
FIRST = make_task("t1", activity="In", activity_instance_id="In:1")
SECOND = make_task("t2", activity="In", activity_instance_id="In:2")


class FakeVariables:
    """Two items of a multi-instance subprocess, each with a task, and the scopes that hold variables."""

    def __init__(self, **holders):
        self.holders, self.asked_for_scopes = holders, 0

    async def scopes_with(self, process_instance_id, name):
        assert process_instance_id == "i1"
        return [Scope("", id_) for id_ in self.holders.get(name, ())]

    async def activity_instances(self, _):
        self.asked_for_scopes += 1
        body = {"i1": "order:1", "Sub#multiInstanceBody:1": "Sub#multiInstanceBody"}
        return {f"In:{number}": {**body, f"Sub:{number}": "Sub"} for number in (1, 2)}


async def plan(names, tasks=(FIRST, SECOND), **holders):
    variables: Any = FakeVariables(**holders)
    changes = await plan_changes(variables, tasks, names)
    return [(change.task.id, change.name, change.activity, change.is_new) for change in changes], variables


async def test_variable_that_is_missing_becomes_one_of_the_process_instance():
    changes, variables = await plan(["text"])

    assert changes == [("t1", "text", "", True), ("t2", "text", "", True)]
    assert not variables.asked_for_scopes


async def test_variable_of_the_process_instance_is_replaced_there():
    changes, variables = await plan(["text"], text=["i1"])

    assert changes == [("t1", "text", "", False), ("t2", "text", "", False)]
    assert not variables.asked_for_scopes


async def test_variable_is_set_in_the_nearest_scope_of_each_task():
    changes, _ = await plan(["a", "b"], a=["i1", "In:1"], b=["i1", "Sub:2", "Sub#multiInstanceBody:1"])

    assert changes == [
        ("t1", "a", "In", False),
        ("t1", "b", "Sub#multiInstanceBody", False),
        ("t2", "a", "", False),
        ("t2", "b", "Sub", False),
    ]


async def test_plan_without_variables_asks_nothing():
    assert (await plan([]))[0] == []


async def test_variables_that_are_refused_leave_the_retries():
    raised = []

    class RefusingEngine:
        async def write(self, execution_id, variables):
            raise EngineRefused(403, "AuthorizationException", f"no right on {execution_id}")

        async def set_retries(self, task_id, retries):
            raised.append(task_id)

    engine: Any = RefusingEngine()
    with pytest.raises(EngineRefused, match="no right on e1"):
        await retry_task(engine, engine, FIRST, {"text": {"type": "String", "value": "a"}}, 1)
    assert raised == []
    await retry_task(engine, engine, FIRST, {}, 1)
    assert raised == ["t1"]
