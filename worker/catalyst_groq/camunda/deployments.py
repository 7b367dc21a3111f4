"""Deployments and the process definitions in them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineError, EngineRefused

PARSE_ERROR = re.compile(r"\* (?P<problem>.{1,2000}?) \| resource (?P<file>[^|\n]+) \| line (?P<line>\d+)", re.DOTALL)
"""One of the errors in the message of a `ParseException`."""

SHOWN_PROBLEM_LINES = 2
"""Of an error: the first line says what is wrong, the second the best of several ways out."""


NO_TIME_TO_LIVE = "ENGINE-12018"
TIME_TO_LIVE_FIX = 'Add camunda:historyTimeToLive="P180D", or another number of days, to the process'
"""The engine names neither the attribute in XML nor a value; it takes ISO 8601 days, or a number of days."""


class DeploymentRefused(EngineError):  # noqa: N818 -- named as `EngineRefused`
    """The engine does not take the files; the message has a line for each problem."""


class ProcessDefinition(NamedTuple):
    """One version of a process. `tenant` is empty where the process belongs to none."""

    id: str
    key: str
    version: int
    tenant: str
    deployment_id: str
    resource: str = ""
    """The name of its file in the deployment."""


class Deployment(NamedTuple):
    """A deployment with the process definitions in it. `is_new`: the engine did not have these files."""

    id: str
    name: str
    is_new: bool
    definitions: Sequence[ProcessDefinition]


class Deployments:
    """The REST API for deployments and definitions. Every method raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._url = rest.url

    async def deploy(self, name: str, files: Mapping[str, bytes], tenant: str, *, always: bool) -> Deployment:
        """Deploy files by their names, all in one deployment.

        The engine compares them with the last deployment of the same name: if none has changed, it creates none, unless
        `always`. Raises `DeploymentRefused`, too.
        """
        earlier = await self._last_deployment(name, tenant)
        fields = {"deployment-name": name, "enable-duplicate-filtering": str(not always).lower()}
        fields |= {"tenant-id": tenant} if tenant else {}
        try:
            body = await self._rest.upload(f"{self._url}/deployment/create", fields, files)
        except EngineRefused as refusal:
            raise DeploymentRefused(describe_refusal(refusal)) from refusal
        with self._rest.parsing():
            id_ = str(body["id"])
        return Deployment(id_, name, id_ != earlier, await self._definitions(deploymentId=id_))

    async def has_process(self, key: str) -> bool:
        """Whether a process is deployed, for whichever tenant."""
        return bool(await self._definitions(key=key, maxResults="1"))

    async def latest(self, key: str, tenant: str) -> ProcessDefinition | None:
        """Return the latest version of a process of one tenant, or of none; None if it is not deployed."""
        return next(iter(await self._definitions(key=key, latestVersion="true", **_of_tenant(tenant))), None)

    async def latest_of_all(self) -> list[ProcessDefinition]:
        """Return the latest version of every deployed process."""
        return await self._definitions(latestVersion="true")

    async def version(self, key: str, version: int, tenant: str) -> ProcessDefinition | None:
        """Return one version of a process, or None."""
        return next(iter(await self._definitions(key=key, version=str(version), **_of_tenant(tenant))), None)

    async def definition(self, id_: str) -> ProcessDefinition:
        """Return a process definition by its id."""
        body = await self._rest.get(f"{self._url}/process-definition/{quote(id_, safe='')}", dict)
        with self._rest.parsing():
            return _to_definition(body)

    async def start(self, definition_id: str, variables: Mapping[str, TypedValueDto], business_key: str) -> str:
        """Start an instance, and return its id."""
        url = f"{self._url}/process-definition/{quote(definition_id, safe='')}/start"
        body = await self._rest.post(url, {"variables": variables, "businessKey": business_key or None}, dict)
        with self._rest.parsing():
            return str(body["id"])

    async def _last_deployment(self, name: str, tenant: str) -> str | None:
        query = {"name": name, "sortBy": "deploymentTime", "sortOrder": "desc", "maxResults": "1", **_of_tenant(tenant)}
        found = await self._rest.get(f"{self._url}/deployment?{urlencode(query)}", list)
        with self._rest.parsing():
            return str(found[0]["id"]) if found else None

    async def _definitions(self, **query: str) -> list[ProcessDefinition]:
        found = await self._rest.get(f"{self._url}/process-definition?{urlencode(query)}", list)
        with self._rest.parsing():
            return [_to_definition(body) for body in found]


def describe_refusal(refusal: EngineRefused) -> str:
    """Return why the engine refuses files, with file and line where it says so."""
    problems = [
        f"{error['file']}, line {error['line']}: {_first_lines(error['problem'])}"
        for error in PARSE_ERROR.finditer(refusal.message)
    ]
    return "\n  ".join(["The engine refuses the deployment:", *(problems or [" ".join(str(refusal).split())])])


def _first_lines(text: str) -> str:
    lines = text.splitlines()[:SHOWN_PROBLEM_LINES]
    shown = " ".join(line.strip().removeprefix("* ") for line in lines)
    return f"{shown}. {TIME_TO_LIVE_FIX}" if NO_TIME_TO_LIVE in shown else shown


def _of_tenant(tenant: str) -> dict[str, str]:
    return {"tenantIdIn": tenant} if tenant else {"withoutTenantId": "true"}


def _to_definition(body: Mapping[str, Any]) -> ProcessDefinition:
    return ProcessDefinition(
        str(body["id"]),
        str(body["key"]),
        int(body["version"]),
        body["tenantId"] or "",
        str(body["deploymentId"]),
        str(body.get("resource") or ""),
    )
