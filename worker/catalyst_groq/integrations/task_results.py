"""Outcomes as results of camunda-external-task-client-python3. Pure."""

from collections.abc import Mapping
from typing import Any

from camunda.external_task.external_task import TaskResult

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome

NOT_PROCESSED = "Nothing was done: another worker has the task, or its process instance is suspended."


def to_task_result(task: Any, outcome: Outcome | None, variables: Mapping[str, Any], retries: int) -> Any:
    """Return the result of the library's task, with typed `variables`; `retries` are those of a task left undone."""
    match outcome:
        case Completion():
            kept = {name: typed for name, typed in variables.items() if name in outcome.local}
            return TaskResult.success(task, {name: variables[name] for name in variables if name not in kept}, kept)
        case BpmnError():
            message = escape_control_characters(outcome.message)
            return TaskResult.bpmn_error(task, outcome.code, message, dict(variables))
        case Failure():
            return TaskResult.failure(
                task,
                error_message=escape_control_characters(outcome.message),
                error_details=escape_control_characters(outcome.details, keep=TAB_AND_LINE_FEED),
                retries=outcome.retries,
                retry_timeout=round(outcome.retry_timeout.total_seconds() * 1000),
            )
        case _:
            return TaskResult.failure(task, NOT_PROCESSED, "", retries, 0)
