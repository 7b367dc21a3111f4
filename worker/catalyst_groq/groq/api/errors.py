"""Classification of failed requests: the kind of an error determines what the worker does about it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from catalyst_groq.groq.api.error_bodies import names_field
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.error_messages import kind_by_message, says_it_never_fits
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.retry_after import MAX_WAIT_SECONDS, parse_retry_after, parse_seconds

BUDGET_EXCEEDED = "budget_exceeded"
"""The cause of an exhausted budget in an error mapping."""

OUTPUT_PARSE_FAILED = "output_parse_failed"
"""Groq's code for output of a model that Groq cannot read. Some of these errors come without a code."""

EMPTY_ANSWER = "empty_answer"
"""The cause of an answer without content."""

INCOMPATIBLE_MODEL = "incompatible_model"
"""The cause of a request that no model can answer, such as one with an image: nothing is sent."""

UNSUPPORTED_PARAMETER = "unsupported_parameter"
"""The cause of a request with a parameter that only other servers than Groq accept: nothing is sent to Groq."""

RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
"""Groq's code for a rate limit, also of one that the worker enforces itself."""

KIND_BY_CODE = {
    "context_length_exceeded": ErrorKind.TOO_LARGE,
    "json_validate_failed": ErrorKind.GENERATION_FAILED,
    "tool_use_failed": ErrorKind.GENERATION_FAILED,
    OUTPUT_PARSE_FAILED: ErrorKind.GENERATION_FAILED,
    "model_not_found": ErrorKind.MODEL_NOT_FOUND,
    "model_decommissioned": ErrorKind.MODEL_NOT_FOUND,
    "DeploymentNotFound": ErrorKind.MODEL_NOT_FOUND,
    "invalid_model": ErrorKind.MODEL_NOT_FOUND,
    "model_not_supported": ErrorKind.MODEL_NOT_FOUND,
    "unknown_model": ErrorKind.MODEL_NOT_FOUND,
    "model_terms_required": ErrorKind.MODEL_FORBIDDEN,
    "model_permission_blocked_org": ErrorKind.MODEL_FORBIDDEN,
    "model_permission_blocked_project": ErrorKind.MODEL_FORBIDDEN,
    "not_available_for_plan": ErrorKind.NOT_IN_PLAN,
    "organization_restricted": ErrorKind.ACCOUNT_RESTRICTED,
    "account_deactivated": ErrorKind.ACCOUNT_RESTRICTED,
    "project_archived": ErrorKind.ACCOUNT_RESTRICTED,
    "blocked_api_access": ErrorKind.SPEND_LIMIT,
    "billing_hard_limit_reached": ErrorKind.SPEND_LIMIT,
    "insufficient_quota": ErrorKind.SPEND_LIMIT,
    "spend_limit_reached": ErrorKind.SPEND_LIMIT,
    "string_above_max_length": ErrorKind.TOO_LARGE,
    "unknown_url": ErrorKind.WRONG_URL,
    "invalid_api_key": ErrorKind.AUTHENTICATION,
    "budget_exceeded": ErrorKind.SPEND_LIMIT,
    "key_model_access_denied": ErrorKind.MODEL_FORBIDDEN,
    "team_model_access_denied": ErrorKind.MODEL_FORBIDDEN,
    "model_not_available": ErrorKind.MODEL_NOT_FOUND,
    "content_filter": ErrorKind.BAD_REQUEST,
}
KIND_BY_STATUS: Mapping[int, ErrorKind] = {
    HTTPStatus.UNAUTHORIZED: ErrorKind.AUTHENTICATION,
    HTTPStatus.PAYMENT_REQUIRED: ErrorKind.SPEND_LIMIT,
    HTTPStatus.FORBIDDEN: ErrorKind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: ErrorKind.WRONG_URL,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorKind.WRONG_URL,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ErrorKind.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT: ErrorKind.TRANSIENT,
    HTTPStatus.CONFLICT: ErrorKind.TRANSIENT,
    HTTPStatus.TOO_EARLY: ErrorKind.TRANSIENT,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ErrorKind.HEADERS_TOO_LARGE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorKind.TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: ErrorKind.GENERATION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: ErrorKind.RATE_LIMITED,
    498: ErrorKind.TRANSIENT,  # the flex tier is full
}
KIND_BY_REASON: Mapping[NoResponseReason, tuple[ErrorKind, tuple[str, ...]]] = {
    NoResponseReason.TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    NoResponseReason.CONNECT_TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    # An error mapping treats a request that the worker held back like one that Groq refused for the same limit.
    NoResponseReason.RATE_LIMITED_LOCALLY: (ErrorKind.RATE_LIMITED, (RATE_LIMIT_EXCEEDED, "429", "4xx")),
    NoResponseReason.EXCEEDS_LIMIT: (ErrorKind.TOO_LARGE, (RATE_LIMIT_EXCEEDED, "413", "4xx")),
    NoResponseReason.RESPONSE_TOO_LARGE: (ErrorKind.RESPONSE_TOO_LARGE, ("response_too_large",)),
    NoResponseReason.UNREADABLE: (ErrorKind.UNREADABLE_RESPONSE, ("unreadable_response",)),
    NoResponseReason.BUDGET_EXHAUSTED: (ErrorKind.BUDGET, (BUDGET_EXCEEDED,)),
}
NETWORK_FAILURE = (ErrorKind.TRANSIENT, ("network",))
FIGURES = re.compile(r"\bLimit (?P<limit>\d{1,18}), (?:Used \d{1,18}, )?Requested ~?(?P<requested>\d{1,18})")
"""Of a rate limit. A request of more than the limit never fits, although some messages name a wait."""

MAX_SEARCHED_CHARS = 2000
"""Of a message that is searched: the time of a search may grow with the square of the length."""

URL_SECRETS = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""User, password and query of a URL."""

TRY_AGAIN_IN = re.compile(
    r"\b(?:try again|retry) (?:in|after) "
    r"(\d[\d.]{0,20} ?(?:milliseconds?|seconds?|minutes?|hours?)\b|[\d.hmsuµn ]{1,40}[hms](?![a-z]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ApiError:
    """Why a request has no usable response. The message is for a modeller."""

    kind: ErrorKind
    causes: tuple[str, ...]
    """What an error mapping may name, the most specific first: the server's code, `429`, `4xx`; or `timeout`,
    `network`, `empty_answer`, `response_too_large`, `unreadable_response`, `budget_exceeded`."""
    message: str
    status: int | None = None
    wait: float | None = None
    """Seconds that the server asks to wait; None when it does not say."""


def classify(response: Response | NoResponse) -> ApiError | None:
    """Classify the result of a request; None for a usable response."""
    if isinstance(response, NoResponse):
        kind, causes = KIND_BY_REASON.get(response.reason, NETWORK_FAILURE)
        return ApiError(kind, causes, f"{response.reason}: {response.message}", wait=response.wait)
    if response.ok:
        return None
    status, wait = response.status, _retry_after(response)
    kind = _kind_of(response, has_wait=wait is not None)
    return ApiError(kind, _causes_of(response, kind), f"{status} {_message_of(response)}", status, wait)


def _causes_of(response: Response, kind: ErrorKind) -> tuple[str, ...]:
    if kind is ErrorKind.EMPTY_ANSWER:
        return (EMPTY_ANSWER,)
    # No wait helps against a request that never fits, whatever its status is: it is not what a mapping of 429 is for.
    is_misnamed = kind is ErrorKind.TOO_LARGE and response.status == HTTPStatus.TOO_MANY_REQUESTS
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value if is_misnamed else response.status
    own = [response.code] if response.code not in ("", str(response.status)) else []
    if not own and kind is ErrorKind.GENERATION_FAILED and status == HTTPStatus.BAD_REQUEST:
        own = [OUTPUT_PARSE_FAILED]
    return (*own, str(status), f"{status // 100}xx")


def _kind_of(response: Response, *, has_wait: bool) -> ErrorKind:
    status, message = response.status, response.message[:MAX_SEARCHED_CHARS]
    if response.is_success and response.is_nested_too_deeply:
        return ErrorKind.INVALID_OUTPUT
    if response.is_paid_without_result:
        return ErrorKind.EMPTY_ANSWER
    figures = FIGURES.search(message)
    if says_it_never_fits(message) or (figures and int(figures["requested"]) > int(figures["limit"])):
        return ErrorKind.TOO_LARGE
    for code in (response.code, str(response.error.get("type"))):
        if code in KIND_BY_CODE:
            return KIND_BY_CODE[code]
    if kind := kind_by_message(status, message, has_wait=has_wait):
        return kind
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and names_field(response.body):
        return ErrorKind.BAD_REQUEST
    if status in KIND_BY_STATUS:
        return KIND_BY_STATUS[status]
    if _is_redirect(response):
        return ErrorKind.REDIRECTED
    # A 2xx without JSON and every 5xx may be transient. Every other 4xx is an error in the request.
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return ErrorKind.BAD_REQUEST if client_error else ErrorKind.TRANSIENT


def _message_of(response: Response) -> str:
    """Return the response's own message, with the parameter that it is about.

    For a redirect its target, without the parts that may be secret.
    """
    if not _is_redirect(response):
        is_named = response.parameter in response.message
        return response.message if is_named else f"{response.message} (parameter: {response.parameter})"
    target = URL_SECRETS.sub("", response.headers.get("location", ""))
    return f"The URL redirects to {target or 'nowhere'}, and redirects are not followed"


def _is_redirect(response: Response) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST


def _retry_after(response: Response) -> float | None:
    """Return the seconds to wait: from the message, which is exact to the millisecond, otherwise from the header."""
    match = TRY_AGAIN_IN.search(response.message[:MAX_SEARCHED_CHARS])
    from_message = parse_seconds(match[1]) if match else None
    if from_message is None:
        return parse_retry_after(response.headers)
    return min(from_message, MAX_WAIT_SECONDS)
