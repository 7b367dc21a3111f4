"""Classification of failed requests: the kind of an error determines what the worker does about it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.go_duration import parse_go_duration
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.retry_after import parse_retry_after

BUDGET_EXCEEDED = "budget_exceeded"
"""The cause of an exhausted budget in an error mapping."""

KIND_BY_CODE = {
    "context_length_exceeded": ErrorKind.TOO_LARGE,
    "json_validate_failed": ErrorKind.GENERATION_FAILED,
    "tool_use_failed": ErrorKind.GENERATION_FAILED,
    "output_parse_failed": ErrorKind.GENERATION_FAILED,
    "model_not_found": ErrorKind.MODEL_NOT_FOUND,
    "model_decommissioned": ErrorKind.MODEL_NOT_FOUND,
    "model_terms_required": ErrorKind.MODEL_NOT_FOUND,
    "DeploymentNotFound": ErrorKind.MODEL_NOT_FOUND,
    "model_permission_blocked_org": ErrorKind.MODEL_NOT_FOUND,
    "model_permission_blocked_project": ErrorKind.MODEL_NOT_FOUND,
    "organization_restricted": ErrorKind.FORBIDDEN,
    "blocked_api_access": ErrorKind.SPEND_LIMIT,
    "insufficient_quota": ErrorKind.SPEND_LIMIT,
    "spend_limit_reached": ErrorKind.SPEND_LIMIT,
    "unknown_url": ErrorKind.WRONG_URL,
    "invalid_api_key": ErrorKind.AUTHENTICATION,
}
KIND_BY_STATUS: Mapping[int, ErrorKind] = {
    HTTPStatus.UNAUTHORIZED: ErrorKind.AUTHENTICATION,
    HTTPStatus.PAYMENT_REQUIRED: ErrorKind.SPEND_LIMIT,
    HTTPStatus.FORBIDDEN: ErrorKind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: ErrorKind.WRONG_URL,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorKind.WRONG_URL,
    HTTPStatus.REQUEST_TIMEOUT: ErrorKind.TRANSIENT,
    HTTPStatus.CONFLICT: ErrorKind.TRANSIENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorKind.TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: ErrorKind.GENERATION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: ErrorKind.RATE_LIMITED,
    498: ErrorKind.TRANSIENT,  # the flex tier is full
}
KIND_BY_REASON: Mapping[NoResponseReason, tuple[ErrorKind, tuple[str, ...]]] = {
    NoResponseReason.TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    NoResponseReason.CONNECT_TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    # An error mapping treats a request that the worker held back like one that Groq refused for the same limit.
    NoResponseReason.RATE_LIMITED_LOCALLY: (ErrorKind.RATE_LIMITED, ("rate_limit_exceeded", "429", "4xx")),
    NoResponseReason.EXCEEDS_LIMIT: (ErrorKind.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx")),
    NoResponseReason.RESPONSE_TOO_LARGE: (ErrorKind.RESPONSE_TOO_LARGE, ("response_too_large",)),
    NoResponseReason.BUDGET_EXHAUSTED: (ErrorKind.BUDGET, (BUDGET_EXCEEDED,)),
}
NETWORK_FAILURE = (ErrorKind.TRANSIENT, ("network",))
NO_SUCH_MODEL = re.compile(r"\bmodel\b.+(does not exist|not found)", re.IGNORECASE)
"""The message of other servers about an unknown model. They send no code."""

NEVER_FITS = re.compile(
    r"\bRequest too large\b|maximum context length|context (?:length|window) (?:exceeded|of)|prompt is too long"
    r"|tokens \+ `max_new_tokens` must be <=|exceeds? the (?:available )?context (?:size|length|window)",
    re.IGNORECASE,
)
"""The messages of Groq and of other servers about a request that is larger than a rate limit or the model's context: no
wait can help. Their status is 400, 413, 422 or 429."""

FIGURES = re.compile(r"\bLimit (?P<limit>\d{1,18}), (?:Used \d{1,18}, )?Requested ~?(?P<requested>\d{1,18})")
"""Of a rate limit. A request of more than the limit never fits, although some messages name a wait."""

MAX_SEARCHED_CHARS = 2000
"""Of a message that is searched: the time of a search may grow with the square of the length."""

URL_SECRETS = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""User, password and query of a URL."""

TRY_AGAIN_IN = re.compile(r"try again in ([\d.hmsuµn ]+[hms])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiError:
    """Why a request has no usable response. The message is for a modeller."""

    kind: ErrorKind
    causes: tuple[str, ...]
    """What an error mapping may name, the most specific first: Groq's code, `429`, `4xx`; or `timeout`, `network`,
    `response_too_large`, `budget_exceeded`."""
    message: str
    status: int | None = None
    wait: float | None = None
    """Seconds that Groq asks to wait; None when it does not say."""


def classify(response: Response | NoResponse) -> ApiError | None:
    """Classify the result of a request; None for a usable response."""
    if isinstance(response, NoResponse):
        kind, causes = KIND_BY_REASON.get(response.reason, NETWORK_FAILURE)
        return ApiError(kind, causes, f"{response.reason}: {response.message}", wait=response.wait)
    if response.ok:
        return None
    status, code = response.status, response.code
    causes = (code, str(status), f"{status // 100}xx") if code else (str(status), f"{status // 100}xx")
    return ApiError(_kind_of(response), causes, f"{status} {_message_of(response)}", status, _retry_after(response))


def _kind_of(response: Response) -> ErrorKind:
    status, message = response.status, response.message[:MAX_SEARCHED_CHARS]
    if response.is_success and response.is_nested_too_deeply:
        return ErrorKind.GENERATION_FAILED
    figures = FIGURES.search(message)
    if NEVER_FITS.search(message) or (figures and int(figures["requested"]) > int(figures["limit"])):
        return ErrorKind.TOO_LARGE
    if response.code in KIND_BY_CODE:
        return KIND_BY_CODE[response.code]
    if status == HTTPStatus.NOT_FOUND and NO_SUCH_MODEL.search(message):
        return ErrorKind.MODEL_NOT_FOUND
    if status in KIND_BY_STATUS:
        return KIND_BY_STATUS[status]
    if _is_redirect(response):
        return ErrorKind.REDIRECTED
    # A 2xx without JSON and every 5xx may be transient. Every other 4xx is an error in the request.
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return ErrorKind.BAD_REQUEST if client_error else ErrorKind.TRANSIENT


def _message_of(response: Response) -> str:
    """Return the response's own message; for a redirect its target, without the parts that may be secret."""
    if not _is_redirect(response):
        return response.message
    target = URL_SECRETS.sub("", response.headers.get("location", ""))
    return f"The URL redirects to {target or 'nowhere'}, and redirects are not followed"


def _is_redirect(response: Response) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST


def _retry_after(response: Response) -> float | None:
    """Return the seconds to wait: from the message, which is exact to the millisecond, otherwise from the header."""
    match = TRY_AGAIN_IN.search(response.message[:MAX_SEARCHED_CHARS])
    from_message = parse_go_duration(match[1]) if match else None
    return parse_retry_after(response.headers) if from_message is None else from_message
