"""The scopes in which variables are set for failed tasks, and the order of the changes."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

from catalyst_groq.camunda.scope_variables import Scope
from catalyst_groq.commands.paced_run import GONE, MAX_CONFLICTS, run_paced
from catalyst_groq.commands.variable_changes import VARIABLES_SET, TaskRetries, VariableChange, plan_changes
from catalyst_groq.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost
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
        return [Scope(id_, id_) for id_ in self.holders.get(name, ())]

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


@pytest.mark.parametrize(
    ("holders", "is_shared"), [([], True), (["i1"], True), (["In:1"], False), (["Sub#multiInstanceBody:1"], False)]
)
async def test_variable_is_shared_if_it_is_one_of_the_process_instance(holders, is_shared):
    variables: Any = FakeVariables(text=holders)
    [change] = await plan_changes(variables, [FIRST], ["text"])

    assert change.is_shared is is_shared


async def test_variable_of_a_branch_is_not_shared():
    variables: Any = FakeVariables()
    variables.scopes_with = AsyncMock(return_value=[Scope("branch", "i1")])
    [change] = await plan_changes(variables, [FIRST], ["text"])

    assert not change.is_shared


class RecordingEngine:
    """Records the changes. `problems`: what a change raises, by what is recorded of it."""

    def __init__(self, **problems):
        self.changes, self.problems = [], problems

    async def write(self, execution_id, variables):
        await self._record(f"write_{execution_id}_{'_'.join(variables)}")

    async def set_retries(self, task_id, retries):
        await self._record(f"retries_{task_id}")

    async def _record(self, change):
        self.changes.append(change)
        if problem := self.problems.get(change):
            raise problem


TASKS = [make_task(f"t{number}", execution_id=f"e{number}") for number in (1, 2)]
OTHER = make_task("t3", execution_id="e3", instance_id="i2")
TYPED = {"text": {"type": "String", "value": "a"}, "item": {"type": "String", "value": "b"}}
REFUSED = EngineRefused(403, "AuthorizationException", "no right")
AWAY = EngineUnreachable("away")


async def raise_retries(engine, names=("text",), tasks=(*TASKS, OTHER)):
    changes = [
        VariableChange(task, name, "", is_new=True, is_shared=name == "text") for task in tasks for name in names
    ]
    retries = TaskRetries(engine, engine, changes, TYPED, 1)
    result = await run_paced(tasks, retries.raise_for, 10_000, lambda: None)
    retries.add_unraised(result)
    return [task.id for task in result.done], {task.id: reason for task, reason in result.refused}


async def test_shared_variable_is_set_once_before_the_retries():
    engine: Any = RecordingEngine()

    assert await raise_retries(engine) == (["t1", "t2", "t3"], {})
    assert engine.changes == ["write_e1_text", "retries_t1", "retries_t2", "write_e3_text", "retries_t3"]


async def test_own_variables_of_all_tasks_are_set_before_the_retries():
    engine: Any = RecordingEngine()
    await raise_retries(engine, ["text", "item"], TASKS)

    assert engine.changes == ["write_e1_text_item", "write_e2_item", "retries_t1", "retries_t2"]


async def test_retries_without_variables_are_only_raised():
    engine: Any = RecordingEngine()
    await raise_retries(engine, [])

    assert engine.changes == ["retries_t1", "retries_t2", "retries_t3"]


async def test_variables_that_are_refused_leave_the_retries():
    engine: Any = RecordingEngine(write_e1_text_item=REFUSED, write_e3_text_item=REFUSED)

    assert await raise_retries(engine, ["text", "item"]) == (["t2"], {"t1": "no right", "t3": "no right"})
    assert engine.changes == ["write_e1_text_item", "write_e2_text_item", "retries_t2", "write_e3_text_item"]


async def test_conflict_writes_only_the_same_variables_again():
    engine: Any = RecordingEngine(write_e2_item=EngineConflict(500, "OptimisticLockingException", "conflict"))

    assert await raise_retries(engine, ["text", "item"], TASKS) == (["t1"], {"t2": "conflict"})
    assert engine.changes == ["write_e1_text_item", *["write_e2_item"] * MAX_CONFLICTS, "retries_t1"]


@pytest.mark.parametrize(
    ("problem", "message"), [(REFUSED, "no right"), (TaskLost(404, "RestException", "no such task"), GONE)]
)
async def test_retries_that_are_refused_say_that_variables_are_set(problem, message):
    engine: Any = RecordingEngine(retries_t1=problem)

    assert await raise_retries(engine, tasks=TASKS) == (["t2"], {"t1": f"{message}. {VARIABLES_SET}"})
    assert (await raise_retries(engine, [], TASKS))[1] == {"t1": message}


async def test_run_that_ends_early_says_which_variables_are_set():
    engine: Any = RecordingEngine(retries_t1=AWAY)

    assert await raise_retries(engine) == ([], {"t1": VARIABLES_SET, "t2": VARIABLES_SET})
