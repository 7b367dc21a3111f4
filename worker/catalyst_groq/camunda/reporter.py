"""Reports outcomes of tasks to the engine."""

import asyncio
import logging
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from weakref import WeakValueDictionary

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.locks import TaskLock
from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.camunda.quoted_expressions import remove_searched_texts
from catalyst_groq.camunda.result_collector import ResultCollector
from catalyst_groq.common.backoff import Backoff
from catalyst_groq.common.texts import closest
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM, REFUSED_REPORT_PAGE, HelpLinks, add_instance_remedy
from catalyst_groq.domain.outcomes import NO_RETRY, BpmnError, Completion, Failure, FailureCause, Outcome, Unlocked
from catalyst_groq.errors import (
    EngineConflict,
    EngineError,
    EngineRefused,
    EngineUnreachable,
    ResultRefused,
    TaskLost,
    TaskSuspended,
)

log = logging.getLogger(__name__)

CONFLICT_TIMEOUT_SECONDS = 600.0
"""Conflicts of one report end after some attempts. Those that last longer have another cause: the report is refused."""

UNKNOWN_NAME = re.compile(r"Cannot resolve identifier '(?P<name>[^']{1,200})'")
"""What the engine says of a variable that an expression uses and the process does not have."""

FALLBACK_FAILURE = Failure(
    "The engine refused the outcome of this task. See the worker's log.", cause=FailureCause.REPORT
)
"""Reported when even a failure without variables is refused: without an incident the task would be fetched forever."""


class OutcomeReporter:
    """Reports each outcome until the engine has accepted it or refused it for good.

    The reports of one process instance form a queue: the engine executes one at a time, and refuses what comes
    meanwhile with an optimistic locking conflict (parallel multi-instance, branches that join).
    """

    def __init__(self, engine: EngineClient, outage: OutageMonitor, help_links: HelpLinks) -> None:
        self._engine = engine
        self._help_links = help_links
        self._outage = outage
        self._collector = ResultCollector(engine.scope_variables())
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By process instance id, for as long as a report uses it. A lock is fair: first come, first served."""

    async def report(self, task: ExternalTask, outcome: Outcome, lock: TaskLock) -> Outcome | None:
        """Report the outcome. Returns the outcome that the engine accepted; None when it accepted none.

        A refused outcome becomes a failure with the engine's message. That failure has retries left only if another
        attempt costs nothing at Groq (`Completion.if_refused`).
        """
        queue = self._queues.setdefault(task.process_instance_id, asyncio.Lock())
        with self._collector.queued(task, outcome.collected if isinstance(outcome, Completion | BpmnError) else None):
            async with queue:
                return await self._report(task, outcome, lock)

    async def _report(self, task: ExternalTask, outcome: Outcome, lock: TaskLock) -> Outcome | None:
        while True:
            if isinstance(outcome, Failure | Unlocked):
                # The engine may offer the task again before its response to this report arrives here.
                await lock.stop_renewing()
            try:
                await self._report_with_retries(task, outcome)
            except ResultRefused as refusal:
                outcome = Failure(str(refusal), cause=FailureCause.REPORT)
            except TaskLost as loss:
                log.warning("Lock lost on task %s before its outcome was reported: %s", task.id, loss)
                return None
            except TaskSuspended:
                await lock.stop_renewing()
                await self._leave_suspended(task, outcome)
                return None
            except EngineRefused as refusal:
                log.warning("The engine refused the outcome of task %s: %s", task.id, refusal)
                if outcome == FALLBACK_FAILURE:
                    return None
                outcome = _refusal_to_failure(outcome, refusal)
            else:
                return outcome

    async def _leave_suspended(self, task: ExternalTask, outcome: Outcome) -> None:
        """Unlock a task whose process instance is suspended: the engine offers it again when that is activated."""
        is_stored = isinstance(outcome, Completion) and outcome.if_refused != NO_RETRY
        answer = "its stored answer" if is_stored else "its outcome"
        log.warning(
            "Task %s: %s cannot be reported, because the process instance %s is suspended. The task is offered again "
            "when the instance is activated%s.",
            task.id,
            answer,
            task.process_instance_id,
            "; the answer is used then" if is_stored else "",
        )
        with suppress(EngineError):  # the lock ends by itself
            await self._engine.unlock(task.id)

    async def _report_with_retries(self, task: ExternalTask, outcome: Outcome) -> None:
        """Report until the engine responds: with long waits while it is unreachable, with short ones on a conflict.

        A conflict comes from another worker or from another part of the process instance. Without the lock, the next
        report raises `TaskLost`.
        """
        outage_backoff, conflict_backoff = Backoff(), Backoff(initial_seconds=0.02, max_seconds=1.0)
        conflict_deadline = time.monotonic() + CONFLICT_TIMEOUT_SECONDS
        while True:
            try:
                await self._send(task, outcome)
            except EngineUnreachable as error:
                self._outage.record_failure(error)
                await asyncio.sleep(outage_backoff.next())
            except EngineConflict:
                if time.monotonic() > conflict_deadline:
                    raise
                await asyncio.sleep(conflict_backoff.next())
            else:
                return self._outage.record_success()

    async def _send(self, task: ExternalTask, outcome: Outcome) -> None:
        if isinstance(outcome, Completion | BpmnError) and outcome.collected:
            await self._collector.store(task)
        match outcome:
            case Completion():
                await self._engine.complete(task.id, outcome.sent, outcome.local)
            case BpmnError(code, message, variables):
                await self._engine.bpmn_error(task.id, code, message, variables)
            case Unlocked():
                await self._engine.unlock(task.id)
            case Failure():
                await self._engine.failure(
                    task.id,
                    self._help_links.message_of(outcome),
                    outcome.details,
                    retries=outcome.retries,
                    retry_timeout=outcome.retry_timeout,
                    variables=outcome.variables,
                )


def _refusal_to_failure(outcome: Outcome, refusal: EngineRefused) -> Failure:
    """Return the failure to report instead of a refused outcome."""
    if isinstance(outcome, Failure):
        without_variables = replace(outcome, variables={}, cause=FailureCause.REPORT)
        return without_variables if outcome.variables else FALLBACK_FAILURE
    reason = remove_searched_texts(refusal.message)
    if isinstance(outcome, BpmnError):
        failure = Failure(
            f"The engine refused the BPMN error {outcome.code}: {reason}",
            details=f"{outcome.message}\n\nThe engine refused to throw this error ({refusal.status} {refusal.kind}).",
            page=REFUSED_REPORT_PAGE,
            cause=FailureCause.REPORT,
        )
        return add_instance_remedy(failure, f"Correct the step after the event that catches it. {IF_IN_DIAGRAM}")
    retries, retry_timeout = outcome.if_refused if isinstance(outcome, Completion) else NO_RETRY
    failure = Failure(
        f"The engine refused to complete the task: {reason}",
        details=f"Groq's response arrived, but the engine refused the completion ({refusal.status} {refusal.kind}).",
        retries=retries,
        retry_timeout=retry_timeout,
        page=REFUSED_REPORT_PAGE,
        cause=FailureCause.REPORT,
    )
    if retries:
        return failure
    return add_instance_remedy(failure, f"{_correct_next_step(reason, outcome.variables)} {IF_IN_DIAGRAM}")


def _correct_next_step(reason: str, variables: Iterable[str]) -> str:
    """Return what to correct. `reason`: the engine's words; `variables`: the names of those that the task sets."""
    unknown = UNKNOWN_NAME.search(reason)
    near = closest(unknown["name"], variables) if unknown else None
    suggestion = f"Did you mean {near}? " if near else ""
    return f"{suggestion}Correct the step after this task, or the variables that it uses."
