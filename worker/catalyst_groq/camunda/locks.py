"""Locks of the active tasks, renewed by a heartbeat in a thread of its own."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from catalyst_groq.errors import EngineError, TaskLost

log = logging.getLogger(__name__)
T = TypeVar("T")

RENEWALS_PER_LOCK = 3
"""Renewals per lock duration: two of them may fail before a lock ends."""

RENEWAL_CHECK_INTERVAL_SECONDS = 0.01
"""Seconds between two checks whether a renewal in progress has ended."""


class LockClient(Protocol):
    """Renews locks in the engine."""

    async def lock(self, task_id: str) -> None:
        """Lock the task for another lock duration from now.

        Raises `TaskLost` when another worker has the task or it is gone, and another `EngineError` for anything else.
        """

    async def aclose(self) -> None:
        """Close the connections."""


class TaskLock:
    """The lock on one active task."""

    def __init__(self, task_id: str, release: Callable[[], None]) -> None:
        self.task_id = task_id
        self.is_lost = False
        self.renewals_in_progress = 0
        """Changed by the heartbeat's thread only."""
        self._release = release
        self._work: asyncio.Task[Any] | None = None
        """The asyncio task that works under the lock, until it ends or is cancelled because the lock is lost."""

    async def stop_renewing(self) -> None:
        """Stop renewing the lock: the task is about to be offered to all workers again.

        Waits for a renewal in progress. If it reached the engine after the report, it would lock the task again.
        """
        self._release()
        while self.renewals_in_progress:  # noqa: ASYNC110 -- another thread changes it
            await asyncio.sleep(RENEWAL_CHECK_INTERVAL_SECONDS)

    async def run_while_held(self, work: Awaitable[T]) -> T | None:
        """Await work that is useful only under the lock. Returns None when the lock was lost meanwhile."""
        current = asyncio.current_task()
        assert current is not None  # noqa: S101 -- whatever awaits runs in a task
        cancelled_before, self._work = current.cancelling(), current
        try:
            result = await work
        except asyncio.CancelledError:
            if self._work is not None or current.cancelling() > cancelled_before + 1:
                raise  # cancelled by something other than the lost lock
            return None
        finally:
            if self._work is None:
                current.uncancel()
            self._work = None
        return None if self.is_lost else result

    def mark_lost(self) -> bool:
        """Cancel the work under the lock. Returns whether there was any: the task may have been reported meanwhile.

        May be called from any thread. Work that blocks its event loop is cancelled as soon as it yields to the loop; if
        it ends without yielding, its result is discarded.
        """
        if self.is_lost or (work := self._work) is None:
            return False
        self.is_lost = True
        work.get_loop().call_soon_threadsafe(self._cancel_work)
        return True

    def _cancel_work(self) -> None:
        work, self._work = self._work, None
        if work:
            work.cancel()


class LockRenewer:
    """All locks that this worker holds.

    A heartbeat renews them at a third of the lock duration. It runs in a thread with its own event loop and its own
    client, which `make_client` makes there: a task that blocks the worker's event loop stops no renewal. A refused
    renewal loses the lock. An engine that is unreachable loses nothing: no other worker can have taken the task either.
    """

    def __init__(self, make_client: Callable[[], LockClient], lock_duration: timedelta) -> None:
        self._make_client = make_client
        self._interval = lock_duration.total_seconds() / RENEWALS_PER_LOCK
        self._held: dict[str, TaskLock] = {}
        """By task id. Changed by the worker's event loop only; the heartbeat reads copies."""

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._held

    @contextmanager
    def hold(self, task_id: str) -> Iterator[TaskLock]:
        """Renew the lock of a fetched task until the block ends or `stop_renewing()` is called."""
        lock = self._held[task_id] = TaskLock(task_id, partial(self._release, task_id))
        try:
            yield lock
        finally:
            if self._held.get(task_id) is lock:
                self._release(task_id)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew all held locks for as long as the block runs; its thread has ended when the block is left."""
        with closing(asyncio.new_event_loop()) as loop:
            stopped = asyncio.Event()
            renewing = self._renew_until(stopped)
            thread = threading.Thread(
                target=loop.run_until_complete, args=(renewing,), name="lock heartbeat", daemon=True
            )
            try:
                thread.start()
            except BaseException:
                renewing.close()
                raise
            try:
                yield
            finally:
                loop.call_soon_threadsafe(stopped.set)
                thread.join()

    def _release(self, task_id: str) -> None:
        self._held.pop(task_id, None)

    async def _renew_until(self, stopped: asyncio.Event) -> None:
        """Start a round of renewals each interval without waiting for the previous one.

        So a hanging renewal delays no other.
        """
        renewals: set[asyncio.Task[None]] = set()
        async with aclosing(self._make_client()) as client:
            while not await _is_set_within(stopped, self._interval):
                for lock in self._held.copy().values():
                    renewal = asyncio.create_task(self._renew(client, lock))
                    renewals.add(renewal)
                    renewal.add_done_callback(renewals.discard)
            for renewal in renewals:
                renewal.cancel()
            await asyncio.gather(*renewals, return_exceptions=True)

    async def _renew(self, client: LockClient, lock: TaskLock) -> None:
        # Counted before the check, so that `stop_renewing()` either prevents this renewal or waits for it.
        lock.renewals_in_progress += 1
        try:
            if not lock.is_lost and self._held.get(lock.task_id) is lock:
                await self._renew_held(client, lock)
        finally:
            lock.renewals_in_progress -= 1

    async def _renew_held(self, client: LockClient, lock: TaskLock) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await client.lock(lock.task_id)
        except TaskLost as error:
            # A renewal that races with the report also gets TaskLost; the work has ended by then.
            if lock.mark_lost():
                log.warning("Lock lost on task %s, its work is cancelled: %s", lock.task_id, error)
        except (EngineError, TimeoutError) as error:
            log.debug("Lock of task %s not renewed: %r", lock.task_id, error)
        except Exception:
            log.exception("Lock of task %s not renewed: internal error", lock.task_id)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
