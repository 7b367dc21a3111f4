"""External tasks that have no retries left: the engine shows an incident for each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from catalyst_groq.camunda.rest_client import RestClient

PAGE_TASKS = 500


class FailedTask(NamedTuple):
    """An external task without retries left. `message` is that of its incident; `tenant` is empty where it has none."""

    id: str
    topic: str
    process: str
    definition_id: str
    instance_id: str
    execution_id: str
    activity: str
    activity_instance_id: str
    tenant: str
    business_key: str
    message: str
    is_suspended: bool


class FailedTasks:
    """The REST API for failed tasks. Every method raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._url = f"{rest.url}/external-task"

    async def find(self, topics: Sequence[str]) -> list[FailedTask]:
        """Return the failed tasks of these topics that the user may see, page by page."""
        found: dict[str, FailedTask] = {}
        for topic in topics:
            first = 0
            query = {"topicName": topic, "noRetriesLeft": True, "sorting": [{"sortBy": "id", "sortOrder": "asc"}]}
            while page := await self._rest.post(
                f"{self._url}?firstResult={first}&maxResults={PAGE_TASKS}", query, list
            ):
                with self._rest.parsing():
                    found |= {task.id: task for task in map(_to_task, page)}
                first += PAGE_TASKS
        return list(found.values())

    async def set_retries(self, task_id: str, retries: int) -> None:
        """Set the retries of a task, which ends its incident. Raises `TaskLost` if the task is gone."""
        await self._rest.put(f"{self._url}/{quote(task_id, safe='')}/retries", {"retries": retries})


def group_by_instance(tasks: Iterable[FailedTask]) -> dict[str, list[FailedTask]]:
    """Return tasks by the ids of their instances."""
    groups: dict[str, list[FailedTask]] = {}
    for task in tasks:
        groups.setdefault(task.instance_id, []).append(task)
    return groups


def _to_task(body: Mapping[str, Any]) -> FailedTask:
    return FailedTask(
        id=str(body["id"]),
        topic=str(body["topicName"]),
        process=str(body["processDefinitionKey"]),
        definition_id=str(body["processDefinitionId"]),
        instance_id=str(body["processInstanceId"]),
        execution_id=str(body["executionId"]),
        activity=str(body["activityId"]),
        activity_instance_id=str(body["activityInstanceId"]),
        tenant=body["tenantId"] or "",
        business_key=body["businessKey"] or "",
        message=body["errorMessage"] or "",
        is_suspended=bool(body["suspended"]),
    )
