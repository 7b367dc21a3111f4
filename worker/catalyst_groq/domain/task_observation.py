"""What whoever watches a worker sees of each task, and the interface of those who watch: logs, metrics, traces.

Observers are no part of the flow: no code on a task's way knows them, and what they do changes no outcome.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import Failure, Outcome, Unlocked

log = logging.getLogger(__name__)


class Stage(StrEnum):
    """Where a task spends its time. A stage that a task did not reach has no seconds."""

    QUEUE = "queue"
    """In the engine, from the task's creation to its first fetch; unknown on engines older than 7.21."""
    PREPARE = "prepare"
    """Fields, Files, the payload and the key."""
    LIMIT = "limit"
    """Waits in the worker for rate limits."""
    GROQ = "groq"
    """Requests, from sending to the last byte."""
    JUDGE = "judge"
    """Journal, validation, response mapping and error mapping."""
    REPORT = "report"
    """From the outcome to the engine's acknowledgement, with the wait for other reports of the same instance."""


class TaskTimes(NamedTuple):
    """When a task was where, by `time.monotonic`."""

    started: float
    """When the worker had fetched it."""
    handled: float | None
    """When it had an outcome; None if it got none."""
    ended: float
    """When the engine had acknowledged the outcome, or the processing had ended without that."""
    lock_duration: timedelta
    """By which the engine's clock tells how long the task had waited."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task whose processing has ended."""

    task: ExternalTask
    handled: Outcome | None
    """The outcome that was reported; None if the lock was lost, or the worker stopped, before there was one."""
    accepted: Outcome | None
    """The outcome that the engine has accepted: another one if it refused the first. None if it accepted none: the
    lock is lost, the process instance is suspended, or the worker stopped."""
    times: TaskTimes

    @property
    def call(self) -> CallRecord | None:
        """The task's call; None if it did not come to its result."""
        return None if isinstance(self.handled, Unlocked | None) else self.handled.call

    @property
    def error_kind(self) -> str:
        """A short name of what went wrong, the same for each case of its kind; empty if nothing did."""
        for outcome in (self.accepted, self.handled):
            if isinstance(outcome, Failure) and outcome.cause:
                return outcome.cause
        return self.call.error_kind if self.call else ""

    @property
    def seconds(self) -> float:
        """Seconds from the fetch to the engine's acknowledgement."""
        return self.times.ended - self.times.started

    def stages(self) -> Iterator[tuple[Stage, float]]:
        """Yield the seconds of each stage that the task reached."""
        (started, handled, ended, lock_duration), task, call = self.times, self.task, self.call
        if task.retries is None and (age := task.age(lock_duration)):
            yield Stage.QUEUE, max(age.total_seconds(), 0.0)
        yield Stage.PREPARE, (call.started if call else handled or ended) - started
        if call:
            waited, requested = call.waited, call.request_seconds
            yield Stage.LIMIT, waited
            yield Stage.GROQ, requested
            yield Stage.JUDGE, max((handled or ended) - call.started - waited - requested, 0.0)
        if handled:
            yield Stage.REPORT, ended - handled


class TaskObserver:
    """Watches tasks. A subclass overrides what it needs.

    Its methods are plain functions, called on the worker's event loop, so they must return at once (well under a
    millisecond): what takes longer belongs into a thread. What they raise is logged, the first time, and ignored. They
    must not change the task.
    """

    def on_start(self, task: ExternalTask) -> None:
        """See a task that was fetched, before any work. It runs in the context (`contextvars`) of the task's work."""

    def on_end(self, record: TaskRecord) -> None:
        """See a task whose processing has ended. Called once for each task that was started, in the same context."""


class TaskObservers(TaskObserver):
    """Passes each task on to several observers. None of them can harm a task, or another observer, by an exception."""

    def __init__(self, observers: Iterable[TaskObserver]) -> None:
        """Raises `TypeError` for an observer whose methods are coroutine functions: nobody would await them."""
        self._observers = tuple(observers)
        self._failed: set[int] = set()
        for observer in self._observers:
            for method in (observer.on_start, observer.on_end):
                if inspect.iscoroutinefunction(method):
                    raise TypeError(f"{method.__qualname__} is a coroutine function. Write a plain function.")

    def on_start(self, task: ExternalTask) -> None:
        """Pass on a task that was fetched."""
        for number, observer in enumerate(self._observers):
            self._call(number, observer.on_start, task)

    def on_end(self, record: TaskRecord) -> None:
        """Pass on a task whose processing has ended."""
        for number, observer in enumerate(self._observers):
            self._call(number, observer.on_end, record)

    def _call(self, number: int, method: Callable[[Any], None], seen: ExternalTask | TaskRecord) -> None:
        try:
            method(seen)
        except (Exception, asyncio.CancelledError):  # the latter of a future of the observer's own
            if number not in self._failed:
                self._failed.add(number)
                log.exception(
                    "The observer %s failed with an internal error. No task is concerned; its further errors are not "
                    "logged",
                    method.__qualname__,
                )
