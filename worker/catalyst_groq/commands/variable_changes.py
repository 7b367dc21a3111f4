"""`catalyst-groq retry`: sets variables, each in the scope in which its task sees it, and raises the task's retries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from catalyst_groq.camunda.failed_tasks import FailedTask, FailedTasks
from catalyst_groq.camunda.scope_variables import ScopeVariables
from catalyst_groq.domain.variables import TypedValueDto


class VariableChange(NamedTuple):
    """A variable to set for one task.

    `activity` is that of the scope around the task that has the variable, empty for the process instance. The engine
    shows the scope of an item as that of its multi-instance.
    """

    task: FailedTask
    name: str
    activity: str
    is_new: bool


async def plan_changes(
    variables: ScopeVariables, tasks: Iterable[FailedTask], names: Collection[str]
) -> list[VariableChange]:
    """Return where `ScopeVariables.write` sets each variable for each task. Raises `EngineError`."""
    by_instance: dict[str, list[FailedTask]] = {}
    for task in tasks if names else ():
        by_instance.setdefault(task.instance_id, []).append(task)
    changes: list[VariableChange] = []
    for instance_id, own in by_instance.items():
        holders = {
            name: {scope.activity_instance_id for scope in await variables.scopes_with(instance_id, name)}
            for name in names
        }
        has_inner = any(found - {instance_id} for found in holders.values())
        around = await variables.activity_instances(instance_id) if has_inner else {}
        changes += [
            _find_scope(task, name, holders[name], around.get(task.activity_instance_id, {}))
            for task in own
            for name in names
        ]
    return changes


def _find_scope(task: FailedTask, name: str, holders: Collection[str], around: Mapping[str, str]) -> VariableChange:
    """Return the nearest scope that has the variable. `around`: the scopes around the task, the innermost last."""
    scopes: Sequence[tuple[str, str]] = [(task.activity_instance_id, task.activity), *reversed(list(around.items()))]
    for scope_id, activity in scopes:
        if scope_id in holders and scope_id != task.instance_id:
            return VariableChange(task, name, activity, is_new=False)
    return VariableChange(task, name, "", is_new=task.instance_id not in holders)


async def retry_task(
    failed_tasks: FailedTasks,
    scopes: ScopeVariables,
    task: FailedTask,
    variables: Mapping[str, TypedValueDto],
    retries: int,
) -> None:
    """Set the variables for a task, and then raise its retries. Raises `EngineError`."""
    if variables:
        await scopes.write(task.execution_id, variables)
    await failed_tasks.set_retries(task.id, retries)
