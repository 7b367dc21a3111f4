"""Processes tasks that another client has fetched, as the worker processes its own: under a lock, and reported."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from socket import gethostname

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
from catalyst_groq.config.startup_report import find_ineffective_settings
from catalyst_groq.config.task_path import TaskPath, open_task_path
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import HelpLinks
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.errors import EngineError, EngineResponseTooLarge, EngineUnreachable, TaskLost
from catalyst_groq.observability.masked_logs import masked_logs

log = logging.getLogger(__name__)

UNREADABLE_TASK_RETRY_TIMEOUT = timedelta(seconds=10)
GRANT_READ = "Grant the worker's user READ on process instances"

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


class TaskService:
    """Processes fetched tasks of any number of engines and worker ids."""

    def __init__(self, path: TaskPath, parts: AsyncExitStack) -> None:
        self._path = path
        self._parts = parts
        self._engines: dict[tuple[str, str], _EngineTasks] = {}

    async def process(self, fetched: FetchedTask, access: EngineAccess) -> Outcome | None:
        """Process a task and report it. Returns the outcome that the engine accepted; None if it accepted none.

        Never raises: after an internal error the task stays locked until its lock ends.
        """
        try:
            return await self._tasks_of(access).process(fetched)
        except Exception:
            log.exception("Task %s failed with an internal error. It stays locked until its lock ends", fetched.id)
            return None

    async def handle(self, fetched: FetchedTask, access: EngineAccess) -> Outcome | None:
        """Process a task that the caller reports. Returns None if another worker has it."""
        return await self._tasks_of(access).handle(fetched)

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


@asynccontextmanager
async def open_task_service(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, extensions: Extensions
) -> AsyncIterator[TaskService]:
    """Open a service; leaving the context closes its connections. Raises `SettingsError`, `JournalError`."""
    instance = f"groq_handler@{gethostname()}"
    async with open_task_path(settings, environ, redactor, instance, extensions) as path, AsyncExitStack() as parts:
        parts.enter_context(masked_logs(redactor))
        key_sources = await path.secrets.sources_of(GROQ_API_KEY.lower())
        for text in find_ineffective_settings(settings, path.endpoints, key_sources):
            log.warning("%s.", text)
        yield TaskService(path, parts)


class _EngineTasks:
    """The tasks of one engine and worker id."""

    def __init__(self, path: TaskPath, engine: EngineClient) -> None:
        self._engine = engine
        self._definitions = path.definitions_of(engine)
        self._handler = path.handler_for(engine, self._definitions)
        self._outage = OutageMonitor(engine.url, self._definitions.expire)
        self._locks = engine.lock_client()
        self._tasks = engine.fetched_tasks()
        self._last_used = 0.0
        help_links = HelpLinks(path.settings.docs_url)
        self.processor = TaskProcessor(engine, self._handler, path.observers, self._outage, help_links)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._locks.aclose()
        await self._engine.aclose()

    async def process(self, fetched: FetchedTask) -> Outcome | None:
        """Process a task and report it. Returns the outcome that the engine accepted; None if it accepted none."""
        async with self._locked(fetched) as lock:
            task = await self._read(fetched) if lock else None
            if lock is None or task is None:
                return None
            if isinstance(task, ExternalTask):
                return await self.processor.process(task, lock)
            await self._report_unreadable(fetched.id, task)
            return task

    async def handle(self, fetched: FetchedTask) -> Outcome | None:
        """Process a task that the caller reports. Returns None if another worker has it."""
        async with self._locked(fetched) as lock:
            task = await self._read(fetched) if lock else None
            if lock is None or task is None:
                return None
            if isinstance(task, Failure):
                return task
            outcome = await lock.run_while_held(self._handler.handle(task))
        if isinstance(outcome, Completion | BpmnError) and outcome.collected:
            return Failure(COLLECTING_NEEDS_REPORTS)
        return outcome

    @asynccontextmanager
    async def _locked(self, fetched: FetchedTask) -> AsyncIterator[TaskLock | None]:
        """Hold a task's lock, and renew it; None if another worker has the task, or it is in work here already.

        If the work is cancelled, the task is unlocked with its retries unchanged.
        """
        if fetched.id in self.processor:
            log.warning(
                "Task %s was fetched again while it is in work. It is left to the work that has begun.", fetched.id
            )
            yield None
            return
        with self.processor.hold(fetched.id) as lock:
            try:
                await self._locks.lock(fetched.id)
            except TaskLost as loss:
                log.warning("Lock lost on task %s before its work began: %s", fetched.id, loss)
                yield None
                return
            except EngineError as error:  # the lock of the fetch ends by itself
                self._outage.record_failure(error)
                yield None
                return
            self._outage.record_success()
            try:
                yield lock
            except asyncio.CancelledError:
                if not lock.is_lost:
                    await lock.stop_renewing()
                    await unlock_tasks(self._engine, [fetched.id])
                raise

    async def _read(self, fetched: FetchedTask) -> ExternalTask | Failure | None:
        """Read a locked task from the engine; return a failure if that is refused, and None if the task is gone."""
        if time.monotonic() - self._last_used > MAX_UNWATCHED_SECONDS:
            self._definitions.expire()
        try:
            task = await self._tasks.read(fetched.id)
        except TaskLost as loss:
            log.warning("Lock lost on task %s before its work began: %s", fetched.id, loss)
            return None
        except EngineResponseTooLarge as error:
            return Failure(f"The variables of this task cannot be read: {error}. {REMEDY}")
        except EngineUnreachable as error:
            self._outage.record_failure(error)
            return None
        except EngineError as error:
            message = f"The engine refused to return the variables of this task: {error}. {GRANT_READ}"
            return Failure(message, retries=fetched.retries_left, retry_timeout=UNREADABLE_TASK_RETRY_TIMEOUT)
        self._last_used = time.monotonic()
        return task

    async def _report_unreadable(self, task_id: str, failure: Failure) -> None:
        log.error("Task %s: %s", task_id, failure.message)
        with suppress(EngineError):  # the task is offered again when its lock has ended
            await self._engine.failure(
                task_id,
                failure.message,
                failure.details,
                retries=failure.retries,
                retry_timeout=failure.retry_timeout,
                variables={},
            )
