"""One line of the log for each task that has ended."""

import logging
from collections.abc import Mapping
from functools import lru_cache

from catalyst_groq.common.durations import format_duration
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Unlocked
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord
from catalyst_groq.observability.log_context import current_task

log = logging.getLogger(__name__)

OWN_MISTAKE = "request"
"""The `blame` of an error that the modeller can correct."""

UNMAPPED = "Completed %s in %.0f ms, but the response has no value for: %s (the response mapping leads nowhere)"
MAX_WARNINGS = 1024
"""That are remembered, so that each is logged once."""


class OutcomeLog(TaskObserver):
    """Logs each outcome that the engine has accepted, and names the task to whatever is logged meanwhile."""

    def on_start(self, task: ExternalTask) -> None:
        """Let the lines that are logged from now on belong to the task."""
        current_task.set(task)

    def on_end(self, record: TaskRecord) -> None:
        """Log a task's outcome in one line, without its variables. A mistake of the modeller is a warning."""
        task, outcome = record.task, record.accepted
        activity = f"{task.process_definition_key}/{task.activity_id} of instance {task.process_instance_id}"
        milliseconds, extra = record.seconds * 1000, {"task_record": record}
        meta = (outcome.variables.get("catalyst_meta") if outcome else None) or {}
        unsent = () if outcome is None or isinstance(outcome, Unlocked) else outcome.warnings
        for warning in dict.fromkeys([*unsent, *meta.get("warnings", ())]):
            _warn_once(f"{task.process_definition_id}/{task.activity_id}", warning)
        match outcome:
            case Completion(collected=CollectedResult(error=error)) if error:
                text = "Completed %s in %.0f ms with a collected error: %s"
                log.warning(text, activity, milliseconds, error, extra=extra)
            case Completion() if meta.get("unmapped"):
                log.warning(UNMAPPED, activity, milliseconds, ", ".join(meta["unmapped"]), extra=extra)
            case Completion():
                log.info("Completed %s in %.0f ms", activity, milliseconds, extra=extra)
            case BpmnError():
                level = logging.WARNING if meta.get("blame") == OWN_MISTAKE else logging.INFO
                log.log(level, "BPMN error %s at %s: %s", outcome.code, activity, outcome.message, extra=extra)
            case Unlocked():
                log.debug("Unlocked %s: it is fetched again with the variables it uses", activity, extra=extra)
            case Failure():
                _log_failure(activity, outcome, extra)
            case None:
                log.debug("No outcome of %s was accepted, after %.0f ms", activity, milliseconds, extra=extra)


def _log_failure(activity: str, failure: Failure, extra: Mapping[str, object]) -> None:
    left, wait = failure.retries, format_duration(failure.retry_timeout.total_seconds())
    if failure.is_wait:
        text = "Waiting %s, next attempt in %s, %d retries left as before: %s"
        log.warning(text, activity, wait, left, failure.message, extra=extra)
    elif left:
        log.warning("Failed %s, %d retries left, next in %s: %s", activity, left, wait, failure.message, extra=extra)
    else:
        log.error("Failed %s, no retries left: %s", activity, failure.message, extra=extra)


@lru_cache(MAX_WARNINGS)
def _warn_once(activity: str, warning: str) -> None:
    """Log a warning about an activity for the first of its tasks; for another one once it is forgotten."""
    log.warning("%s: %s", activity, warning)
