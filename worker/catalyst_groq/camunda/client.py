"""The parts of the engine's REST API that a worker needs."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from catalyst_groq.camunda.deployments import Deployments, ProcessDefinition
from catalyst_groq.camunda.fetched_tasks import FetchedTasks
from catalyst_groq.camunda.oauth import ClientCredentials
from catalyst_groq.camunda.product import EngineProduct
from catalyst_groq.camunda.queries import EngineQueries
from catalyst_groq.camunda.rest_client import JSON_FORMAT_MISSING, NO_CONTENT, Authorization, RestClient
from catalyst_groq.camunda.scope_variables import ScopeVariables, visible_variables_url
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.common.transport import TransportConfig, make_transport
from catalyst_groq.domain.definitions import CallingProcess
from catalyst_groq.domain.diagram_encoding import is_intact
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.errors import CallerHidden, DefinitionError, EngineRefused, TaskLost, ValueTooLong

log = logging.getLogger(__name__)

MAX_VARIABLES_BYTES = 1_000_000
"""Of variables that are read for their names alone."""

POLL_TIMEOUT_MARGIN_SECONDS = 5.0
"""Seconds that the response to a long poll may take beyond its asyncResponseTimeout."""

FETCH_ORDER = {"usePriority": True, "sorting": [{"sortBy": "createTime", "sortOrder": "asc"}]}
"""Highest priority first, then the oldest task first."""

MIN_STRING_LIMIT_CHARS = 1000
"""Characters that fit into a String on every database: Oracle has 4000 bytes, and a character takes up to four."""

READ_DEPLOYMENT = "Grant the worker's user READ on the deployment, or save the diagram as UTF-8"


class EngineClient:
    """The REST API of one engine, used with one worker id.

    `authorization` is the value of the Authorization header, if any, or returns it for each call; `credentials` are
    those of an OAuth2 client instead. `task_filter` holds the criteria that a fetch adds to each topic (`tenantIdIn`,
    `businessKey` …, named as in the REST API). Every method raises `EngineUnreachable` or `EngineRefused`.
    """

    def __init__(  # noqa: PLR0913 -- the identity of one engine and worker
        self,
        url: str,
        worker_id: str,
        *,
        lock_duration: timedelta,
        async_response_timeout: timedelta,
        encoder: Encoder,
        authorization: Authorization = "",
        task_filter: Mapping[str, Any] | None = None,
        transport: TransportConfig | None = None,
        credentials: ClientCredentials | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.worker_id = worker_id
        self.lock_duration = lock_duration
        self.async_response_timeout = async_response_timeout
        self.variables_to_fetch = VariablesToFetch()
        self._tasks = f"{self.url}/external-task"
        self._encoder = encoder
        self._task_filter = task_filter or {}
        self._connect = partial(RestClient, self.url, authorization, transport or make_transport(), credentials)
        self._rest = self._connect()

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._rest.aclose()

    async def fetch_and_lock(
        self, topics: Sequence[str], max_tasks: int, max_poll: timedelta | None = None
    ) -> list[ExternalTask]:
        """Long-poll for up to `max_tasks` tasks, by priority and then by age.

        Without tasks the engine responds after `async_response_timeout`, or after `max_poll` if that is shorter.
        """
        poll = min(self.async_response_timeout, max_poll) if max_poll is not None else self.async_response_timeout
        variables = self.variables_to_fetch.names
        body = {
            "workerId": self.worker_id,
            "maxTasks": max_tasks,
            "asyncResponseTimeout": _milliseconds(poll),
            **FETCH_ORDER,
            "topics": [self._topic(name, variables) for name in topics],
        }
        timeout = poll.total_seconds() + POLL_TIMEOUT_MARGIN_SECONDS
        fetched = await self._rest.post(f"{self._tasks}/fetchAndLock", body, list, timeout)
        with self._rest.parsing():
            return [ExternalTask(task, variables) for task in fetched]

    async def complete(self, task_id: str, variables: Mapping[str, Any], local: frozenset[str] = frozenset()) -> None:
        """Complete the task with process variables; those named in `local` stay in the task's own scope."""
        await self._report(f"{self._tasks}/{task_id}/complete", {}, variables, local)

    async def bpmn_error(self, task_id: str, code: str, message: str, variables: Mapping[str, Any]) -> None:
        """Throw a BPMN error at the task. The engine ends the instance silently when nothing catches it."""
        error = {"errorCode": code, "errorMessage": escape_control_characters(message)}
        await self._report(f"{self._tasks}/{task_id}/bpmnError", error, variables)

    async def failure(  # noqa: PLR0913 -- the fields of a failure in the REST API
        self,
        task_id: str,
        message: str,
        details: str,
        *,
        retries: int,
        retry_timeout: timedelta,
        variables: Mapping[str, Any],
    ) -> None:
        """Report a failure. The engine raises an incident if `retries` is 0; it stores 666 characters of `message`."""
        failure = {
            "errorMessage": escape_control_characters(message),
            "errorDetails": escape_control_characters(details, keep=TAB_AND_LINE_FEED),
            "retries": retries,
            "retryTimeout": _milliseconds(retry_timeout),
        }
        await self._report(f"{self._tasks}/{task_id}/failure", failure, variables)

    def lock_client(self) -> "HttpLockClient":
        """Make a client for lock renewals. It has its own connections and belongs to the event loop that runs now."""
        return HttpLockClient(self._connect(), self._tasks, self.worker_id, self.lock_duration)

    async def unlock(self, task_id: str) -> None:
        """Unlock the task; its retries stay as they are."""
        await self._rest.post(f"{self._tasks}/{task_id}/unlock", {}, NO_CONTENT)

    async def locked_tasks(self) -> list[str]:
        """Return the ids of the tasks that this worker id has locked, without those that have failed before.

        The engine shows the retry timeout as a lock too, and unlocking the task would end that timeout early.
        """
        locked = await self._query_locked()
        with self._rest.parsing():
            return [task["id"] for task in locked if task.get("errorMessage") is None]

    async def locks(self) -> dict[str, str]:
        """Return when the locks of this worker id end, by task id. A retry timeout is shown as a lock too."""
        locked = await self._query_locked()
        with self._rest.parsing():
            return {task["id"]: task["lockExpirationTime"] for task in locked}

    async def _query_locked(self) -> list[dict[str, Any]]:
        query = urlencode({"workerId": self.worker_id, "locked": "true"})
        return await self._rest.get(f"{self._tasks}?{query}", list)

    async def definition_xml(self, process_definition_id: str) -> bytes:
        """Return the bytes of the deployed BPMN; needs the READ permission on the process definition.

        Raises `DefinitionError` too. The engine makes a text of the bytes as if they were UTF-8. Where they may not be,
        they are read from the deployment, which needs the READ permission on it too.
        """
        url = f"{self.url}/process-definition/{process_definition_id}"
        definition = await self._rest.get(f"{url}/xml", dict)
        with self._rest.parsing():
            text = str(definition["bpmn20Xml"])
        if await run_beside_loop_if_large(text, is_intact, text):
            return text.encode("utf-8", "surrogatepass")
        try:
            return await self._deployed_bytes(await self._rest.get(url, dict))
        except EngineRefused as refusal:
            reason = f"is not in UTF-8, and the worker may not read its bytes: {refusal}. {READ_DEPLOYMENT}"
            raise DefinitionError(process_definition_id, reason) from refusal

    async def _deployed_bytes(self, definition: Mapping[str, Any]) -> bytes:
        """Return the bytes of the resource that a process definition comes from."""
        with self._rest.parsing():
            deployment, name = f"{self.url}/deployment/{definition['deploymentId']}/resources", definition["resource"]
        resources = await self._rest.get(deployment, list)
        with self._rest.parsing():
            resource = {resource["name"]: resource["id"] for resource in resources}[name]
        return await self._rest.read(f"{deployment}/{resource}/data")

    async def product(self) -> EngineProduct:
        """Return which engine it is, as far as the user may know."""
        try:
            body = await self._rest.get(f"{self.url}/telemetry/data", dict)
        except EngineRefused:  # it needs the rights of an administrator
            body = {"product": await self._rest.get(f"{self.url}/version", dict)}
        return EngineProduct.from_body(body)

    async def latest_definitions(self) -> list[ProcessDefinition]:
        """Return the latest version of every deployed process."""
        return await Deployments(self._rest).latest_of_all()

    async def calling_process(self, process_instance_id: str) -> CallingProcess | None:
        """Return the instance whose call activity started this one; None when no other process called it.

        Raises `CallerHidden` too: the engine leaves what the user may not read out of lists.
        """
        instances = f"{self.url}/process-instance"
        callers = await self._rest.get(f"{instances}?subProcessInstance={process_instance_id}", list)
        with self._rest.parsing():
            if callers:
                return CallingProcess(str(callers[0]["id"]), str(callers[0]["definitionId"]))
        root = urlencode({"processInstanceIds": process_instance_id, "rootProcessInstances": "true"})
        if not await self._rest.get(f"{instances}?{root}", list):
            raise CallerHidden("the worker's user may not see its process instance")
        return None

    async def file(self, execution_id: str, name: str) -> bytes:
        """Return the content of the File variable that an execution sees: the one of the nearest scope."""
        return await self._rest.read(f"{visible_variables_url(self.url, execution_id)}/{quote(name, safe='')}/data")

    async def visible_variables(self, execution_id: str) -> list[str]:
        """Return the names of all variables that an execution sees.

        The engine sends their values, too. Raises `EngineResponseTooLarge` if they exceed `MAX_VARIABLES_BYTES`.
        """
        return list(await self.queries().visible_variables(execution_id, MAX_VARIABLES_BYTES))

    def queries(self) -> EngineQueries:
        """Return a client for the queries of commands. It uses the connections of this one."""
        return EngineQueries(self._rest, self.url)

    def scope_variables(self) -> ScopeVariables:
        """Return a client for the variables of single scopes. It uses the connections of this one."""
        return ScopeVariables(self._rest)

    def fetched_tasks(self) -> FetchedTasks:
        """Return a client for tasks that another client has fetched. It uses the connections of this one."""
        return FetchedTasks(self._rest)

    def _topic(self, name: str, variables: frozenset[str] | None) -> dict[str, Any]:
        """Return the part of a fetch for one topic, with the variables to return; None for all variables."""
        return {
            "topicName": name,
            "lockDuration": _milliseconds(self.lock_duration),
            # One unreadable Java object must not block the whole topic. Nor must a property without a name, so the
            # extension properties are read from the diagram.
            "deserializeValues": False,
            "variables": None if variables is None else sorted(variables),
            **self._task_filter,
        }

    async def _report(
        self, url: str, fields: dict[str, Any], variables: Mapping[str, Any], local: frozenset[str] = frozenset()
    ) -> None:
        """Report one outcome. Variables that the engine refuses are encoded in another form and sent once more."""
        body = {"workerId": self.worker_id, **fields}
        encoded = _by_scope(self._encoder.encode_all(variables), local)
        try:
            await self._rest.post(url, {**body, **encoded}, NO_CONTENT)
        except EngineRefused as refusal:
            encoded_again = _by_scope(self._encoder_for(refusal).encode_all(variables), local)
            if encoded_again == encoded:
                raise
            await self._rest.post(url, {**body, **encoded_again}, NO_CONTENT)

    def _encoder_for(self, refusal: EngineRefused) -> Encoder:
        """Return the encoder for refused variables. An engine without the JSON data format gets files from then on."""
        if isinstance(refusal, ValueTooLong):
            log.warning(
                "A text is too long for the engine's database: in this report, texts of more than %d characters become "
                "objects. If this happens again, lower CATALYST_STRING_LIMIT.",
                MIN_STRING_LIMIT_CHARS,
            )
            return replace(self._encoder, string_limit=min(self._encoder.string_limit, MIN_STRING_LIMIT_CHARS))
        if self._encoder.json_format and JSON_FORMAT_MISSING.search(refusal.message):
            log.warning(
                "The engine has no JSON data format: structures and long texts become files. Add "
                "camunda-engine-plugin-spin and camunda-spin-dataformat-json-jackson to the engine to get variables."
            )
            self._encoder = replace(self._encoder, json_format=False)
        return self._encoder


class HttpLockClient:
    """Renews the locks of one worker id."""

    def __init__(self, rest: RestClient, tasks_url: str, worker_id: str, lock_duration: timedelta) -> None:
        self._rest = rest
        self._tasks_url = tasks_url
        self._body = {"workerId": worker_id, "lockDuration": _milliseconds(lock_duration)}

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._rest.aclose()

    async def lock(self, task_id: str) -> None:
        """Lock the task for another lock duration from now.

        Unlike extendLock this also takes back a lock that ended, for example during an engine outage, as long as no
        other worker holds the task; otherwise it raises `TaskLost`. Raises `EngineUnreachable` and `EngineRefused` too.
        """
        try:
            await self._rest.post(f"{self._tasks_url}/{task_id}/lock", self._body, NO_CONTENT)
        except TaskLost:
            raise
        except EngineRefused as refusal:
            if refusal.status == HTTPStatus.BAD_REQUEST:
                raise TaskLost(refusal.status, refusal.kind, refusal.message) from refusal
            raise


def _by_scope(encoded: Mapping[str, TypedValueDto], local: frozenset[str]) -> dict[str, Any]:
    """Return the part of a report that holds its variables."""
    if not local:
        return {"variables": encoded}
    kept = {name: typed for name, typed in encoded.items() if name in local}
    return {"variables": {name: encoded[name] for name in encoded if name not in local}, "localVariables": kept}


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
