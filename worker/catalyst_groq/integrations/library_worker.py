"""What camunda-external-task-client-python3 does not give to a handler: access to the engine, and to reports."""

import inspect
import logging
from typing import Any

from camunda.external_task.async_external_task_executor import AsyncExternalTaskExecutor
from camunda.external_task.external_task_executor import ExternalTaskExecutor

from catalyst_groq.camunda.oauth import basic_authorization
from catalyst_groq.common.credentials import split_credentials
from catalyst_groq.integrations.task_service import EngineAccess

log = logging.getLogger(__name__)

EXECUTORS = (ExternalTaskExecutor, AsyncExternalTaskExecutor)
EXECUTE_TASK = "execute_task"
"""The executors' method that calls the handler."""

PATH_OF_TASKS = "/external-task"
"""What the library's client adds to the URL of the REST API."""

MAX_REPORTED_TASKS = 10_000
"""Ids that are kept of tasks that the library is to report; usually it does so in the next moment."""


def find_executor() -> Any:
    """Return the library's executor that executes a task on the call stack of this thread; None if there is none."""
    frame = inspect.currentframe()
    while frame:
        if frame.f_code.co_name == EXECUTE_TASK and isinstance(executor := frame.f_locals.get("self"), EXECUTORS):
            return executor
        frame = frame.f_back
    return None


def is_async(executor: Any) -> bool:
    """Whether the executor awaits the results of its handlers."""
    return isinstance(executor, AsyncExternalTaskExecutor)


def access_of(executor: Any) -> EngineAccess:
    """Return how the executor's worker reaches the engine. A token that changes is read again for each call."""
    client = executor.external_task_client
    url = split_credentials(client.external_task_base_url.removesuffix(PATH_OF_TASKS))

    def authorization() -> str:
        if url.user:
            return basic_authorization(url.user, url.password)
        headers = {**client.auth_basic, **client.auth_bearer}
        return headers.get("Authorization") or ""

    return EngineAccess(
        worker_id=str(client.worker_id), url=url.url, authorization=authorization if authorization() else ""
    )


def take_over_reports(executor: Any) -> "ReportingClient":
    """Let the executor report through a client that leaves out the tasks that are reported already; return that."""
    client = executor.external_task_client
    if not isinstance(client, ReportingClient):
        client = (AsyncReportingClient if is_async(executor) else ReportingClient)(client)
        executor.external_task_client = client
    return client


class ReportingClient:
    """The library's client, which reports no task that is reported already. All other tasks are reported as before."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._reported: dict[str, str] = {}
        """By task id the method that is not to be called; empty for any."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def skip_next_report(self, task_id: str, method: str = "") -> None:
        """Leave out the next report of a task; `method` is the one that it is expected to come by."""
        self._reported[task_id] = method
        if len(self._reported) > MAX_REPORTED_TASKS:
            del self._reported[next(iter(self._reported))]

    def complete(self, task_id: str, *args: Any) -> Any:
        """Report a completion, unless the task is reported already."""
        return self._is_reported("complete", task_id, *args) or self._client.complete(task_id, *args)

    def failure(self, task_id: str, *args: Any) -> Any:
        """Report a failure, unless the task is reported already."""
        return self._is_reported("failure", task_id) or self._client.failure(task_id, *args)

    def bpmn_failure(self, task_id: str, *args: Any) -> Any:
        """Report a BPMN error, unless the task is reported already."""
        return self._is_reported("bpmn_failure", task_id) or self._client.bpmn_failure(task_id, *args)

    def _is_reported(self, method: str, task_id: str, *variables: Any) -> bool:
        if task_id not in self._reported:
            return False
        expected = self._reported.pop(task_id)
        if expected and (method != expected or any(variables)):
            log.error(
                "Task %s: the result of groq_handler was replaced, but the engine had it already (%s). Write variables "
                "and errors in the mappings of the diagram, or in a task that follows.",
                task_id,
                expected,
            )
        return True


class AsyncReportingClient(ReportingClient):
    """The same for the library's asynchronous client."""

    async def complete(self, task_id: str, *args: Any) -> Any:
        """Report a completion, unless the task is reported already."""
        return self._is_reported("complete", task_id, *args) or await self._client.complete(task_id, *args)

    async def failure(self, task_id: str, *args: Any) -> Any:
        """Report a failure, unless the task is reported already."""
        return self._is_reported("failure", task_id) or await self._client.failure(task_id, *args)

    async def bpmn_failure(self, task_id: str, *args: Any) -> Any:
        """Report a BPMN error, unless the task is reported already."""
        return self._is_reported("bpmn_failure", task_id) or await self._client.bpmn_failure(task_id, *args)
