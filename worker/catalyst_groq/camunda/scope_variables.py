"""Process variables of single scopes of a process instance: which exist, and their values."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from catalyst_groq.camunda.rest_client import NO_CONTENT, RestClient
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineConflict, EngineRefused

BODY_SUFFIX = "#multiInstanceBody"
"""What the engine adds to an activity's id for the scope around its items."""

CONFLICT = re.compile(
    r"Cannot modify variables for .{1,200}?: (ENGINE-03005 |.*(unique|duplicate key))", re.IGNORECASE | re.DOTALL
)
"""What the engine says here if another transaction has written or made the same variable; the type is RestException."""


class Scope(NamedTuple):
    """A scope that holds a variable."""

    execution_id: str
    activity_instance_id: str
    type: str = ""
    """The type of the variable there, such as `File`."""


class ScopeVariables:
    """The REST API for variables. Every method raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._url = rest.url

    async def scopes_with(self, process_instance_id: str, name: str) -> list[Scope]:
        """Return all scopes of a process instance that hold a variable of this name."""
        found = await self._query(processInstanceIdIn=process_instance_id, variableName=name)
        with self._rest.parsing():
            return [
                Scope(str(entry["executionId"]), str(entry["activityInstanceId"]), str(entry["type"]))
                for entry in found
            ]

    async def local_values(self, execution_id: str, prefix: str) -> dict[str, Any]:
        """Return the values of one scope's variables whose names begin with `prefix`: of Json variables their texts."""
        found = await self._query(executionIdIn=execution_id, variableNameLike=f"{prefix}%")
        with self._rest.parsing():
            return {str(entry["name"]): entry["value"] for entry in found}

    async def activity_instances(self, process_instance_id: str) -> dict[str, Mapping[str, str]]:
        """Return by the id of each activity instance those around it, with their activity ids.

        The engine needs about 0.1 s for a thousand of them.
        """
        url = f"{self._url}/process-instance/{quote(process_instance_id, safe='')}/activity-instances"
        remaining: list[tuple[dict[str, Any], Mapping[str, str]]] = [(await self._rest.get(url, dict), {})]
        found: dict[str, Mapping[str, str]] = {}
        with self._rest.parsing():
            while remaining:
                entry, around = remaining.pop()
                found[str(entry["id"])] = around
                inside = {**around, str(entry["id"]): str(entry["activityId"])}
                remaining += [(child, inside) for child in entry["childActivityInstances"]]
        return found

    async def write_local(self, execution_id: str, variables: Mapping[str, TypedValueDto]) -> None:
        """Write variables into one scope."""
        await self._modify(f"{self._url}/execution/{quote(execution_id, safe='')}/localVariables", variables)

    async def write(self, execution_id: str, variables: Mapping[str, TypedValueDto]) -> None:
        """Write variables into the nearest scope that has them, from that of the execution outwards.

        A variable that no scope has becomes one of the process instance.
        """
        await self._modify(visible_variables_url(self._url, execution_id), variables)

    async def _modify(self, url: str, variables: Mapping[str, TypedValueDto]) -> None:
        try:
            await self._rest.post(url, {"modifications": variables}, NO_CONTENT)
        except EngineRefused as refusal:
            if CONFLICT.match(refusal.message):
                raise EngineConflict(refusal.status, refusal.kind, refusal.message) from refusal
            raise

    async def _query(self, **query: str) -> list[dict[str, Any]]:
        encoded = urlencode({**query, "deserializeValues": "false"})
        return await self._rest.get(f"{self._url}/variable-instance?{encoded}", list)


def visible_variables_url(rest_url: str, execution_id: str) -> str:
    """Return the URL of the variables that an execution sees, in its own scope and in those around it.

    The engine takes the id of any execution here. Under `/execution` it only shows the variables of one scope.
    """
    return f"{rest_url}/process-instance/{quote(execution_id, safe='')}/variables"
