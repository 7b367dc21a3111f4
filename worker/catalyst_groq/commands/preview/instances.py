"""The data of a running process instance, for a preview of one of its tasks."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalyst_groq.camunda.queries import EngineQueries
from catalyst_groq.commands.preview.errors import PreviewError
from catalyst_groq.domain.variables import TypedValueDto

FACTS_OF_INSTANCE = ("businessKey", "tenantId")


class InstanceData(NamedTuple):
    """What a task of a process instance is fetched with, besides its extension properties."""

    fetched: Mapping[str, Any]
    """The task's facts and retries, as the REST API writes them."""
    variables: Mapping[str, TypedValueDto]
    definition_id: str
    note: str = ""
    """What is different from a fetched task."""


async def find_instance(queries: EngineQueries, id_: str, activity_id: str | None) -> InstanceData:
    """Return the data of the external task of that id, or of a task of the process instance of that id.

    If the instance does not wait at the task, its process variables are used. `activity_id`: None if the diagram does
    not decide which task it is. Raises `PreviewError`, `EngineError`.
    """
    if task := await queries.external_task(id_):
        return await _read_task(queries, task, activity_id, id_)
    if not (instance := await queries.process_instance(id_)):
        raise PreviewError(
            f"--instance {id_}: the engine has no running process instance and no external task of this id. Take the "
            "id from Cockpit, or give the variables with --var."
        )
    criteria = {"processInstanceId": id_} | ({"activityId": activity_id} if activity_id else {})
    tasks = await queries.external_tasks(**criteria)
    if len(tasks) > 1:
        ids = ", ".join(f"{task['id']} ({task['activityId']})" for task in tasks)
        raise PreviewError(f"--instance {id_} has {len(tasks)} such tasks. Name one of them with --instance: {ids}.")
    if tasks:
        return await _read_task(queries, tasks[0], activity_id, id_)
    if activity_id is None:
        raise PreviewError(
            f"--instance {id_} does not wait at an external task. Name the diagram and the task with FILE and --task."
        )
    facts = {name: instance.get(name) for name in FACTS_OF_INSTANCE} | {"processInstanceId": id_}
    note = f"The instance {id_} does not wait at {activity_id} now: its process variables of this moment are used"
    definition_id = str(instance.get("definitionId"))
    return InstanceData(facts | {"executionId": id_}, await queries.visible_variables(id_), definition_id, note)


async def _read_task(
    queries: EngineQueries, task: Mapping[str, Any], activity_id: str | None, id_: str
) -> InstanceData:
    if activity_id not in (None, task["activityId"]):
        raise PreviewError(f"--instance {id_} is a task at {task['activityId']}. Name it with --task, or another one.")
    variables = await queries.visible_variables(str(task["executionId"]))
    return InstanceData(task, variables, str(task["processDefinitionId"]))
