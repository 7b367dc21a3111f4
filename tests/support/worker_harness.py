"""A worker at work in a test: the real client, poller and locks; only the handler is the test's own."""

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

T = TypeVar("T")
Handle = Callable[[ExternalTask], Awaitable[Outcome]]
PATIENCE = 15.0
"""Seconds a test waits for what must come."""

BETWEEN_LOOKS = 0.01
DONE = Completion({})


async def done(_: ExternalTask) -> Outcome:
    """Complete at once."""
    return DONE


class Handler:
    """A test's own function as the poller's handler; remembers for which tasks it was told to let go."""

    def __init__(self, handle: Handle) -> None:
        self.handle: Any = handle
        self.settled: list[str] = []

    async def on_reported(self, task: ExternalTask, _: Outcome) -> None:
        self.settled.append(task.id)


@dataclass
class Worker:
    """A poller that runs, and what the engine took of it."""

    engine: EngineClient
    poller: Poller
    handler: Handler
    taken: dict[str, Outcome]
    running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.running = asyncio.create_task(self.poller.run())

    async def has_swept(self) -> None:
        """Wait until no leftovers of an earlier life are looked for any more."""
        await until(lambda: self.poller.is_ready and self.poller._orphaned_tasks.is_done)

    async def stop(self) -> None:
        """Stop as SIGTERM does, and wait for the end."""
        assert self.running is not None
        self.poller.stop()
        await within(self.running)

    async def end(self) -> None:
        """Leave nothing running, however the test went."""
        if self.running is not None and not self.running.done():
            await self.stop()


class Held:
    """A handler whose tasks stay in hand until they are let go."""

    def __init__(self, outcome: Outcome = DONE) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.most = 0
        self._outcome = outcome
        self._active = 0
        self._free = asyncio.Event()

    async def __call__(self, task: ExternalTask) -> Outcome:
        self.begun.append(task.id)
        self._active += 1
        self.most = max(self.most, self._active)
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.cancelled.append(task.id)
            raise
        finally:
            self._active -= 1
        return self._outcome

    def release(self) -> None:
        self._free.set()


async def within(awaitable: Awaitable[T], seconds: float = PATIENCE) -> T:
    """Await what must come; `TimeoutError` when it does not."""
    return await asyncio.wait_for(awaitable, seconds)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- what is waited for tells nobody
            await asyncio.sleep(BETWEEN_LOOKS)


async def until_seen(look: Callable[[], Awaitable[T]], wanted: Callable[[T], object], seconds: float = PATIENCE) -> T:
    """Look until what is wanted is there, and return it."""
    async with asyncio.timeout(seconds):
        while not wanted(seen := await look()):  # noqa: ASYNC110 -- the engine tells nobody
            await asyncio.sleep(BETWEEN_LOOKS)
        return seen


async def take_away(rest_url: str, task_id: str, other: str = "another worker") -> None:
    """Let another worker id lock a task that is somebody's; the owner's heartbeat may come between, so insist."""
    async with asyncio.timeout(PATIENCE):
        locked = False
        while not locked:
            await post(f"{rest_url}/external-task/{task_id}/unlock")
            locked = (await lock(rest_url, task_id, other, 60_000)).ok


async def end_lock(rest_url: str, task_id: str, worker_id: str) -> None:
    """Let a lock end at once, with nobody taking the task."""
    (await lock(rest_url, task_id, worker_id, 1)).raise_for_status()
    await asyncio.sleep(0.005)  # the millisecond that the lock still lasts


async def lock(rest_url: str, task_id: str, worker_id: str, milliseconds: int) -> aiohttp.ClientResponse:
    """Lock a task as any worker may."""
    said = {"workerId": worker_id, "lockDuration": milliseconds}
    return await post(f"{rest_url}/external-task/{task_id}/lock", said)


async def post(url: str, body: object = None) -> aiohttp.ClientResponse:
    """Ask past the client under test."""
    async with aiohttp.request("POST", url, json=body) as response:
        await response.read()
        return response


def messages(caplog, level: int = logging.WARNING) -> list[str]:
    """What was logged at least at this level."""
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def renew_lock(engine: EngineClient, task_id: str) -> None:
    """Renew a lock as the heartbeat does."""
    async with aclosing(engine.lock_client()) as client:
        await client.lock(task_id)
