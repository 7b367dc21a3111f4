"""The loop: room first, then fetch; each task is handled and reported while its lock is renewed."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from worker.camunda.backoff import Backoff, Outage
from worker.camunda.engine import Engine
from worker.camunda.leftovers import Leftovers, give_back
from worker.camunda.locks import Locks
from worker.camunda.report import Reporter
from worker.camunda.tasks import ExternalTask
from worker.connector.outcomes import Outcome
from worker.errors import EngineError

log = logging.getLogger(__name__)

GATHERING = 0.02
"""Seconds that a busy worker lets places become free, instead of having the engine fetch for each single one."""

LOOK_AGAIN = 0.2
"""Seconds until it is looked again whether free places may be filled."""

LONGEST_FETCH = 120.0
"""Seconds a poll and all around it (sweeping, the pause after a failure) may take beyond the poll duration."""

BETWEEN_SWEEPS = timedelta(milliseconds=500)
"""How long a poll may take while the engine may still lock tasks for an earlier life of this worker."""


class TaskHandler(Protocol):
    """What turns a task into an outcome."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return the outcome; never raise."""

    async def settle(self, task: ExternalTask, outcome: Outcome) -> None:
        """Let go of what was kept for the task: the engine has taken this outcome."""


class Watcher(Protocol):
    """Whoever looks on: sees each task once, when the engine has taken its outcome."""

    def __call__(self, task: ExternalTask, outcome: Outcome, seconds: float) -> None:
        """`seconds` is the time from the fetch to the engine's acknowledgement."""


Room = Callable[[int, int], int]
"""Of so many free places, with so many tasks in hand: how many to fill."""


def all_places(free: int, in_hand: int) -> int:
    """Fill all places."""
    del in_hand
    return free


class Poller:
    """Carries tasks from the engine to the handler, and their outcomes back."""

    def __init__(  # noqa: PLR0913 -- the seams of the loop, each handed in once by the composition root
        self,
        engine: Engine,
        handler: TaskHandler,
        watchers: Sequence[Watcher],
        *,
        topics: Sequence[str],
        concurrency: int,
        grace: timedelta,
        room: Room = all_places,
    ) -> None:
        self._engine = engine
        self._handler = handler
        self._watchers = watchers
        self._topics = topics
        self._concurrency = concurrency
        self._room = room
        self._grace = grace.total_seconds()
        self._outage = Outage(engine.url)
        self._backoff = Backoff()
        self._reporter = Reporter(engine, self._outage)
        self._leftovers = Leftovers(engine)
        self._locks = Locks(engine.lock, engine.lock_duration)
        self._in_hand: dict[asyncio.Task[None], str] = {}
        self._changed = asyncio.Event()
        self._stop_at: float | None = None
        self._has_answered = False
        self._fetch_due: float | None = None

    async def run(self) -> None:
        """Work until `stop()`; then finish what is in hand, and give back what does not finish in time."""
        async with self._locks.heartbeat():
            while room := await self._places():
                self._fetch_due = time.monotonic() + self._engine.poll_duration.total_seconds() + LONGEST_FETCH
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
    def in_hand(self) -> int:
        """How many tasks are in hand."""
        return len(self._in_hand)

    @property
    def is_ready(self) -> bool:
        """Whether tasks are fetched: the engine has answered, still does, and no stop is under way."""
        return self._has_answered and not self._outage.is_on and not self.is_stopping

    @property
    def is_stalled(self) -> bool:
        """Whether a fetch, its pause after a failure included, takes longer than it can by rights."""
        return self._fetch_due is not None and time.monotonic() > self._fetch_due

    async def _places(self) -> int:
        """Wait for places to fill and say how many there are; 0 when stopping."""
        while not self.is_stopping:
            if self._free:
                if self._free < len(self._in_hand):
                    await asyncio.sleep(GATHERING)
                if room := self._room(self._free, len(self._in_hand)):
                    return room
            await self._until_changed(None if self._free == 0 else LOOK_AGAIN)
        return 0

    @property
    def _free(self) -> int:
        return self._concurrency - len(self._in_hand)

    async def _until_changed(self, longest: float | None = None) -> None:
        """Wait until a task has left our hands or a stop was asked for, for some seconds at the longest."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._changed.wait()

    async def _fetch(self, room: int) -> list[ExternalTask]:
        """Poll once. A task that we still have in hand (its lock had ended) stays with whoever is at it."""
        try:
            longest = None
            if not self._leftovers.are_over:
                await self._leftovers.sweep(self._in_hand.values())
                self._has_answered, longest = True, BETWEEN_SWEEPS
            tasks = await self._engine.fetch_and_lock(self._topics, room, longest)
        except EngineError as error:
            await self._pause(error)
            return []
        self._outage.is_over()
        self._backoff.reset()
        if self.is_stopping:
            await give_back(self._engine, [task.id for task in tasks])
            return []
        return [task for task in tasks if task.id not in self._locks]

    def _start(self, task: ExternalTask) -> None:
        carrying = asyncio.create_task(self._carry(task))
        self._in_hand[carrying] = task.id
        carrying.add_done_callback(self._done)

    async def _carry(self, task: ExternalTask) -> None:
        """One task's way: handle, report, show. Losing the lock ends it: then the task is somebody else's."""
        started = time.monotonic()
        with self._locks.hold(task.id) as lock:
            outcome = await lock.while_held(self._handler.handle(task))
            if outcome is None:
                return
            taken = await self._reporter.report(task, outcome, lock)
        if taken:
            await self._handler.settle(task, taken)
            self._show(task, taken, time.monotonic() - started)

    def _show(self, task: ExternalTask, outcome: Outcome, seconds: float) -> None:
        for watch in self._watchers:
            try:
                watch(task, outcome, seconds)
            except Exception:
                log.exception("Task %s is done, but a watcher has a defect", task.id)

    def _done(self, carrying: asyncio.Task[None]) -> None:
        task_id = self._in_hand.pop(carrying)
        self._changed.set()
        if not carrying.cancelled() and (defect := carrying.exception()):
            log.error("Task %s ended in a defect of the worker; its lock will end", task_id, exc_info=defect)

    async def _finish(self) -> None:
        """Wait for the tasks in hand until the grace time is over; give the rest back with retries untouched."""
        assert self._stop_at is not None  # noqa: S101 -- the loop ends with a stop only
        left = self._stop_at + self._grace - time.monotonic()
        if self._in_hand:
            log.info("Stopping: %d tasks in hand have %.0f s to finish", len(self._in_hand), left)
            await asyncio.wait(self._in_hand, timeout=max(left, 0))
        unfinished = dict(self._in_hand)
        for carrying in unfinished:
            carrying.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await give_back(self._engine, unfinished.values())

    async def _pause(self, error: EngineError) -> None:
        """Back off from an engine that does not answer; a stop ends the pause."""
        self._outage.goes_on(error)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next()):
                while not self.is_stopping:
                    await self._until_changed()
