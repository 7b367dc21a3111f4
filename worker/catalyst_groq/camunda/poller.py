"""The fetch loop: fetch as many tasks as there is capacity for; handle and report each while its lock is renewed."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.locks import TaskLock
from catalyst_groq.camunda.orphaned_tasks import OrphanedTasks, unlock_tasks
from catalyst_groq.camunda.outage import OutageMonitor, ignore_interruption
from catalyst_groq.camunda.oversized_tasks import OversizedTasks
from catalyst_groq.camunda.task_processor import NO_HELP_LINKS, TaskHandler, TaskProcessor
from catalyst_groq.common.backoff import Backoff
from catalyst_groq.common.durations import format_duration
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import HelpLinks
from catalyst_groq.domain.task_observation import TaskObserver
from catalyst_groq.errors import EngineError, EngineResponseTooLarge

log = logging.getLogger(__name__)

BATCHING_DELAY_SECONDS = 0.02
"""Seconds that a busy worker waits for more capacity, so that one fetch fills it instead of one fetch per task."""

CAPACITY_RECHECK_INTERVAL_SECONDS = 0.2
"""Seconds until the fetch limit is evaluated again when it allows no task."""

FETCH_STALL_MARGIN_SECONDS = 120.0
"""Seconds beyond the long poll that one fetch may take: unlocking orphaned tasks, and the pause after a failure."""

MAX_UNWATCHED_SECONDS = 2.0
"""Seconds between two polls in which no engine can be stopped and another one started without a failed poll."""

ORPHAN_POLL_TIMEOUT = timedelta(milliseconds=500)
"""Longest poll while the engine may still lock tasks for an earlier run of this worker."""


BACKLOG_POLL_TIMEOUT = timedelta(milliseconds=500)
"""Longest poll while more tasks may wait in the engine. When two workers fetch the same tasks at once, the engine lets
the one that gets none of them wait to the end of its poll, although it has others."""

BACKLOG_SECONDS = 5.0
"""More tasks may wait for so long after a fetch that returned as many as it asked for."""

FINISHED, UNLOCKED, LEFT_LOCKED = "finished", "unlocked", "left locked"
"""What may become of a task after a stop was requested."""

FetchLimit = Callable[[int, int], int]
"""Takes the free capacity and the number of active tasks; returns how many tasks to fetch."""


def no_fetch_limit(free: int, active: int) -> int:
    """Use all free capacity."""
    del active
    return free


class Poller:
    """Fetches tasks, has the handler process them, and reports their outcomes.

    `on_interruption` is called when the engine may be another one from now on: after a failed call, and before a poll
    that follows a longer time without any.
    """

    def __init__(  # noqa: PLR0913 -- the seams of the loop, each passed once by the composition root
        self,
        engine: EngineClient,
        handler: TaskHandler,
        observers: Sequence[TaskObserver],
        *,
        topics: Sequence[str],
        concurrency: int,
        shutdown_timeout: timedelta,
        fetch_limit: FetchLimit = no_fetch_limit,
        on_interruption: Callable[[], None] = ignore_interruption,
        help_links: HelpLinks = NO_HELP_LINKS,
    ) -> None:
        self._engine = engine
        self._topics = topics
        self.concurrency = concurrency
        self.polls = 0
        self.fetched_tasks = 0
        self._fetch_limit = fetch_limit
        self._shutdown_timeout = shutdown_timeout.total_seconds()
        self.outage = OutageMonitor(engine.url, on_interruption)
        self._on_interruption = on_interruption
        self._last_polled = 0.0
        self._backlog_until = 0.0
        """Until then, more tasks may wait in the engine (`time.monotonic`)."""
        self._backoff = Backoff()
        self._processor = TaskProcessor(engine, handler, observers, self.outage, help_links)
        self._orphaned_tasks = OrphanedTasks(engine)
        self._oversized_tasks = OversizedTasks(engine)
        self._active: dict[asyncio.Task[Any], TaskLock] = {}
        self._changed = asyncio.Event()
        self._stop_at: float | None = None
        self._after_stop: Counter[str] = Counter()
        """What became of tasks since the stop was requested: FINISHED, UNLOCKED or LEFT_LOCKED."""
        self._has_connected = False
        self._fetch_due: float | None = None

    async def run(self) -> None:
        """Work until `stop()`; then finish the active tasks, and unlock those that exceed the shutdown timeout.

        If it is cancelled, it cancels the active tasks, which stay locked until their locks end.
        """
        with self._processor.heartbeat():
            try:
                while capacity := await self._wait_for_capacity():
                    await self._fetch_and_start(capacity)
                await self._finish()
                numbers = ", ".join(f"{name}: {self._after_stop[name]}" for name in (FINISHED, UNLOCKED, LEFT_LOCKED))
                log.info("Graceful shutdown completed. Tasks %s", numbers)
            finally:
                await self._cancel_active()

    def stop(self) -> None:
        """Begin a graceful shutdown: fetch no more.

        The pending poll is not cancelled: the engine would still lock a task for it.
        """
        self._stop_at = self._stop_at or time.monotonic()
        self._changed.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop()` was called."""
        return self._stop_at is not None

    @property
    def active_tasks(self) -> int:
        """How many tasks are processed at the moment."""
        return len(self._active)

    @property
    def lock_renewals(self) -> Counter[str]:
        """How many renewals of locks had each result; see `LockRenewer.renewals`."""
        return self._processor.lock_renewals

    @property
    def has_connected(self) -> bool:
        """Whether the engine has responded since the start."""
        return self._has_connected

    @property
    def is_ready(self) -> bool:
        """Whether tasks are fetched: the engine has responded and still does, no fetch hangs, no stop was requested."""
        return self._has_connected and not (self.outage.is_active or self.is_stalled or self.is_stopping)

    @property
    def is_stalled(self) -> bool:
        """Whether a fetch, including its pause after a failure, has exceeded its longest regular duration."""
        return self._fetch_due is not None and time.monotonic() > self._fetch_due

    async def _fetch_and_start(self, capacity: int) -> None:
        poll_seconds = self._engine.async_response_timeout.total_seconds()
        self._fetch_due = time.monotonic() + poll_seconds + FETCH_STALL_MARGIN_SECONDS
        for task in await self._fetch(capacity):
            self._start(task)
        self._fetch_due = None

    async def _wait_for_capacity(self) -> int:
        """Wait until tasks may be fetched, and return how many; 0 when stopping."""
        while not self.is_stopping:
            if self._free_capacity:
                if self._free_capacity < len(self._active):
                    await asyncio.sleep(BATCHING_DELAY_SECONDS)
                if capacity := self._fetch_limit(self._free_capacity, len(self._active)):
                    return capacity
            await self._wait_for_change(None if self._free_capacity == 0 else CAPACITY_RECHECK_INTERVAL_SECONDS)
        return 0

    @property
    def _free_capacity(self) -> int:
        return self.concurrency - len(self._active)

    async def _wait_for_change(self, timeout: float | None = None) -> None:
        """Wait until a task has ended or a stop is requested, at most `timeout` seconds."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def _fetch(self, max_tasks: int) -> list[ExternalTask]:
        """Poll once. A task that is still active here (its lock had ended) is not started a second time."""
        if time.monotonic() - self._last_polled > MAX_UNWATCHED_SECONDS:
            self._on_interruption()
        try:
            max_poll = BACKLOG_POLL_TIMEOUT if time.monotonic() < self._backlog_until else None
            if not self._orphaned_tasks.is_done:
                await self._orphaned_tasks.unlock(self._active_ids())
                self._has_connected, max_poll = True, ORPHAN_POLL_TIMEOUT
            tasks = await self._fetch_readable(max_tasks, max_poll)
        except EngineError as error:
            await self._pause(error)
            return []
        self._last_polled = time.monotonic()
        self.polls, self.fetched_tasks = self.polls + 1, self.fetched_tasks + len(tasks)
        self.outage.record_success()
        self._backoff.reset()
        if self.is_stopping:
            await self._unlock([task.id for task in tasks])
            return []
        return [task for task in tasks if task.id not in self._processor]

    async def _fetch_readable(self, max_tasks: int, max_poll: timedelta | None) -> list[ExternalTask]:
        """Fetch, unless the variables of the tasks are too large: then return no task, and fetch fewer next time."""
        limit = await self._oversized_tasks.limit(max_tasks, self._active_ids())
        try:
            tasks = await self._engine.fetch_and_lock(self._topics, limit, max_poll)
        except EngineResponseTooLarge as error:
            await self._oversized_tasks.record_too_large(error, self._active_ids())
            return []
        self._oversized_tasks.record_success(len(tasks), max_tasks)
        if len(tasks) == limit:
            self._backlog_until = time.monotonic() + BACKLOG_SECONDS
        return tasks

    def _active_ids(self) -> list[str]:
        return [lock.task_id for lock in self._active.values()]

    def _start(self, task: ExternalTask) -> None:
        """Start processing a fetched task. Its lock is renewed from now on, also while another task blocks the loop."""
        lock = self._processor.hold(task.id)
        processing = asyncio.create_task(self._processor.process(task, lock))
        self._active[processing] = lock
        processing.add_done_callback(self._on_task_done)

    def _on_task_done(self, processing: asyncio.Task[Any]) -> None:
        lock = self._active.pop(processing)
        lock.release()  # a task that was cancelled before it started has not done so
        self._changed.set()
        if processing.cancelled():
            return
        error = processing.exception()
        if error:
            log.error(
                "Task %s failed with an internal error. It stays locked until its lock ends",
                lock.task_id,
                exc_info=error,
            )
        if self.is_stopping:
            self._after_stop[LEFT_LOCKED if error else FINISHED] += 1

    async def _finish(self) -> None:
        """Wait for the active tasks until the shutdown timeout; unlock the rest with their retries unchanged."""
        assert self._stop_at is not None  # noqa: S101 -- the loop ends only with a stop
        timeout = self._stop_at + self._shutdown_timeout - time.monotonic()
        if self._active:
            left = format_duration(timeout)
            log.info("Graceful shutdown: %d active tasks have %s to finish", len(self._active), left)
            await asyncio.wait(self._active, timeout=max(timeout, 0))
        await self._unlock(await self._cancel_active())

    async def _unlock(self, task_ids: Sequence[str]) -> None:
        """Unlock tasks that are not processed, because a stop was requested."""
        left_locked = await unlock_tasks(self._engine, task_ids)
        self._after_stop += Counter({UNLOCKED: len(task_ids) - left_locked, LEFT_LOCKED: left_locked})

    async def _cancel_active(self) -> list[str]:
        """Cancel the active tasks, and return their ids when they have ended."""
        unfinished = dict(self._active)
        for processing in unfinished:
            processing.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        return [lock.task_id for lock in unfinished.values()]

    async def _pause(self, error: EngineError) -> None:
        """Wait before the next poll after a failed one; a stop ends the pause."""
        self.outage.record_failure(error)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next()):
                while not self.is_stopping:
                    await self._wait_for_change()
