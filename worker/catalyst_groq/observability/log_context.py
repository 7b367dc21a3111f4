"""The task that a line of the log is about: whatever is logged while a task is processed belongs to it."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.task_observation import TaskRecord

current_task: ContextVar[ExternalTask | None] = ContextVar("current_task", default=None)
current_trace_id: ContextVar[str] = ContextVar("current_trace_id", default="")
"""Set by the traces, if they are on."""

FACTS = {
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

SHARED_FIELDS = ("process_definition_key", "activity", "outcome", "error_kind")
"""What lines with the same cause have in common."""

LOST = "lost"


def outcome_name(outcome: Outcome | None) -> str:
    """Return the outcome in a word; `lost` if the engine has accepted none."""
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


def task_fields(task: ExternalTask) -> dict[str, Any]:
    """Return a task's facts; without those that the engine does not send."""
    facts = task.facts
    return {name: facts[fact] for name, fact in FACTS.items() if fact in facts}


def record_fields(record: TaskRecord) -> dict[str, Any]:
    """Return what is known of a task at its end, without the content of requests and responses."""
    fields = task_fields(record.task)
    fields |= {"outcome": outcome_name(record.accepted), "error_kind": record.error_kind, "seconds": record.seconds}
    fields |= {f"{stage}_seconds": seconds for stage, seconds in record.stages()}
    return fields | _call_fields(record.call) if record.call else fields


def shared_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line has in common with others of the same cause."""
    return {name: fields[name] for name in SHARED_FIELDS if name in fields}


def _call_fields(call: CallRecord) -> dict[str, Any]:
    cost, last = call.cost, call.attempts[-1] if call.attempts else None
    return {
        "model": call.model_used or call.model_asked,
        "endpoint": last.endpoint if last else "",
        "attempts": sum(attempt.sent for attempt in call.attempts),
        "status": last.status if last else None,
        "request_id": call.request_id,
        "finish_reason": call.finish_reason,
        "prompt_tokens": sum(attempt.prompt_tokens for attempt in call.attempts),
        "cached_tokens": sum(attempt.cached_tokens for attempt in call.attempts),
        "completion_tokens": sum(attempt.completion_tokens for attempt in call.attempts),
        "cost_usd": None if cost is None else float(cost),
        "replayed": call.replayed,
    }
