"""Handles fetched tasks and reports their outcomes, each while its lock is renewed."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.locks import LockRenewer, TaskLock
from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.camunda.reporter import OutcomeReporter
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import HelpLinks
from catalyst_groq.domain.outcomes import Outcome
from catalyst_groq.domain.task_observation import TaskObserver, TaskObservers, TaskRecord, TaskTimes

NO_HELP_LINKS = HelpLinks()


class TaskHandler(Protocol):
    """Turns a task into an outcome."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return the outcome; raises nothing."""

    async def on_reported(self, task: ExternalTask, outcome: Outcome) -> None:
        """Release what is stored for the task: the engine has accepted this outcome."""


class TaskProcessor:
    """Processes the tasks that one worker id has fetched."""

    def __init__(
        self,
        engine: EngineClient,
        handler: TaskHandler,
        observers: Sequence[TaskObserver],
        outage: OutageMonitor,
        help_links: HelpLinks = NO_HELP_LINKS,
    ) -> None:
        self._handler = handler
        self._observers = TaskObservers(observers)
        self._lock_duration = engine.lock_duration
        self._reporter = OutcomeReporter(engine, outage, help_links)
        self._locks = LockRenewer(engine.lock_client, engine.lock_duration)

    def __contains__(self, task_id: str) -> bool:
        """Whether the task is processed at the moment."""
        return task_id in self._locks

    def heartbeat(self) -> AbstractContextManager[None]:
        """Renew the locks of all tasks in work for as long as the context lasts."""
        return self._locks.heartbeat()

    def hold(self, task_id: str) -> TaskLock:
        """Renew the lock of a fetched task from now on, until it is released."""
        return self._locks.hold(task_id)

    @property
    def lock_renewals(self) -> Counter[str]:
        """How many renewals of locks had each result; see `LockRenewer.renewals`."""
        return self._locks.renewals

    async def process(self, task: ExternalTask, lock: TaskLock) -> Outcome | None:
        """Handle and report one task, seen by the observers. Returns the outcome that the engine has accepted.

        A lost lock ends it, without an outcome: another worker has the task.
        """
        started, handled, outcome, accepted = time.monotonic(), None, None, None
        self._observers.on_start(task)
        try:
            with lock:
                outcome = await lock.run_while_held(self._handler.handle(task))
                if outcome is None:
                    return None
                handled = time.monotonic()
                accepted = await self._reporter.report(task, outcome, lock)
            if accepted:
                await self._handler.on_reported(task, accepted)
            return accepted
        finally:
            times = TaskTimes(started, handled, time.monotonic(), self._lock_duration)
            self._observers.on_end(TaskRecord(task, outcome, accepted, times))
