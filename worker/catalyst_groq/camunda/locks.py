"""Locks of the tasks in hand, renewed by one heartbeat."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from catalyst_groq.errors import EngineError, TaskLost

log = logging.getLogger(__name__)
T = TypeVar("T")

RENEWALS_PER_LOCK = 3
"""Two renewals may fail before a lock ends."""


class TaskLock:
    """The lock on one task in hand."""

    def __init__(self, task_id: str, stop_renewing: Callable[[], None]) -> None:
        self.task_id = task_id
        self.stop_renewing = stop_renewing
        """Renew it no longer: the task is about to be given away."""
        self._worker: asyncio.Task[Any] | None = None
        """Who works while it is held, until it is cancelled because the lock is lost."""

    async def run_while_held(self, work: Awaitable[T]) -> T | None:
        """Do work that is worth doing only as long as the task is ours; None when the lock was lost meanwhile."""
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 -- whatever awaits runs in a task
        cancelled_before, self._worker = worker.cancelling(), worker
        try:
            return await work
        except asyncio.CancelledError:
            if self._worker is not None or worker.cancelling() > cancelled_before + 1:
                raise  # somebody else wants it
            return None
        finally:
            if self._worker is None:
                worker.uncancel()
            self._worker = None

    def mark_lost(self) -> None:
        """Somebody else has the task, or it is gone: stop the work."""
        worker, self._worker = self._worker, None
        if worker:
            worker.cancel()


class LockRenewer:
    """All locks this worker holds.

    One heartbeat renews them at a third of the lock duration; a refused renewal loses the lock. An engine that cannot
    be reached loses nothing: nobody else can have taken the task either.
    """

    def __init__(self, renew: Callable[[str], Awaitable[None]], lock_duration: timedelta) -> None:
        self._renew = renew
        self._interval = lock_duration.total_seconds() / RENEWALS_PER_LOCK
        self._held: dict[str, TaskLock] = {}

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._held

    @contextmanager
    def hold(self, task_id: str) -> Iterator[TaskLock]:
        """Keep the lock of a fetched task renewed, until the block ends or the lock is let go."""
        lock = self._held[task_id] = TaskLock(task_id, stop_renewing=partial(self._stop_renewing, task_id))
        try:
            yield lock
        finally:
            if self._held.get(task_id) is lock:
                self._stop_renewing(task_id)

    @asynccontextmanager
    async def heartbeat(self) -> AsyncIterator[None]:
        """Renew all held locks for as long as the block runs."""
        beating = asyncio.create_task(self._renew_periodically(), name="lock heartbeat")
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    def _stop_renewing(self, task_id: str) -> None:
        self._held.pop(task_id, None)

    async def _renew_periodically(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.gather(*map(self._renew_one, list(self._held.values())))

    async def _renew_one(self, lock: TaskLock) -> None:
        try:
            await self._renew(lock.task_id)
        except TaskLost as loss:
            if self._held.get(lock.task_id) is lock:
                log.warning("Task %s is no longer ours, its call is cancelled: %s", lock.task_id, loss)
                lock.mark_lost()
        except EngineError as error:
            log.debug("Lock of task %s not renewed: %s", lock.task_id, error)
