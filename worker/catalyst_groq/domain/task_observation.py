"""What whoever watches a worker sees of each task, and the interface of those who watch: logs, metrics, traces.

Observers are no part of the flow: no code on a task's way knows them, and what they do changes no outcome.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from catalyst_groq.domain.call_records import DECIMALS, CallRecord
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked

log = logging.getLogger(__name__)


QUEUE, PREPARE, LIMIT, GROQ, JUDGE, REPORT = STAGES = ("queue", "prepare", "limit", "groq", "judge", "report")
"""Where a task spends its time; a stage that it did not reach has no seconds:

* queue: in the engine, from its creation to its first fetch; unknown on engines older than 7.21
* prepare: fields, Files, the payload and the key
* limit: waits in the worker for rate limits
* groq: requests, from sending to the last byte
* judge: journal, validation, response mapping and error mapping
* report: from the outcome to the engine's acknowledgement, with the wait for other reports of the same instance
"""

FACT_FIELDS = {
    "task": "id",
    "activity": "activityId",
    "process_definition": "processDefinitionId",
    "process_definition_key": "processDefinitionKey",
    "process_instance": "processInstanceId",
    "business_key": "businessKey",
    "tenant": "tenantId",
    "topic": "topicName",
}
"""Facts of a task, by the names that logs and traces have for them."""

STAGE_FIELDS = {stage: f"{stage}_seconds" for stage in STAGES}
LOST = "lost"


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


class TaskRecord:
    """One task whose processing has ended. What is derived from it is computed once, however many observers look."""

    def __init__(self, task: ExternalTask, handled: Outcome | None, accepted: Outcome | None, times: TaskTimes) -> None:
        self.task = task
        self.handled = handled
        """The outcome that was reported; None if the lock was lost, or the worker stopped, before there was one."""
        self.accepted = accepted
        """The outcome that the engine has accepted: another one if it refused the first. None if it accepted none: the
        lock is lost, the process instance is suspended, or the worker stopped."""
        self.times = times
        self.call: CallRecord | None = None if handled is None or isinstance(handled, Unlocked) else handled.call
        """The task's call; None if it did not come to its result."""
        self.outcome_name = _name_of(accepted)
        """The accepted outcome in a word; `lost` if there is none."""
        self.error_kind = _find_error_kind(handled, accepted, self.call)
        """A short name of what went wrong, the same for each case of its kind; empty if nothing did."""
        self._stages: dict[str, float] | None = None
        self._fields: dict[str, Any] | None = None

    @property
    def seconds(self) -> float:
        """Seconds from the fetch to the engine's acknowledgement."""
        return self.times.ended - self.times.started

    @property
    def stages(self) -> Mapping[str, float]:
        """The seconds of each of the `STAGES` that the task reached."""
        if self._stages is None:
            self._stages = _measure_stages(self.task, self.call, self.times)
        return self._stages

    @property
    def fields(self) -> Mapping[str, Any]:
        """All that is known, by the names in logs and traces; without the content of requests and responses."""
        if self._fields is None:
            fields = task_fields(self.task)
            fields["outcome"], fields["error_kind"] = self.outcome_name, self.error_kind
            fields["seconds"] = round(self.seconds, DECIMALS)
            for stage, seconds in self.stages.items():
                fields[STAGE_FIELDS[stage]] = round(seconds, DECIMALS)
            self._fields = fields | self.call.fields if self.call else fields
        return self._fields


def _name_of(outcome: Outcome | None) -> str:
    match outcome:
        case None:
            return LOST
        case Completion():
            return "completed"
        case BpmnError():
            return "bpmn_error"
        case Unlocked():
            return "unlocked"
        case Failure():
            return "failed_attempt" if outcome.retries else "incident"


def _find_error_kind(handled: Outcome | None, accepted: Outcome | None, call: CallRecord | None) -> str:
    for outcome in (accepted, handled):
        if isinstance(outcome, Failure) and outcome.cause:
            return outcome.cause.value
    return call.error_kind if call else ""


def _measure_stages(task: ExternalTask, call: CallRecord | None, times: TaskTimes) -> dict[str, float]:
    started, handled, ended, lock_duration = times
    stages: dict[str, float] = {}
    if task.retries is None and (age := task.age(lock_duration)):
        stages[QUEUE] = max(age.total_seconds(), 0.0)
    worked = ended if handled is None else handled
    stages[PREPARE] = (call.started if call else worked) - started
    if call:
        stages[LIMIT], stages[GROQ] = waited, requested = call.waited, call.request_seconds
        stages[JUDGE] = max(worked - call.started - waited - requested, 0.0)
    if handled is not None:
        stages[REPORT] = ended - handled
    return stages


def task_fields(task: ExternalTask) -> dict[str, Any]:
    """Return a task's facts, by the names in logs and traces; without those that the engine does not send."""
    return {name: value for name, fact in FACT_FIELDS.items() if (value := task.fact(fact)) is not None}


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
