"""The result of a request that cannot be sent, because a File or the key is missing or unusable. Pure."""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.connector.fields.error_causes import MISSING_API_KEY, UNREADABLE_FILE
from catalyst_groq.connector.results.outcome_mapping import standard_variables
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.outcomes import BpmnError
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import CallResult


def unreadable_file(message: str) -> CallResult:
    """Return the result where a File cannot be used. The file is part of the request, so that has the blame."""
    return _unsent(ErrorKind.BAD_REQUEST, UNREADABLE_FILE, message)


def missing_key(message: str) -> CallResult:
    """Return the result where there is no usable key. The account has the blame."""
    return _unsent(ErrorKind.AUTHENTICATION, MISSING_API_KEY, message)


def _unsent(kind: ErrorKind, cause: str, message: str) -> CallResult:
    response = NoResponse(NoResponseReason.SKIPPED, message, sent=False, seconds=0.0)
    return CallResult(response, ApiError(kind, (cause,), message))


def to_bpmn_error(request: TaskRequest, result: CallResult, payload: Mapping[str, Any]) -> BpmnError | None:
    """Return the BPMN error of a request that is not sent; None where the error mapping does not name the cause."""
    code = request.error_mapping.code_for(result.error.causes) if result.error else None
    if result.error is None or code is None:
        return None
    return BpmnError(code, result.error.message, standard_variables(result, payload["model"], request.warnings))
