"""Finds the failed tasks that a command is about, with the versions of their processes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalyst_groq.camunda.deployments import Deployments
from catalyst_groq.camunda.failed_tasks import FailedTask, FailedTasks
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.failed_task_selection import TaskSelection
from catalyst_groq.errors import CatalystError


class ProcessNotDeployed(CatalystError):  # noqa: N818 -- named after the state
    """An option names a process that the engine does not have."""


class FoundTasks(NamedTuple):
    """Failed tasks, and by the id of each process definition its version."""

    tasks: Sequence[FailedTask]
    versions: Mapping[str, int]


async def find_failed_tasks(rest: RestClient, topics: Sequence[str], selection: TaskSelection) -> FoundTasks:
    """Return the failed tasks of these topics that meet the selection. Raises `ProcessNotDeployed`, `EngineError`."""
    deployments = Deployments(rest)
    for key in selection.processes:
        if not await deployments.has_process(key):
            fix = "Write the id of a process in its diagram, and check the user's permissions in the engine."
            raise ProcessNotDeployed(f"--process {key}: the engine has no process with this id. {fix}")
    tasks = [task for task in await FailedTasks(rest).find(topics) if selection.matches(task)]
    ids = dict.fromkeys(task.definition_id for task in tasks)
    return FoundTasks(tasks, {id_: (await deployments.definition(id_)).version for id_ in ids})
