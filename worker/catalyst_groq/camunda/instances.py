"""What became of a process instance: whether it has ended, what it waits for, its incidents and variables."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from catalyst_groq.camunda.queries import pages_of_ids
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.common.pace import Pace
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineRefused

T = TypeVar("T")
END_EVENT_SUFFIX = "EndEvent"
"""Of the type of an activity instance: `noneEndEvent`, `errorEndEvent` …"""

NO_HISTORY = "how is unknown, the engine keeps no history"
"""The end of an instance that is gone."""

MAX_CALLED_INSTANCES = 100
MAX_UNLOCKED_TASKS = 1_000


class Element(NamedTuple):
    """An element of a diagram; `name` is empty where it has none."""

    id: str
    name: str


class Incident(NamedTuple):
    """An open incident; `details` are the error details of its external task. Both are empty where it has none."""

    activity: str
    message: str
    details: str
    task_id: str


class UnlockedTask(NamedTuple):
    """An external task that waits for a worker."""

    activity: str
    topic: str


class FailedAttempt(NamedTuple):
    """An external task that the engine will offer again."""

    activity: str
    message: str
    retries: int


class Instances:
    """The REST API for process instances. Every method raises `EngineUnreachable` or `EngineRefused`.

    `pace` bounds the rate of the requests of all methods together.
    """

    def __init__(self, rest: RestClient, pace: Pace | None = None) -> None:
        self._rest = rest
        self._url = rest.url
        self._pace = pace
        self._turn = asyncio.Lock()

    async def end_state(self, instance_id: str) -> str | None:
        """Return how an instance has ended, such as `COMPLETED`; None while it runs.

        An engine that keeps no history only shows that it is gone: `NO_HISTORY`.
        """
        running = await self._list("process-instance", processInstanceIds=instance_id)
        if running:
            return None
        try:
            body = await self._get(f"history/process-instance/{quote(instance_id, safe='')}", dict)
        except EngineRefused:
            return NO_HISTORY
        with self._rest.parsing():
            return str(body["state"])

    async def end_events(self, instance_id: str) -> list[Element]:
        """Return the end events that an instance has reached, the last one first."""
        found = await self._list(
            "history/activity-instance", processInstanceId=instance_id, sortBy="startTime", sortOrder="desc"
        )
        with self._rest.parsing():
            return [
                Element(str(entry["activityId"]), entry["activityName"] or "")
                for entry in found
                if str(entry["activityType"]).endswith(END_EVENT_SUFFIX)
            ]

    async def with_called(self, instance_id: str) -> list[str]:
        """Return the instance, and those that it has called and that run, up to `MAX_CALLED_INSTANCES`."""
        ids = [instance_id]
        for id_ in ids:
            called = await self._list("process-instance", superProcessInstance=id_)
            with self._rest.parsing():
                ids += [str(entry["id"]) for entry in called]
            if len(ids) > MAX_CALLED_INSTANCES:
                break
        return ids

    async def user_tasks(self, instance_id: str) -> list[Element]:
        """Return the user tasks that wait in an instance."""
        found = await self._list("task", processInstanceId=instance_id)
        with self._rest.parsing():
            return [Element(str(entry["taskDefinitionKey"]), entry["name"] or "") for entry in found]

    async def incidents(self, instance_id: str) -> list[Incident]:
        """Return the open incidents of an instance, without those that only repeat one of a called instance."""
        found = await self._list("incident", processInstanceId=instance_id)
        with self._rest.parsing():
            own = [entry for entry in found if entry["id"] == entry["rootCauseIncidentId"]]
            return [await self._to_incident(entry) for entry in own]

    async def failed_attempts(self, instance_id: str) -> list[FailedAttempt]:
        """Return the external tasks that have failed and have retries left."""
        found = await self._list("external-task", processInstanceId=instance_id, withRetriesLeft="true")
        with self._rest.parsing():
            return [
                FailedAttempt(str(entry["activityId"]), entry["errorMessage"], int(entry["retries"]))
                for entry in found
                if entry["errorMessage"] and entry["retries"]
            ]

    async def has_retries(self, task_ids: Sequence[str]) -> bool:
        """Whether one of these external tasks has retries left."""
        for ids in pages_of_ids(task_ids):
            if await self._query_tasks({"externalTaskIdIn": ids, "withRetriesLeft": True}, max_results=1):
                return True
        return False

    async def unlocked_tasks(self, instance_ids: Sequence[str]) -> dict[str, list[UnlockedTask]]:
        """Return the external tasks that no worker has fetched, and that a worker may fetch, by their instances.

        One request for each of `pages_of_ids`. It finds up to `MAX_UNLOCKED_TASKS` tasks.
        """
        found: dict[str, list[UnlockedTask]] = {}
        for ids in pages_of_ids(instance_ids):
            query = {"processInstanceIdIn": ids, "notLocked": True, "withRetriesLeft": True, "active": True}
            tasks = await self._query_tasks(query, MAX_UNLOCKED_TASKS)
            with self._rest.parsing():
                for task in tasks:
                    unlocked = UnlockedTask(str(task["activityId"]), str(task["topicName"]))
                    found.setdefault(str(task["processInstanceId"]), []).append(unlocked)
        return found

    async def variables(self, instance_id: str) -> dict[str, TypedValueDto]:
        """Return the typed variables of the process scope, by name: from history, or of the instance that runs."""
        query = urlencode({"deserializeValues": "false"})
        try:
            return await self._get(f"process-instance/{quote(instance_id, safe='')}/variables?{query}", dict)
        except EngineRefused:  # it has ended
            found = await self._list(
                "history/variable-instance",
                processInstanceId=instance_id,
                activityInstanceIdIn=instance_id,
                deserializeValues="false",
            )
        with self._rest.parsing():
            return {str(entry["name"]): dict(entry) for entry in found}

    async def _to_incident(self, entry: Mapping[str, Any]) -> Incident:
        is_of_task = entry["incidentType"] == "failedExternalTask"
        task_id = str(entry["configuration"]) if is_of_task else ""
        details = await self._details(task_id) if task_id else ""
        return Incident(str(entry["activityId"]), entry["incidentMessage"] or "", details, task_id)

    async def _details(self, task_id: str) -> str:
        url = f"{self._url}/external-task/{quote(task_id, safe='')}/errorDetails"
        await self._wait_for_turn()
        try:
            return (await self._rest.read(url)).decode(errors="replace")
        except EngineRefused:  # somebody has ended the incident meanwhile
            return ""

    async def _query_tasks(self, query: Mapping[str, Any], max_results: int) -> Sequence[Mapping[str, Any]]:
        await self._wait_for_turn()
        return await self._rest.post(f"{self._url}/external-task?maxResults={max_results}", query, list)

    async def _list(self, path: str, **query: str) -> Sequence[Mapping[str, Any]]:
        return await self._get(f"{path}?{urlencode(query)}", list)

    async def _get(self, path: str, shape: type[T]) -> T:
        await self._wait_for_turn()
        return await self._rest.get(f"{self._url}/{path}", shape)

    async def _wait_for_turn(self) -> None:
        if self._pace:
            async with self._turn:  # so those that are cancelled meanwhile have reserved no place
                await asyncio.sleep(self._pace.reserve())
