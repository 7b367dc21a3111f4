"""Finds the failed tasks that a command is about, with the versions of their processes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalyst_groq.camunda.deployments import Deployments
from catalyst_groq.camunda.failed_tasks import FailedTask, FailedTasks
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.failed_task_selection import TaskSelection


class FoundTasks(NamedTuple):
    """Failed tasks, and by the id of each process definition its version."""

    tasks: Sequence[FailedTask]
    versions: Mapping[str, int]


async def find_failed_tasks(rest: RestClient, topics: Sequence[str], selection: TaskSelection) -> FoundTasks:
    """Return the failed tasks of these topics that meet the selection. Raises `EngineError`."""
    tasks = [task for task in await FailedTasks(rest).find(topics) if selection.matches(task)]
    deployments = Deployments(rest)
    ids = dict.fromkeys(task.definition_id for task in tasks)
    return FoundTasks(tasks, {id_: (await deployments.definition(id_)).version for id_ in ids})
