"""The worker's handling of tasks as a handler for workers built on camunda-external-task-client-python3.

    worker = ExternalTaskWorker("my-worker", "http://localhost:8080/engine-rest")
    worker.subscribe("catalyst-groq", groq_handler())

Its tasks take the path of the worker's own: journal, limits, secrets, mappings, incidents, and reports that are
repeated. The library still fetches. docs/moving-over.md says what that changes.
"""

import asyncio
import atexit
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

from catalyst_groq.common.loop_thread import LoopThread
from catalyst_groq.config.extensions import NO_EXTENSIONS, Extensions
from catalyst_groq.config.settings import Settings, environment
from catalyst_groq.domain.outcomes import BpmnError, Completion
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.errors import CatalystError
from catalyst_groq.integrations.library_worker import (
    ReportingClient,
    access_of,
    find_executor,
    is_async,
    take_over_reports,
)
from catalyst_groq.integrations.task_results import to_task_result
from catalyst_groq.integrations.task_service import EngineAccess, FetchedTask, Processed, TaskService, open_task_service

DEFAULT_RETRIES = 3
"""Retries of a task that has not failed yet, as in the element template."""

REPORT_METHODS = {Completion: "complete", BpmnError: "bpmn_failure"}
"""The client's method that the library calls for the result of an outcome; `failure` for all others."""


class GroqHandler:
    """A handler of the library's tasks, from `groq_handler`. Callable from any thread; `close` ends it.

    When the program ends, the tasks in work are unlocked.
    """

    def __init__(self, executor: Any, thread: LoopThread[TaskService]) -> None:
        self._executor = executor
        self._thread = thread

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unlock the tasks in work, and close all connections."""
        atexit.unregister(self._thread.cancel_work)
        self._thread.close()

    def __call__(self, task: Any) -> Any:
        """Process a task of the library. Returns its `TaskResult`, or an awaitable for an asynchronous worker.

        It has reported the task to the engine itself, and the library's worker leaves the report out. Called by
        something else than such a worker, it leaves the report to the caller.
        """
        if not self._thread.is_open:
            raise CatalystError("groq_handler: it is closed. Make a new one with groq_handler().")
        call = _Call(task, self._executor or find_executor(), self._thread)
        return call.wait_async() if call.is_async else call.wait()


class _Call:
    """One call of a handler."""

    def __init__(self, task: Any, executor: Any, thread: LoopThread[TaskService]) -> None:
        self._task = task
        self._service = thread.service
        self._client: ReportingClient | None = take_over_reports(executor) if executor else None
        self.is_async = is_async(executor) if executor else _is_in_event_loop()
        access = access_of(executor) if executor else EngineAccess(worker_id=str(task.get_worker_id()))
        # The library does not show the retries that are left, only those after a failure.
        self._retries_left = task.failure("", "", DEFAULT_RETRIES - 1, 0).retries
        fetched = FetchedTask(id=task.get_task_id(), retries_left=self._retries_left)
        self._work: Future[Processed] = thread.submit(
            self._service.process(fetched, access, reports=executor is not None)
        )

    def wait(self) -> Any:
        """Return the result."""
        try:
            return self._to_result(self._work.result())
        except BaseException:  # such as Ctrl-C
            self._work.cancel()
            raise

    async def wait_async(self) -> Any:
        """Return the result. If it is cancelled, the task is unlocked, and the library does not report a failure."""
        try:
            return self._to_result(await asyncio.wrap_future(self._work))
        except asyncio.CancelledError:
            if self._client:
                self._client.skip_next_report(self._task.get_task_id())
            raise

    def _to_result(self, processed: Processed) -> Any:
        outcome, is_reported = processed
        if self._client and is_reported:
            method = REPORT_METHODS.get(type(outcome), "failure")
            self._client.skip_next_report(self._task.get_task_id(), method)
        variables = self._service.encode(outcome) if outcome and not is_reported else {}
        return to_task_result(self._task, outcome, variables, self._retries_left + 1)


def groq_handler(
    worker: Any = None,
    *,
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
    extensions: Extensions = NO_EXTENSIONS,
) -> GroqHandler:
    """Return a handler for the topic of the element templates, for `ExternalTaskWorker` and `AsyncExternalTaskWorker`.

    It uses the engine, the credentials and the worker id of the worker that calls it. `worker` names that worker where
    the handler is not called by it directly, as in another thread. The settings are read from the environment, `.env`
    and `worker.yaml`, like `catalyst-groq run` does, and the keys from `environ`, by default the environment and
    `.env`. Raises `SettingsError` if they are wrong, and `JournalError`.
    """
    if worker is not None and not hasattr(worker, "executor"):
        raise TypeError("groq_handler: worker must be an ExternalTaskWorker or an AsyncExternalTaskWorker.")
    service = partial(
        open_task_service,
        settings or Settings.load(),
        environment(Path(".env")) if environ is None else environ,
        Redactor(),
        extensions,
    )
    thread = LoopThread(service, "catalyst-groq")
    atexit.register(thread.cancel_work)  # unlocks the tasks in work
    return GroqHandler(worker and worker.executor, thread)


def _is_in_event_loop() -> bool:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        return True
    return False
