"""A worker at work in a test: the real client, poller and locks; only the handler is the test's own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import httpx

from worker.camunda.engine import Engine
from worker.camunda.poller import Poller
from worker.camunda.tasks import ExternalTask
from worker.connector.outcomes import Completion, Outcome

T = TypeVar("T")
Handle = Callable[[ExternalTask], Awaitable[Outcome]]
PATIENCE = 15.0
"""Seconds a test waits for what must come."""

BETWEEN_LOOKS = 0.01
DONE = Completion({})


async def done(_: ExternalTask) -> Outcome:
    """Complete at once."""
    return DONE


@dataclass
class Worker:
    """A poller that runs, and what the engine took of it."""

    engine: Engine
    poller: Poller
    taken: dict[str, Outcome] = field(default_factory=dict)
    running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.running = asyncio.create_task(self.poller.run())

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
        self._in_hand = 0
        self._free = asyncio.Event()

    async def __call__(self, task: ExternalTask) -> Outcome:
        self.begun.append(task.id)
        self._in_hand += 1
        self.most = max(self.most, self._in_hand)
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.cancelled.append(task.id)
            raise
        finally:
            self._in_hand -= 1
        return self._outcome

    def let_go(self) -> None:
        self._free.set()


async def within(awaitable: Awaitable[T], seconds: float = PATIENCE) -> T:
    """Await what must come; `TimeoutError` when it does not."""
    return await asyncio.wait_for(awaitable, seconds)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(BETWEEN_LOOKS)


async def until_seen(look: Callable[[], Awaitable[T]], wanted: Callable[[T], object], seconds: float = PATIENCE) -> T:
    """Look until what is wanted is there, and return it."""
    async with asyncio.timeout(seconds):
        while not wanted(seen := await look()):
            await asyncio.sleep(BETWEEN_LOOKS)
        return seen


async def take_away(rest_url: str, task_id: str, other: str = "another worker") -> None:
    """Let another worker id lock a task that is somebody's; the owner's heartbeat may come between, so insist."""
    async with httpx.AsyncClient(base_url=f"{rest_url}/external-task/{task_id}") as task, asyncio.timeout(PATIENCE):
        locked = False
        while not locked:
            await task.post("/unlock")
            answer = await task.post("/lock", json={"workerId": other, "lockDuration": 60_000})
            locked = answer.is_success


async def end_lock(rest_url: str, task_id: str, worker_id: str) -> None:
    """Let a lock end at once, with nobody taking the task."""
    async with httpx.AsyncClient(base_url=rest_url) as rest:
        body = {"workerId": worker_id, "lockDuration": 1}
        (await rest.post(f"/external-task/{task_id}/lock", json=body)).raise_for_status()


def messages(caplog, level: int = logging.WARNING) -> list[str]:
    """What was logged at least at this level."""
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)
