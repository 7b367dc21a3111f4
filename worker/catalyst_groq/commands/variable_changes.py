"""`catalyst-groq retry`: sets variables, each in the scope in which its task sees it, and raises the task's retries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from catalyst_groq.camunda.failed_tasks import FailedTask, FailedTasks, group_by_instance
from catalyst_groq.camunda.scope_variables import Scope, ScopeVariables
from catalyst_groq.commands.paced_run import PacedResult, describe_refusal, repeat_on_conflict
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineRefused

VARIABLES_SET = "Its variables are set, its retries are unchanged. Run the command again without --var."


class VariableChange(NamedTuple):
    """A variable to set for one task.

    `activity` is that of the scope around the task that has the variable, empty for the process instance. The engine
    shows the scope of an item as that of its multi-instance, so only of the process instance it is certain that a
    variable is the same for all of its tasks: `is_shared`.
    """

    task: FailedTask
    name: str
    activity: str
    is_new: bool
    is_shared: bool
    earlier_type: str = ""
    """The type of the variable that is replaced."""


async def plan_changes(
    variables: ScopeVariables, tasks: Iterable[FailedTask], names: Collection[str]
) -> list[VariableChange]:
    """Return where `ScopeVariables.write` sets each variable for each task. Raises `EngineError`."""
    changes: list[VariableChange] = []
    for instance_id, own in group_by_instance(tasks if names else ()).items():
        holders = {name: await variables.scopes_with(instance_id, name) for name in names}
        has_inner = any(scope.activity_instance_id != instance_id for found in holders.values() for scope in found)
        around = await variables.activity_instances(instance_id) if has_inner else {}
        changes += [
            _find_scope(task, name, holders[name], around.get(task.activity_instance_id, {}))
            for task in own
            for name in names
        ]
    return changes


def _find_scope(task: FailedTask, name: str, holders: Sequence[Scope], around: Mapping[str, str]) -> VariableChange:
    """Return the nearest scope that has the variable. `around`: the scopes around the task, the innermost last."""
    types = {scope.activity_instance_id: scope.type for scope in holders}
    scopes: Sequence[tuple[str, str]] = [(task.activity_instance_id, task.activity), *reversed(list(around.items()))]
    for scope_id, activity in scopes:
        if scope_id in types and scope_id != task.instance_id:
            return VariableChange(task, name, activity, is_new=False, is_shared=False, earlier_type=types[scope_id])
    is_of_branch = any(scope.activity_instance_id == task.instance_id != scope.execution_id for scope in holders)
    is_new, earlier_type = task.instance_id not in types, types.get(task.instance_id, "")
    return VariableChange(task, name, "", is_new, not is_of_branch, earlier_type)


class TaskRetries:
    """Raises the retries of tasks, after the variables for all tasks of the same instance are set.

    A task that runs may write these variables itself, so none is set after the retries of the first one. `changes`:
    where each variable is set; `variables`: with the contents of Files.
    """

    def __init__(
        self,
        failed_tasks: FailedTasks,
        scopes: ScopeVariables,
        changes: Iterable[VariableChange],
        variables: Mapping[str, TypedValueDto],
        retries: int,
    ) -> None:
        self._failed_tasks = failed_tasks
        self._scopes = scopes
        self._variables = variables
        self._retries = retries
        self._open: dict[str, dict[FailedTask, list[VariableChange]]] = {}
        """By instance the changes for each task, until they are made."""
        self._written: set[FailedTask] = set()
        self._refused: dict[FailedTask, EngineRefused] = {}
        for change in changes:
            self._open.setdefault(change.task.instance_id, {}).setdefault(change.task, []).append(change)

    async def raise_for(self, task: FailedTask) -> None:
        """Raise the retries of a task, which may set variables for others. Raises `EngineError`."""
        await self._write(self._open.pop(task.instance_id, {}))
        if refusal := self._refused.get(task):
            raise refusal
        set_retries = partial(self._failed_tasks.set_retries, task.id, self._retries)
        if task not in self._written:
            return await set_retries()
        try:
            await repeat_on_conflict(set_retries)
        except EngineRefused as error:
            message = f"{end_sentence(describe_refusal(error))} {VARIABLES_SET}"
            raise EngineRefused(error.status, error.kind, message) from error

    def add_unraised(self, result: PacedResult[FailedTask]) -> None:
        """Add the tasks to a result whose variables were set before the run has ended early."""
        reported = {*result.done, *(task for task, _ in result.refused)}
        result.refused += [(task, VARIABLES_SET) for task in sorted(self._written - reported)]

    async def _write(self, changes: Mapping[FailedTask, Sequence[VariableChange]]) -> None:
        """Set the variables for all tasks of an instance; those that its tasks share once."""
        shared: set[str] = set()
        for task, own in changes.items():
            variables = {
                change.name: self._variables[change.name]
                for change in own
                if not (change.is_shared and change.name in shared)
            }
            try:
                if variables:
                    await repeat_on_conflict(partial(self._scopes.write, task.execution_id, variables))
            except EngineRefused as error:
                self._refused[task] = error
            else:
                shared |= {change.name for change in own if change.is_shared}
                self._written.add(task)
