"""A running worker in a test: the real client, poller and locks, with a handler that the test gives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.poller import Poller
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import Completion, Outcome
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord

T = TypeVar("T")
Handle = Callable[[ExternalTask], Awaitable[Outcome]]
TIMEOUT_SECONDS = 15.0
"""How long a test waits for what must happen."""

POLL_INTERVAL_SECONDS = 0.01
COMPLETED = Completion({})


async def complete_task(_: ExternalTask) -> Outcome:
    """Complete at once."""
    return COMPLETED


class RecordingHandler:
    """Makes a function the poller's handler, and records the tasks whose outcome was reported."""

    def __init__(self, handle: Handle) -> None:
        self.handle: Any = handle
        self.reported: list[str] = []

    async def on_reported(self, task: ExternalTask, _: Outcome) -> None:
        self.reported.append(task.id)


@dataclass
class AcceptedOutcomes(TaskObserver):
    """Keeps the outcomes that the engine has accepted, by task id."""

    outcomes: dict[str, Outcome]

    def on_end(self, record: TaskRecord) -> None:
        if record.accepted:
            self.outcomes[record.task.id] = record.accepted


@dataclass
class WorkerHarness:
    """A running poller, and the outcomes that the engine accepted from it."""

    engine: EngineClient
    poller: Poller
    handler: RecordingHandler
    accepted: dict[str, Outcome]
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.running = asyncio.create_task(self.poller.run())

    async def wait_for_orphan_search(self) -> None:
        """Wait until the search for orphaned tasks of an earlier run has ended."""
        await wait_until(lambda: self.poller.is_ready and self.poller._orphaned_tasks.is_done)

    async def stop(self) -> None:
        """Stop as SIGTERM does, and wait for the end."""
        assert self.running is not None
        self.poller.stop()
        await with_timeout(self.running)

    async def ensure_stopped(self) -> None:
        """Stop unless the test has done so."""
        if self.running is not None and not self.running.done():
            await self.stop()


class BlockingHandler:
    """A handler whose tasks stay active until `release()`."""

    def __init__(self, outcome: Outcome = COMPLETED) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.max_active = 0
        self._outcome = outcome
        self._active = 0
        self._released = asyncio.Event()

    async def __call__(self, task: ExternalTask) -> Outcome:
        self.started.append(task.id)
        self._active += 1
        self.max_active = max(self.max_active, self._active)
        try:
            await self._released.wait()
        except asyncio.CancelledError:
            self.cancelled.append(task.id)
            raise
        finally:
            self._active -= 1
        return self._outcome

    def release(self) -> None:
        self._released.set()


async def with_timeout(awaitable: Awaitable[T], seconds: float = TIMEOUT_SECONDS) -> T:
    """Await something. Raises `TimeoutError`."""
    return await asyncio.wait_for(awaitable, seconds)


async def wait_until(condition: Callable[[], object], seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until a condition holds. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- not every condition has an event
            await asyncio.sleep(POLL_INTERVAL_SECONDS)


async def wait_for_state(
    get_state: Callable[[], Awaitable[T]], condition: Callable[[T], object], seconds: float = TIMEOUT_SECONDS
) -> T:
    """Return the first state that fulfils a condition. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition(state := await get_state()):  # noqa: ASYNC110 -- the engine sends no events
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
        return state


async def lock_as_other_worker(rest_url: str, task_id: str, other: str = "another worker") -> None:
    """Let another worker id lock a locked task. Repeated, because the heartbeat of its worker may lock it again."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        locked = False
        while not locked:
            await post(f"{rest_url}/external-task/{task_id}/unlock")
            locked = (await lock(rest_url, task_id, other, 60_000)).ok


async def expire_lock(rest_url: str, task_id: str, worker_id: str) -> None:
    """Let a lock end at once, without another worker locking the task."""
    (await lock(rest_url, task_id, worker_id, 1)).raise_for_status()
    await asyncio.sleep(0.005)  # the lock lasts one more millisecond


async def lock(rest_url: str, task_id: str, worker_id: str, milliseconds: int) -> aiohttp.ClientResponse:
    """Lock a task with any worker id."""
    body = {"workerId": worker_id, "lockDuration": milliseconds}
    return await post(f"{rest_url}/external-task/{task_id}/lock", body)


async def post(url: str, body: object = None) -> aiohttp.ClientResponse:
    """Send a request without the client under test."""
    async with aiohttp.request("POST", url, json=body) as response:
        await response.read()
        return response


def log_messages(caplog, level: int = logging.WARNING) -> list[str]:
    """Return the messages that were logged at this level or above."""
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def renew_lock(engine: EngineClient, task_id: str) -> None:
    """Renew a lock as the heartbeat does."""
    async with aclosing(engine.lock_client()) as client:
        await client.lock(task_id)
