"""From the result of a call to the task's outcome."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.results.diagram_remedies import OUTSIDE_DIAGRAM, THEN_RETRY, remedy_for_kind
from catalyst_groq.connector.results.help_pages import UNCAUGHT_PAGE, page_of_field, page_of_kind
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, IF_IN_DIAGRAM, add_instance_remedy, add_sentence
from catalyst_groq.domain.outcomes import NO_RETRY, BpmnError, Completion, Failure, FailureCause, Outcome, Retry
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.error_kinds import ErrorKind, RetryAction
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import Operation
from catalyst_groq.groq.api.remedies import remedy_for
from catalyst_groq.groq.api.responses import MAX_COUNT, Response
from catalyst_groq.groq.routing.call_result import Attempt, CallResult
from catalyst_groq.groq.routing.endpoints import GROQ

MAX_QUOTED_CHARS = 400
"""Of the server's own words in a message: the engine keeps 666 characters, and the remedy must fit in too."""

OF_INCIDENT = "retries"
"""The word in a remedy that ends an incident: it has no place in the message of a caught error."""

UNREACHABLE_REMEDY = (
    "Check that the worker reaches the URL (network, proxy, GROQ_API_URL), then raise the task's retries."
)


async def to_outcome(
    request: TaskRequest, result: CallResult, retries: int | None, payload: Mapping[str, Any], executor: BoundedExecutor
) -> Outcome:
    """Return the outcome of a call. The response mapping runs in `executor` where it may take any time.

    `retries` are the task's attempts left before this one (None: never failed). The error mapping applies once waiting
    and retrying have come to an end.
    """
    error = result.error
    if error is None:
        return await _completion(request, result, retries, payload, executor)
    standard = standard_variables(result, payload["model"], request.warnings)
    handed_back = hand_back(request, result, retries, standard)
    # The process itself handles a refused account if it has a BPMN error for it, also while the account is paused.
    if handed_back and not error.kind.pauses_account:
        return handed_back
    retry = request.retries.after_failure(retries)
    if error.kind.action is RetryAction.RETRY and retry.left:
        return _retry_failure(result.server, error, retry, standard)
    operation, problem = request.builder.operation, _cause(result.server, error)
    if code := request.error_mapping.code_for(error.causes):
        fix, remedy = _fix(result.server, error, operation), _remedy(result.server, error, operation)
        message = problem if OF_INCIDENT in fix else f"{problem} {fix}"
        return BpmnError(code, message, standard, problem=problem, remedy=remedy)
    if handed_back:
        return handed_back
    # A retry must not replay this response: it can never be used.
    is_unusable = error.kind in (ErrorKind.GENERATION_FAILED, ErrorKind.INVALID_OUTPUT)
    message, page = error_message(result.server, error, operation), page_of_kind(error.kind)
    failure = Failure(message, problem=problem, variables=standard, discard_responses=is_unusable, page=page)
    return add_instance_remedy(failure, remedy_for_kind(error.kind, operation))


async def _completion(
    request: TaskRequest, result: CallResult, retries: int | None, payload: Mapping[str, Any], executor: BoundedExecutor
) -> Completion | Failure:
    """Return the completion with the mapped variables, or the failure that says why they cannot be mapped."""
    assert isinstance(result.response, Response)  # noqa: S101 -- without an error there is a response
    model = payload["model"]
    try:
        mapped = await request.response_mapping.apply(result.response, executor)
        further = request.builder.output_variables(payload, result.response.body)
    except FieldError as problem:
        variables, page = standard_variables(result, model, request.warnings), page_of_field(problem.field)
        failure = Failure(str(problem), variables=variables, cause=FailureCause.FIELD, page=page)
        return add_instance_remedy(failure, DEPLOY_AND_MIGRATE)
    unmapped = mapped.unmapped if request.has_own_mapping else ()
    standard = standard_variables(result, model, request.warnings, unmapped)
    if_refused = request.retries.after_failure(retries) if result.stored else NO_RETRY
    unsent = frozenset() if request.reports_success else frozenset(standard)
    return Completion(mapped.variables | standard | further, if_refused, unsent=unsent)


def hand_back(
    request: TaskRequest, result: CallResult, retries: int | None, variables: Mapping[str, Any]
) -> Failure | None:
    """Return the failure with unchanged retries that leaves a wait to the engine; None when there is none to wait."""
    if result.error is None or result.wait_more is None:
        return None
    wait = format_duration(result.wait_more)
    return Failure(
        f"{_cause(result.server, result.error)} The task waits, next attempt in {wait}, retries unchanged.",
        retries=request.retries.retries_left(retries),
        retry_timeout=timedelta(seconds=result.wait_more),
        variables=variables,
        is_wait=True,
    )


def error_message(server: str, error: ApiError, operation: Operation) -> str:
    """Return the message of an incident, within what the engine keeps: the cause in the server's words, the remedy.

    `server`: the name of the server that the error comes from, if it comes from one.
    """
    return f"{_cause(server, error)} {_remedy(server, error, operation)}"


def uncaught_failure(request: TaskRequest, result: CallResult, error: BpmnError, missing: str) -> Failure:
    """Return the incident in place of a BPMN error that nothing catches.

    First comes the remedy of the error itself, whole, then `missing`: that the process may handle the error instead.
    """
    assert result.error is not None  # noqa: S101 -- there is no BPMN error without one
    in_diagram = remedy_for_kind(result.error.kind, request.builder.operation) or IF_IN_DIAGRAM
    problem = error.problem or error.message
    message = add_sentence(problem, f"{error.remedy} {missing} {in_diagram}")
    return Failure(message, problem=problem, variables=error.variables, page=UNCAUGHT_PAGE, instance_remedy=in_diagram)


def _remedy(server: str, error: ApiError, operation: Operation) -> str:
    fix = _fix(server, error, operation)
    return f"{fix} {THEN_RETRY}" if error.kind in OUTSIDE_DIAGRAM else fix


def _fix(server: str, error: ApiError, operation: Operation) -> str:
    if error.kind is ErrorKind.TRANSIENT and not error.status:
        return UNREACHABLE_REMEDY
    return remedy_for(error.kind, operation, is_groq=server == GROQ)


def _retry_failure(server: str, error: ApiError, retry: Retry, variables: Mapping[str, Any]) -> Failure:
    """Return a failure that the engine retries by itself."""
    message = f"{_cause(server, error)} Retrying in {format_duration(retry.timeout.total_seconds())}."
    return Failure(message, retries=retry.left, retry_timeout=retry.timeout, variables=variables)


def _cause(server: str, error: ApiError) -> str:
    quoted = shorten(error.message, MAX_QUOTED_CHARS)
    cause = f"{quoted.rstrip('.')}."
    return f"{server}: {cause}" if server else cause


def standard_variables(
    result: CallResult, requested_model: str, warnings: Collection[str] = (), unmapped: Collection[str] = ()
) -> dict[str, Any]:
    """Return the variables that every outcome has.

    `warnings` are about the task's fields, `unmapped` are the names of mapped variables whose paths lead nowhere.
    """
    response, error = result.response, result.error
    return {
        "catalyst_responseBody": response.text if isinstance(response, Response) else "",
        "catalyst_statusCode": response.status if isinstance(response, Response) else None,
        "catalyst_success": error is None,
        "catalyst_error": error.message if error else "",
        "catalyst_meta": _meta(result, requested_model) | {"unmapped": list(unmapped), "warnings": list(warnings)},
    }


def _meta(result: CallResult, requested_model: str) -> dict[str, Any]:
    response = result.response
    usable = response if isinstance(response, Response) and response.ok else None
    usage = usable.body.get("usage") if usable else None
    tokens: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    return {
        "modelAsked": requested_model,
        "modelUsed": _text_or_none(usable.body.get("model")) if usable else None,
        "promptTokens": _count_or_none(tokens.get("prompt_tokens")),
        "completionTokens": _count_or_none(tokens.get("completion_tokens")),
        "costUsd": None if result.cost is None else float(result.cost),
        "blame": result.error.kind.blame.value if result.error else None,
        "finishReason": usable.choices[0].get("finish_reason") if usable and usable.choices else None,
        "requestId": response.request_id if isinstance(response, Response) else None,
        "firstTokenMs": _milliseconds(response.first_token) if isinstance(response, Response) else None,
        "modelsTried": list(dict.fromkeys(attempt.route.model for attempt in result.attempts if attempt.sent)),
        "attempts": list(map(_attempt, result.attempts_by_route())),
        "jsonRepaired": result.repaired,
        "truncated": result.omitted,
        "attemptCount": result.attempt_count,
        "waitedMs": round(result.waited * 1000),
        "totalMs": round(result.seconds * 1000),
        "replayed": result.replayed,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    entry = {"endpoint": attempt.route.endpoint.name, "model": attempt.route.model, "result": attempt.result}
    return entry | {"changed": list(attempt.changes)} if attempt.changes else entry


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count_or_none(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= MAX_COUNT else None


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
