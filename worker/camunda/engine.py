"""The engine's REST API, as far as a worker needs it."""

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
from camunda.client.async_external_task_client import AsyncExternalTaskClient
from httpx_aiohttp import HttpxAiohttpClient

from worker.camunda.tasks import ExternalTask
from worker.camunda.variables import Encoder
from worker.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost

log = logging.getLogger(__name__)

CALL_TIMEOUT = 30.0
"""Seconds a call may take that is no poll. `complete` runs the next synchronous steps of the process."""

POLL_MARGIN = 5.0
"""Seconds a poll may take longer than the engine promised."""

NOT_UP = {502, 503, 504}
LOCKED_BY_OTHER = re.compile(r"locked by worker|cannot be locked by worker", re.IGNORECASE)
NO_JSON_FORMAT = re.compile(r"Cannot find serializer|Unsupported value type|serialization data format", re.IGNORECASE)


class Engine(AsyncExternalTaskClient):  # type: ignore[misc]  # the library has no types
    """One engine, as one worker id sees it.

    URLs, headers and the configuration are the library's; its transport, which opens a TLS context and a connection
    for every call, is replaced by one pooled client. Every method raises `EngineUnreachable` or `EngineRefused`.
    """

    def __init__(
        self, url: str, worker_id: str, *, lock_duration: timedelta, poll_duration: timedelta, encoder: Encoder
    ) -> None:
        super().__init__(
            worker_id,
            url.rstrip("/"),
            {
                "lockDuration": _milliseconds(lock_duration),
                # One unreadable Java object must not block the whole topic.
                "deserializeValues": False,
                "usePriority": True,
                "sorting": [{"sortBy": "createTime", "sortOrder": "asc"}],
            },
        )
        self.url = url.rstrip("/")
        self.lock_duration = lock_duration
        self.poll_duration = poll_duration
        self._encoder = encoder
        self._http = HttpxAiohttpClient(
            limits=httpx.Limits(max_connections=None, keepalive_expiry=60),
            timeout=CALL_TIMEOUT,
            headers=self._get_headers(),
        )

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

    async def fetch_and_lock(
        self, topics: Sequence[str], max_tasks: int, longest: timedelta | None = None
    ) -> list[ExternalTask]:
        """Long-poll for up to `max_tasks` tasks, those of highest priority and then the oldest first.

        The engine holds an empty poll for the poll duration, or for `longest` if that is shorter.
        """
        poll = min(self.poll_duration, longest) if longest is not None else self.poll_duration
        body = {
            "workerId": self.worker_id,
            "maxTasks": max_tasks,
            "asyncResponseTimeout": _milliseconds(poll),
            "usePriority": self.config["usePriority"],
            "sorting": self.config["sorting"],
            "topics": self._get_topics(topics, None, None),
        }
        within = poll.total_seconds() + POLL_MARGIN
        fetched = await self._call("POST", self.get_fetch_and_lock_url(), body, within=within)
        return [ExternalTask(task) for task in fetched]

    async def complete(self, task_id: str, variables: Mapping[str, Any]) -> None:
        """Complete the task with process variables."""
        await self._report(self.get_task_complete_url(task_id), {}, variables)

    async def bpmn_error(self, task_id: str, code: str, message: str, variables: Mapping[str, Any]) -> None:
        """Throw a BPMN error at the task. The engine ends the instance silently when nothing catches it."""
        said = {"errorCode": code, "errorMessage": message}
        await self._report(self.get_task_bpmn_error_url(task_id), said, variables)

    async def failure(  # noqa: PLR0913 -- what the engine's failure consists of
        self,
        task_id: str,
        message: str,
        details: str,
        *,
        retries: int,
        retry_timeout: timedelta,
        variables: Mapping[str, Any],
    ) -> None:
        """Report a failure; the engine raises an incident when `retries` is 0. It keeps 666 characters of `message`."""
        said = {
            "errorMessage": message,
            "errorDetails": details,
            "retries": retries,
            "retryTimeout": _milliseconds(retry_timeout),
        }
        await self._report(self.get_task_failure_url(task_id), said, variables)

    async def lock(self, task_id: str) -> None:
        """Lock the task for another lock duration from now.

        Unlike extendLock this also takes back a lock that ended, for example while the engine was away, as long as
        no other worker holds the task; otherwise `TaskLost`.
        """
        body = {"workerId": self.worker_id, "lockDuration": self.config["lockDuration"]}
        try:
            await self._call("POST", f"{self.external_task_base_url}/{task_id}/lock", body)
        except TaskLost:
            raise
        except EngineRefused as refusal:
            if refusal.status == httpx.codes.BAD_REQUEST:
                raise TaskLost(refusal.status, refusal.kind, refusal.message) from refusal
            raise

    async def unlock(self, task_id: str) -> None:
        """Give the task back untouched: its retries stay as they are."""
        await self._call("POST", f"{self.external_task_base_url}/{task_id}/unlock", None)

    async def locked_tasks(self) -> list[str]:
        """Ids of the tasks that this worker id holds, without those that have failed before.

        The engine shows the wait between two tries as a lock too, and that wait is not ours to cut short.
        """
        query = httpx.QueryParams({"workerId": self.worker_id, "locked": "true"})
        locked = await self._call("GET", f"{self.external_task_base_url}?{query}", None)
        return [task["id"] for task in locked if task.get("errorMessage") is None]

    async def definition_xml(self, process_definition_id: str) -> str:
        """Fetch the deployed BPMN; needs the READ permission on the process definition."""
        found = await self._call("GET", f"{self.url}/process-definition/{process_definition_id}/xml", None)
        return str(found["bpmn20Xml"])

    async def has_calling_process(self, process_instance_id: str) -> bool:
        """Whether a call activity of another process started this instance."""
        query = f"subProcessInstance={process_instance_id}"
        found = await self._call("GET", f"{self.url}/process-instance/count?{query}", None)
        return int(found["count"]) > 0

    def _log_with_context(self, msg: str, log_level: str = "info", **kwargs: Any) -> None:
        """Say nothing: the library would log variables and a bearer token."""

    async def _report(self, url: str, said: dict[str, Any], variables: Mapping[str, Any]) -> None:
        """Report one outcome. An engine that turns out to lack the JSON data format gets files from then on."""
        body = {"workerId": self.worker_id, **said}
        try:
            await self._call("POST", url, {**body, "variables": self._encoder.encode_all(variables)})
        except EngineRefused as refusal:
            if not self._encoder.json_format or not NO_JSON_FORMAT.search(refusal.message):
                raise
            log.warning(
                "The engine has no JSON data format: structures and long texts become files. Add "
                "camunda-engine-plugin-spin and camunda-spin-dataformat-json-jackson to the engine to get variables."
            )
            self._encoder = replace(self._encoder, json_format=False)
            await self._call("POST", url, {**body, "variables": self._encoder.encode_all(variables)})

    async def _call(self, method: str, url: str, body: Any, within: float = CALL_TIMEOUT) -> Any:
        async with _reaching(self.url):
            response = await self._http.request(method, url, json=body, timeout=within)
        if response.is_success:
            return response.json() if response.content else None
        raise _refusal(response)


@asynccontextmanager
async def _reaching(url: str) -> AsyncIterator[None]:
    """Every way in which no usable answer came, as one error: nothing here depends on which it was."""
    try:
        yield
    except (TimeoutError, httpx.HTTPError, aiohttp.ClientError, OSError) as cause:
        reason = str(cause.__cause__ or cause) or type(cause).__name__
        raise EngineUnreachable(f"The engine at {url} cannot be reached: {reason}") from cause


def _refusal(response: httpx.Response) -> EngineRefused | EngineUnreachable:
    try:
        said = response.json()
        kind, message = str(said.get("type") or ""), str(said.get("message") or "")
    except (ValueError, AttributeError):
        kind, message = "", " ".join(response.text.split())[:300]
    if response.status_code in NOT_UP:
        return EngineUnreachable(f"The engine answered {response.status_code}: {message}")
    return _class_of(response.status_code, kind, message)(response.status_code, kind, message)


def _class_of(status: int, kind: str, message: str) -> type[EngineRefused]:
    if "OptimisticLocking" in kind:
        return EngineConflict
    if status == httpx.codes.NOT_FOUND:
        return TaskLost
    if status == httpx.codes.BAD_REQUEST and LOCKED_BY_OTHER.search(message):
        return TaskLost
    return EngineRefused


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
