"""The one place that tells the engine how a task ended."""

import asyncio
import logging
from dataclasses import replace

from worker.camunda.backoff import Backoff, Outage
from worker.camunda.engine import Engine
from worker.camunda.locks import Lock
from worker.camunda.tasks import ExternalTask
from worker.connector.outcomes import NO_RETRY, BpmnError, Completion, Failure, GivenBack, Outcome
from worker.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost

log = logging.getLogger(__name__)

CONFLICTS = 10
"""How often a report may meet a conflict (parallel branches that join) before it counts as refused."""

LAST_RESORT = Failure("The engine refused what the worker said of this task, see the worker's log.")
"""Said when even a failure without variables is refused: better an incident than a task that comes round for ever."""


class Reporter:
    """Reports outcomes until the engine has taken them, or has said that it never will."""

    def __init__(self, engine: Engine, outage: Outage) -> None:
        self._engine = engine
        self._outage = outage

    async def report(self, task: ExternalTask, outcome: Outcome, lock: Lock) -> Outcome | None:
        """Report and return what the engine took; None when the task was lost.

        A refused outcome becomes a failure that carries the engine's message. It is tried again only if that asks and
        pays Groq for nothing (`Completion.if_refused`).
        """
        while True:
            if isinstance(outcome, Failure | GivenBack):
                # The engine may offer the task again before its answer to this report has reached us.
                lock.let_go()
            try:
                await self._insist(task, outcome)
            except TaskLost as loss:
                log.warning("Task %s was lost before its outcome was reported: %s", task.id, loss)
                return None
            except EngineRefused as refusal:
                log.warning("The engine refused the outcome of task %s: %s", task.id, refusal)
                if outcome == LAST_RESORT:
                    return None
                outcome = _as_failure(outcome, refusal)
            else:
                return outcome

    async def _insist(self, task: ExternalTask, outcome: Outcome) -> None:
        """Ask again while the engine is away, and at once when the report meets a conflict."""
        away, conflict, conflicts = Backoff(), Backoff(first=0.02, longest=1.0), 0
        while True:
            try:
                await self._tell(task, outcome)
            except EngineUnreachable as error:
                self._outage.goes_on(error)
                await asyncio.sleep(away.next())
            except EngineConflict:
                conflicts += 1
                if conflicts == CONFLICTS:
                    raise
                await asyncio.sleep(conflict.next())
            else:
                return self._outage.is_over()

    async def _tell(self, task: ExternalTask, outcome: Outcome) -> None:
        match outcome:
            case Completion(variables):
                await self._engine.complete(task.id, variables)
            case BpmnError(code, message, variables):
                await self._engine.bpmn_error(task.id, code, message, variables)
            case GivenBack():
                await self._engine.unlock(task.id)
            case Failure():
                await self._engine.failure(
                    task.id,
                    outcome.message,
                    outcome.details,
                    retries=outcome.retries,
                    retry_timeout=outcome.retry_timeout,
                    variables=outcome.variables,
                )


def _as_failure(outcome: Outcome, refusal: EngineRefused) -> Failure:
    if isinstance(outcome, Failure):
        return replace(outcome, variables={}) if outcome.variables else LAST_RESORT
    if isinstance(outcome, BpmnError):
        return Failure(
            f"The engine refused the BPMN error {outcome.code}: {refusal.message}",
            details=f"{outcome.message}\n\nThat was to be thrown, but the engine did not take it "
            f"({refusal.status} {refusal.kind}). Mend the step after whatever catches it, then raise the retries.",
        )
    retries, retry_timeout = outcome.if_refused if isinstance(outcome, Completion) else NO_RETRY
    return Failure(
        f"The engine refused to complete the task: {refusal.message}",
        details=f"Groq's answer arrived, but the engine did not take it ({refusal.status} {refusal.kind}). "
        "Mend the step after this task or the variables it writes, then raise the retries.",
        retries=retries,
        retry_timeout=retry_timeout,
    )
