"""Locks of the active tasks, renewed by a heartbeat in a thread of its own."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, closing, contextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol, Self, TypeVar

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
    """The lock on one active task. Leaving its context releases it."""

    def __init__(self, task_id: str, release: Callable[["TaskLock"], None]) -> None:
        self.task_id = task_id
        self.is_lost = False
        """Whether the engine refused to renew the lock while there was work to do."""
        self.renewals_in_progress = 0
        """Changed, like `is_lost`, by the heartbeat's thread only."""
        self._release = release
        self._work: asyncio.Task[Any] | None = None
        """The asyncio task that works under the lock."""
        self._is_cancelled = False
        self._has_ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Stop renewing the lock."""
        self._release(self)

    async def stop_renewing(self) -> None:
        """Stop renewing the lock: the task is about to be offered to all workers again.

        Waits for a renewal in progress. If it reached the engine after the report, it would lock the task again.
        """
        self.release()
        while self.renewals_in_progress:  # noqa: ASYNC110 -- another thread changes it
            await asyncio.sleep(RENEWAL_CHECK_INTERVAL_SECONDS)

    async def run_while_held(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Await work that is useful only under the lock. Returns None when the lock was lost before or meanwhile."""
        current = asyncio.current_task()
        assert current is not None  # noqa: S101 -- whatever awaits runs in a task
        cancelled_before, self._work = current.cancelling(), current
        try:
            result = await self._unless_lost(work)
        except asyncio.CancelledError:
            if not self._is_cancelled or current.cancelling() > cancelled_before + 1:
                raise  # cancelled by something other than the lost lock
            return None
        finally:
            if self._is_cancelled:
                current.uncancel()
            self._work, self._has_ended = None, True
        return None if self.is_lost else result

    async def _unless_lost(self, work: Coroutine[Any, Any, T]) -> T | None:
        if self.is_lost:
            work.close()
            return None
        return await work

    def mark_lost(self) -> bool:
        """Cancel the work under the lock. Returns whether it has not ended: the task may have been reported meanwhile.

        May be called from any thread. Work that blocks its event loop is cancelled as soon as it yields to the loop; if
        it ends without yielding, its result is discarded.
        """
        if self.is_lost or self._has_ended:
            return False
        self.is_lost = True  # before the work is looked up: work that starts meanwhile sees it
        if work := self._work:
            work.get_loop().call_soon_threadsafe(self._cancel_work)
        return True

    def _cancel_work(self) -> None:
        if self._work:
            self._is_cancelled = True
            self._work.cancel()


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
        self.renewals = Counter({"renewed": 0, "failed": 0, "lost": 0})
        """Renewals by their result. Changed by the heartbeat's thread only."""

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._held

    def hold(self, task_id: str) -> TaskLock:
        """Renew the lock of a fetched task from now on, until it is released."""
        lock = self._held[task_id] = TaskLock(task_id, self._release)
        return lock

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

    def _release(self, lock: TaskLock) -> None:
        if self._held.get(lock.task_id) is lock:
            del self._held[lock.task_id]

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
                self.renewals["renewed"] += 1
        except TaskLost as error:
            # A renewal that races with the report also gets TaskLost; the work has ended by then.
            if lock.mark_lost():
                self.renewals["lost"] += 1
                log.warning("Lock lost on task %s, its work is cancelled: %s", lock.task_id, error)
        except (EngineError, TimeoutError) as error:
            self.renewals["failed"] += 1
            log.debug("Lock of task %s not renewed: %r", lock.task_id, error)
        except Exception:
            log.exception("Lock of task %s not renewed: internal error", lock.task_id)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
