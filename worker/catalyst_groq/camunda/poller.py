"""The loop: room first, then fetch; each task is handled and reported while its lock is renewed."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.locks import LockRenewer
from catalyst_groq.camunda.orphaned_tasks import OrphanedTasks, unlock_tasks
from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.camunda.reporter import OutcomeReporter
from catalyst_groq.common.backoff import Backoff
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import Outcome
from catalyst_groq.errors import EngineError

log = logging.getLogger(__name__)

BATCHING_DELAY_SECONDS = 0.02
"""Seconds that a busy worker lets places become free, instead of having the engine fetch for each single one."""

CAPACITY_RECHECK_INTERVAL_SECONDS = 0.2
"""Seconds until it is looked again whether free places may be filled."""

FETCH_STALL_MARGIN_SECONDS = 120.0
"""Seconds a poll and all around it (sweeping, the pause after a failure) may take beyond the poll duration."""

ORPHAN_POLL_TIMEOUT = timedelta(milliseconds=500)
"""How long a poll may take while the engine may still lock tasks for an earlier life of this worker."""


class TaskHandler(Protocol):
    """What turns a task into an outcome."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return the outcome; never raise."""

    async def on_reported(self, task: ExternalTask, outcome: Outcome) -> None:
        """Let go of what was kept for the task: the engine has taken this outcome."""


class TaskObserver(Protocol):
    """Whoever looks on: sees each task once, when the engine has taken its outcome."""

    def __call__(self, task: ExternalTask, outcome: Outcome, seconds: float) -> None:
        """`seconds` is the time from the fetch to the engine's acknowledgement."""


FetchLimit = Callable[[int, int], int]
"""Of so many free places, with so many tasks in hand: how many to fill."""


def no_fetch_limit(free: int, active: int) -> int:
    """Fill all places."""
    del active
    return free


class Poller:
    """Carries tasks from the engine to the handler, and their outcomes back."""

    def __init__(  # noqa: PLR0913 -- the seams of the loop, each handed in once by the composition root
        self,
        engine: EngineClient,
        handler: TaskHandler,
        observers: Sequence[TaskObserver],
        *,
        topics: Sequence[str],
        concurrency: int,
        shutdown_timeout: timedelta,
        fetch_limit: FetchLimit = no_fetch_limit,
    ) -> None:
        self._engine = engine
        self._handler = handler
        self._observers = observers
        self._topics = topics
        self._concurrency = concurrency
        self._fetch_limit = fetch_limit
        self._shutdown_timeout = shutdown_timeout.total_seconds()
        self._outage = OutageMonitor(engine.url)
        self._backoff = Backoff()
        self._reporter = OutcomeReporter(engine, self._outage)
        self._orphaned_tasks = OrphanedTasks(engine)
        self._locks = LockRenewer(engine.lock_client, engine.lock_duration)
        self._active: dict[asyncio.Task[None], str] = {}
        self._changed = asyncio.Event()
        self._stop_at: float | None = None
        self._has_answered = False
        self._fetch_due: float | None = None

    async def run(self) -> None:
        """Work until `stop()`; then finish what is in hand, and give back what does not finish in time."""
        with self._locks.heartbeat():
            while room := await self._wait_for_capacity():
                self._fetch_due = (
                    time.monotonic() + self._engine.async_response_timeout.total_seconds() + FETCH_STALL_MARGIN_SECONDS
                )
                for task in await self._fetch(room):
                    self._start(task)
                self._fetch_due = None
            await self._finish()

    def stop(self) -> None:
        """Fetch no more. The pending poll is left to return: cancelled, it would still lock a task in the engine."""
        self._stop_at = self._stop_at or time.monotonic()
        self._changed.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop()` was called."""
        return self._stop_at is not None

    @property
    def active_tasks(self) -> int:
        """How many tasks are in hand."""
        return len(self._active)

    @property
    def is_ready(self) -> bool:
        """Whether tasks are fetched: the engine has answered, still does, and no stop is under way."""
        return self._has_answered and not self._outage.is_active and not self.is_stopping

    @property
    def is_stalled(self) -> bool:
        """Whether a fetch, its pause after a failure included, takes longer than it can by rights."""
        return self._fetch_due is not None and time.monotonic() > self._fetch_due

    async def _wait_for_capacity(self) -> int:
        """Wait for places to fill and say how many there are; 0 when stopping."""
        while not self.is_stopping:
            if self._free_capacity:
                if self._free_capacity < len(self._active):
                    await asyncio.sleep(BATCHING_DELAY_SECONDS)
                if room := self._fetch_limit(self._free_capacity, len(self._active)):
                    return room
            await self._wait_for_change(None if self._free_capacity == 0 else CAPACITY_RECHECK_INTERVAL_SECONDS)
        return 0

    @property
    def _free_capacity(self) -> int:
        return self._concurrency - len(self._active)

    async def _wait_for_change(self, timeout: float | None = None) -> None:
        """Wait until a task has left our hands or a stop was asked for, for some seconds at the longest."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def _fetch(self, max_tasks: int) -> list[ExternalTask]:
        """Poll once. A task that we still have in hand (its lock had ended) stays with whoever is at it."""
        try:
            longest = None
            if not self._orphaned_tasks.is_done:
                await self._orphaned_tasks.unlock(self._active.values())
                self._has_answered, longest = True, ORPHAN_POLL_TIMEOUT
            tasks = await self._engine.fetch_and_lock(self._topics, max_tasks, longest)
        except EngineError as error:
            await self._pause(error)
            return []
        self._outage.record_success()
        self._backoff.reset()
        if self.is_stopping:
            await unlock_tasks(self._engine, [task.id for task in tasks])
            return []
        return [task for task in tasks if task.id not in self._locks]

    def _start(self, task: ExternalTask) -> None:
        carrying = asyncio.create_task(self._process(task))
        self._active[carrying] = task.id
        carrying.add_done_callback(self._on_task_done)

    async def _process(self, task: ExternalTask) -> None:
        """One task's way: handle, report, show. Losing the lock ends it: then the task is somebody else's."""
        started = time.monotonic()
        with self._locks.hold(task.id) as lock:
            outcome = await lock.run_while_held(self._handler.handle(task))
            if outcome is None:
                return
            taken = await self._reporter.report(task, outcome, lock)
        if taken:
            await self._handler.on_reported(task, taken)
            self._notify(task, taken, time.monotonic() - started)

    def _notify(self, task: ExternalTask, outcome: Outcome, seconds: float) -> None:
        for watch in self._observers:
            try:
                watch(task, outcome, seconds)
            except Exception:
                log.exception("Task %s is done, but a watcher has a defect", task.id)

    def _on_task_done(self, processing: asyncio.Task[None]) -> None:
        task_id = self._active.pop(processing)
        self._changed.set()
        if not processing.cancelled() and (defect := processing.exception()):
            log.error("Task %s ended in a defect of the worker; its lock will end", task_id, exc_info=defect)

    async def _finish(self) -> None:
        """Wait for the tasks in hand until the grace time is over; give the rest back with retries untouched."""
        assert self._stop_at is not None  # noqa: S101 -- the loop ends with a stop only
        left = self._stop_at + self._shutdown_timeout - time.monotonic()
        if self._active:
            log.info("Stopping: %d tasks in hand have %.0f s to finish", len(self._active), left)
            await asyncio.wait(self._active, timeout=max(left, 0))
        unfinished = dict(self._active)
        for carrying in unfinished:
            carrying.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await unlock_tasks(self._engine, unfinished.values())

    async def _pause(self, error: EngineError) -> None:
        """Back off from an engine that does not answer; a stop ends the pause."""
        self._outage.record_failure(error)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next()):
                while not self.is_stopping:
                    await self._wait_for_change()
