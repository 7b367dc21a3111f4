"""The outcome of a task with a File whose content cannot be used: no request is sent. Pure."""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.connector.fields.error_causes import UNREADABLE_FILE
from catalyst_groq.connector.results.outcome_mapping import standard_variables
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.outcomes import BpmnError, Failure
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import CallResult


def unreadable_file(message: str) -> CallResult:
    """Return the result of a request that is not sent. The file is part of the request, so that has the blame."""
    error = ApiError(ErrorKind.BAD_REQUEST, (UNREADABLE_FILE,), message)
    return CallResult(NoResponse(NoResponseReason.SKIPPED, message, sent=False, seconds=0.0), error)


def to_file_outcome(
    request: TaskRequest, result: CallResult, failure: Failure, payload: Mapping[str, Any]
) -> BpmnError | Failure:
    """Return the BPMN error of the error mapping once no retry is left, or else the failure."""
    code = request.error_mapping.code_for((UNREADABLE_FILE,))
    if failure.retries or code is None:
        return failure
    return BpmnError(code, failure.message, standard_variables(result, payload["model"], request.warnings))
