"""Processes tasks that another client has fetched, as the worker processes its own: under a lock, and reported."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from socket import gethostname
from typing import NamedTuple

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.locks import TaskLock
from catalyst_groq.camunda.orphaned_tasks import unlock_tasks
from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.camunda.oversized_tasks import REMEDY
from catalyst_groq.camunda.poller import MAX_UNWATCHED_SECONDS
from catalyst_groq.camunda.rest_client import Authorization
from catalyst_groq.camunda.task_processor import TaskProcessor
from catalyst_groq.config import factory
from catalyst_groq.config.extensions import Extensions
from catalyst_groq.config.settings import GROQ_API_KEY, Settings
from catalyst_groq.config.startup_report import find_ineffective_settings, find_key_problems, locate_key
from catalyst_groq.config.task_path import TaskPath, open_task_path
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import HelpLinks
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, FailureCause, Outcome
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.errors import EngineError, EngineResponseTooLarge, TaskLost, TaskSuspended
from catalyst_groq.observability.masked_logs import masked_logs

log = logging.getLogger(__name__)

UNREADABLE_TASK_RETRY_TIMEOUT = timedelta(seconds=10)
CHECK_ACCESS = (
    "It uses the URL and the credentials of its worker, and certificates and proxy of CATALYST_ENGINE_…. The user "
    "needs READ and UPDATE on process instances."
)

COLLECTING_NEEDS_REPORTS = (
    "catalyst_collect: the results of a multi-instance are collected while their tasks are reported, and this task's "
    "report is left to the caller of groq_handler. Subscribe the handler itself, or pass the worker: "
    "groq_handler(worker)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAccess:
    """How another client reaches the engine."""

    worker_id: str
    url: str = ""
    """The REST API; empty for that of the settings."""
    authorization: Authorization = ""
    """Empty for that of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedTask:
    """What another client says about a task that it has fetched."""

    id: str
    retries_left: int
    """After this attempt, if that fails."""


class Processed(NamedTuple):
    """How a task was processed."""

    outcome: Outcome | None
    """None if there is nothing to report: another worker has the task, or its process instance is suspended."""
    is_reported: bool
    """Whether the engine has got what there is to report; otherwise the caller reports the outcome."""


LEFT = Processed(None, is_reported=True)


class TaskService:
    """Processes fetched tasks of any number of engines and worker ids."""

    def __init__(self, path: TaskPath, parts: AsyncExitStack) -> None:
        self._path = path
        self._parts = parts
        self._engines: dict[tuple[str, str], _EngineTasks] = {}

    async def process(self, fetched: FetchedTask, access: EngineAccess, *, reports: bool) -> Processed:
        """Process a task, and report it if `reports` is true and the engine can be reached. Never raises."""
        try:
            return await self._tasks_of(access).process(fetched, reports=reports)
        except Exception as error:
            log.exception("Task %s: internal error", fetched.id)
            return _failed(fetched, f"Internal error of the worker, see its log: {type(error).__name__}")

    def encode(self, outcome: Outcome) -> dict[str, TypedValueDto]:
        """Return the variables of an outcome as the REST API has them."""
        return Encoder(self._path.settings.string_limit).encode_all(outcome.variables)

    def _tasks_of(self, access: EngineAccess) -> "_EngineTasks":
        key = access.url, access.worker_id
        if key not in self._engines:
            engine = factory.make_engine_client(self._path.settings, access.worker_id, access.url, access.authorization)
            tasks = self._engines[key] = _EngineTasks(self._path, engine)
            self._parts.push_async_callback(tasks.aclose)
            self._parts.enter_context(tasks.processor.heartbeat())
        return self._engines[key]


def _failed(fetched: FetchedTask, message: str, *, is_final: bool = False) -> Processed:
    """Return the failure of a task that could not be read or locked; the caller reports it, who has fetched it."""
    retries, timeout = (0, timedelta()) if is_final else (fetched.retries_left, UNREADABLE_TASK_RETRY_TIMEOUT)
    failure = Failure(message, retries=retries, retry_timeout=timeout, cause=FailureCause.ENGINE)
    return Processed(failure, is_reported=False)


@asynccontextmanager
async def open_task_service(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, extensions: Extensions
) -> AsyncIterator[TaskService]:
    """Open a service; leaving the context closes its connections. Raises `SettingsError`, `JournalError`."""
    instance = f"groq_handler@{gethostname()}"
    async with open_task_path(settings, environ, redactor, instance, extensions) as path, AsyncExitStack() as parts:
        parts.enter_context(masked_logs(redactor))
        key = locate_key(await path.secrets.sources_of(GROQ_API_KEY.lower()), settings, environ)
        for text in (*find_key_problems(key, settings, path.endpoints), *find_ineffective_settings(settings)):
            log.warning("%s.", text)
        yield TaskService(path, parts)


class _EngineTasks:
    """The tasks of one engine and worker id."""

    def __init__(self, path: TaskPath, engine: EngineClient) -> None:
        self._engine = engine
        self._definitions = path.definitions_of(engine)
        self._handler = path.handler_for(engine, self._definitions)
        outage = OutageMonitor(engine.url, self._definitions.expire)
        self._locks = engine.lock_client()
        self._tasks = engine.fetched_tasks()
        self._last_used = 0.0
        help_links = HelpLinks(path.settings.docs_url)
        self.processor = TaskProcessor(engine, self._handler, path.observers, outage, help_links)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._locks.aclose()
        await self._engine.aclose()

    async def process(self, fetched: FetchedTask, *, reports: bool) -> Processed:
        """Process a task. If the work is cancelled, the task is unlocked with its retries unchanged."""
        if fetched.id in self.processor:
            log.warning("Task %s was fetched again while it is in work: left to the work that has begun", fetched.id)
            return LEFT
        with self.processor.hold(fetched.id) as lock:
            try:
                task = await self._lock_and_read(fetched)
            except (TaskLost, TaskSuspended) as loss:
                log.warning("Task %s: lock lost before its work began: %s", fetched.id, loss)
                return LEFT
            except EngineResponseTooLarge as error:
                return _failed(fetched, f"The variables of this task cannot be read: {error}. {REMEDY}", is_final=True)
            except EngineError as error:
                self._definitions.expire()
                return _failed(fetched, f"groq_handler: {error}. {CHECK_ACCESS}")
            try:
                return await self._work(task, lock, reports=reports)
            except asyncio.CancelledError:
                if not lock.is_lost:
                    await lock.stop_renewing()
                    await unlock_tasks(self._engine, [fetched.id])
                raise

    async def _lock_and_read(self, fetched: FetchedTask) -> ExternalTask:
        """Lock a task for as long as the worker's own, and read it. Raises `EngineError`."""
        await self._locks.lock(fetched.id)
        if time.monotonic() - self._last_used > MAX_UNWATCHED_SECONDS:
            self._definitions.expire()
        task = await self._tasks.read(fetched.id)
        self._last_used = time.monotonic()
        return task

    async def _work(self, task: ExternalTask, lock: TaskLock, *, reports: bool) -> Processed:
        if reports:
            return Processed(await self.processor.process(task, lock), is_reported=True)
        outcome = await lock.run_while_held(self._handler.handle(task))
        if outcome is None:
            return LEFT
        if isinstance(outcome, Completion | BpmnError) and outcome.collected:
            outcome = Failure(COLLECTING_NEEDS_REPORTS)
        return Processed(outcome, is_reported=False)
