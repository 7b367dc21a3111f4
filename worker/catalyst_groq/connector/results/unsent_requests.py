"""The result of a request that cannot be sent, because a File or the key is missing or unusable. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.connector.results.diagram_remedies import remedy_for_files
from catalyst_groq.connector.results.help_pages import FILES_PAGE, page_of_kind
from catalyst_groq.connector.results.outcome_mapping import standard_variables
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM, add_instance_remedy
from catalyst_groq.domain.outcomes import NO_RETRY, BpmnError, Failure, FailureCause, Retry
from catalyst_groq.errors import FileError, MissingKey, UnreadableFile
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import CallResult


class UnsentRequest(NamedTuple):
    """Why a request is not sent: as the result of a call, and as the failure if the error mapping does not name it."""

    result: CallResult
    failure: Failure
    remedy: str


def unreadable_file(error: UnreadableFile) -> UnsentRequest:
    """Return what follows from a File whose content cannot be used."""
    return _unsent(ErrorKind.UNREADABLE_FILE, str(error), remedy_for_files(error.variables))


def refused_file(error: FileError, retry: Retry) -> UnsentRequest:
    """Return what follows from a File that the engine does not give. `retry` is left if another attempt may help."""
    return _unsent(ErrorKind.UNREADABLE_FILE, str(error), remedy_for_files([error.variable]), retry)


def missing_key(error: MissingKey) -> UnsentRequest:
    """Return what follows from a key that is missing, or cannot be used."""
    kind = ErrorKind.MISSING_API_KEY
    return _unsent(kind, str(error), kind.remedy)


def _unsent(kind: ErrorKind, problem: str, remedy: str, retry: Retry = NO_RETRY) -> UnsentRequest:
    problem = end_sentence(problem)
    next_attempt = f"Retrying in {format_duration(retry.timeout.total_seconds())}."
    is_file = kind is ErrorKind.UNREADABLE_FILE
    failure = Failure(
        problem,
        retries=retry.left,
        retry_timeout=retry.timeout,
        page=FILES_PAGE if is_file else page_of_kind(kind),
        cause=FailureCause.FILE if is_file else FailureCause.FIELD,
    )
    failure = add_instance_remedy(failure, next_attempt if retry.left else f"{remedy} {IF_IN_DIAGRAM}")
    response = NoResponse(NoResponseReason.SKIPPED, problem, sent=False, seconds=0.0)
    return UnsentRequest(CallResult(response, ApiError(kind, (kind.name,), problem)), failure, remedy)


def apply_error_mapping(request: TaskRequest, unsent: UnsentRequest, payload: Mapping[str, Any]) -> BpmnError | Failure:
    """Return the BPMN error of a request that is not sent, or its failure where the error mapping has no code for it.

    As for a call, the error mapping applies once the retries have come to an end.
    """
    result, failure, remedy = unsent
    code = None if failure.retries or result.error is None else request.error_mapping.code_for(result.error.causes)
    if code is None:
        return failure
    variables = standard_variables(result, payload["model"], request.warnings)
    return BpmnError(code, failure.problem, variables, remedy=remedy)
