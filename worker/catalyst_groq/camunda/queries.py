"""Queries that commands send to the engine's REST API, beyond what a worker needs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import uuid4

from catalyst_groq.camunda.rest_client import JSON_FORMAT_MISSING, NO_CONTENT, RestClient
from catalyst_groq.camunda.scope_variables import visible_variables_url
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineRefused

Entity = Mapping[str, Any]
"""An object of the REST API, as it writes it."""

MAX_IDS_PER_QUERY = 500
"""Oracle takes at most 1,000 in one condition."""

JSON_VARIABLE = {"type": "Json", "value": "{}"}


def pages_of_ids(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids in as many pages as queries are needed."""
    return (ids[start : start + MAX_IDS_PER_QUERY] for start in range(0, len(ids), MAX_IDS_PER_QUERY))


class Permission(NamedTuple):
    """A permission of the engine's authorization."""

    name: str
    resource: str
    resource_type: int


class EngineQueries:
    """Read-only queries. Every method raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient, url: str) -> None:
        self._rest = rest
        self._url = url

    async def external_task(self, task_id: str) -> Entity | None:
        """Return an external task by its id; None if there is none."""
        return await self._find(f"external-task/{quote(task_id, safe='')}")

    async def external_tasks(self, **criteria: str) -> list[Entity]:
        """Return the external tasks that meet criteria, named as in the REST API."""
        return await self.list("external-task", **criteria)

    async def existing_tasks(self, task_ids: Sequence[str]) -> set[str]:
        """Return which of these external tasks the engine has, as far as the user may see them."""
        found = set()
        for page in pages_of_ids(task_ids):
            url = f"{self._url}/external-task?maxResults={len(page)}"
            tasks: list[Any] = await self._rest.post(url, {"externalTaskIdIn": page}, list)
            with self._rest.parsing():
                found |= {str(task["id"]) for task in tasks}
        return found

    async def process_instance(self, instance_id: str) -> Entity | None:
        """Return a running process instance by its id; None if there is none."""
        return await self._find(f"process-instance/{quote(instance_id, safe='')}")

    async def visible_variables(self, execution_id: str, max_bytes: int | None = None) -> dict[str, TypedValueDto]:
        """Return the variables that an execution sees, as a fetch returns them. Raises as `RestClient.get` does."""
        url = f"{visible_variables_url(self._url, execution_id)}?deserializeValues=false"
        variables: dict[str, Any] = await self._rest.get(url, dict, max_bytes)
        return variables

    async def list(self, path: str, **criteria: str) -> list[Entity]:
        """Return the entries of a list that meet criteria, named as in the REST API."""
        query = f"?{urlencode(criteria)}" if criteria else ""
        entries: list[Entity] = await self._rest.get(f"{self._url}/{path}{query}", list)
        with self._rest.parsing():
            return [dict(entry) for entry in entries]

    async def count(self, path: str, **criteria: str) -> int:
        """Return how many entities meet criteria."""
        counted = await self._rest.get(f"{self._url}/{path}/count?{urlencode(criteria)}", dict)
        with self._rest.parsing():
            return int(counted["count"])

    async def is_authorized(self, permission: Permission, resource_id: str = "*") -> bool:
        """Whether the user has a permission, for any resource of its kind or for one."""
        query = {
            "permissionName": permission.name,
            "resourceName": permission.resource,
            "resourceType": permission.resource_type,
            "resourceId": resource_id,
        }
        checked = await self._rest.get(f"{self._url}/authorization/check?{urlencode(query)}", dict)
        return checked.get("authorized") is True

    async def find_json_problem(self) -> str:
        """Return why the engine takes no Json variable; empty if it does.

        It is asked to deliver a message that nobody waits for, with such a variable: nothing changes.
        """
        body = {"messageName": f"catalyst-groq-{uuid4()}", "processVariables": {"probe": JSON_VARIABLE}}
        try:
            await self._rest.post(f"{self._url}/message", body, NO_CONTENT)
        except EngineRefused as refusal:
            return refusal.message if JSON_FORMAT_MISSING.search(refusal.message) else ""
        return ""

    @property
    def server_time(self) -> datetime | None:
        """When the last response was made, by the clock of the engine's server; None if it does not say."""
        try:
            return parsedate_to_datetime(self._rest.last_date)
        except ValueError:
            return None

    async def _find(self, path: str) -> Entity | None:
        try:
            entity: Entity = await self._rest.get(f"{self._url}/{path}", dict)
        except EngineRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return entity
