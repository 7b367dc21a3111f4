"""What stands in the way of an answer, classified once: the class decides what is done about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from catalyst_groq.groq.api.go_duration import parse_go_duration
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response


class RetryAction(Enum):
    """What to do about a problem."""

    WAIT = "wait for Groq, without counting it as a failure"
    RETRY = "hand the task back to the engine, which tries again"
    GIVE_UP = "trying again unchanged cannot help"


class ErrorKind(Enum):
    """The class of a problem, with its policy."""

    TRANSIENT = ("a passing fault", RetryAction.RETRY)
    RATE_LIMITED = ("a rate limit", RetryAction.WAIT)
    TOO_LARGE = ("a request larger than the limit", RetryAction.GIVE_UP)
    GENERATION_FAILED = ("an answer the model could not form", RetryAction.GIVE_UP)
    MODEL_NOT_FOUND = ("a model that is not there", RetryAction.GIVE_UP)
    AUTHENTICATION = ("a key that Groq does not accept", RetryAction.GIVE_UP)
    FORBIDDEN = ("a request that is not allowed", RetryAction.GIVE_UP)
    SPEND_LIMIT = ("a spend limit", RetryAction.GIVE_UP)
    WRONG_URL = ("a URL where nothing is", RetryAction.GIVE_UP)
    REDIRECTED = ("a redirect, which is not followed", RetryAction.RETRY)
    BUDGET = ("a budget that is spent", RetryAction.GIVE_UP)
    BAD_REQUEST = ("a request that Groq does not understand", RetryAction.GIVE_UP)

    def __init__(self, words: str, action: RetryAction) -> None:
        self.words = words
        self.action = action


BUDGET_EXCEEDED = "budget_exceeded"
"""What an error mapping may call a budget that is spent."""

BY_CODE = {
    "context_length_exceeded": ErrorKind.TOO_LARGE,
    "json_validate_failed": ErrorKind.GENERATION_FAILED,
    "tool_use_failed": ErrorKind.GENERATION_FAILED,
    "model_not_found": ErrorKind.MODEL_NOT_FOUND,
    "model_decommissioned": ErrorKind.MODEL_NOT_FOUND,
    "model_permission_blocked_org": ErrorKind.MODEL_NOT_FOUND,
    "model_permission_blocked_project": ErrorKind.MODEL_NOT_FOUND,
    "blocked_api_access": ErrorKind.SPEND_LIMIT,
    "spend_limit_reached": ErrorKind.SPEND_LIMIT,
    "unknown_url": ErrorKind.WRONG_URL,
}
BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: ErrorKind.AUTHENTICATION,
    HTTPStatus.FORBIDDEN: ErrorKind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: ErrorKind.WRONG_URL,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorKind.WRONG_URL,
    HTTPStatus.REQUEST_TIMEOUT: ErrorKind.TRANSIENT,
    HTTPStatus.CONFLICT: ErrorKind.TRANSIENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorKind.TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: ErrorKind.GENERATION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: ErrorKind.RATE_LIMITED,
    498: ErrorKind.TRANSIENT,  # flex tier full
}
BY_REASON: Mapping[NoResponseReason, tuple[ErrorKind, tuple[str, ...]]] = {
    NoResponseReason.TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    NoResponseReason.CONNECT_TIMEOUT: (ErrorKind.TRANSIENT, ("timeout",)),
    # An error mapping need not tell Groq's own refusals from those that the worker has spared it.
    NoResponseReason.RATE_LIMITED_LOCALLY: (ErrorKind.RATE_LIMITED, ("rate_limit_exceeded", "429", "4xx")),
    NoResponseReason.EXCEEDS_LIMIT: (ErrorKind.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx")),
    NoResponseReason.BUDGET_EXHAUSTED: (ErrorKind.BUDGET, (BUDGET_EXCEEDED,)),
}
NETWORK = (ErrorKind.TRANSIENT, ("network",))
NO_SUCH_MODEL = re.compile(r"\bmodel\b.+(does not exist|not found)", re.IGNORECASE)
"""How other servers say it, without a code."""

NEVER_FITS = re.compile(r"^Request too large", re.IGNORECASE)
URL_SECRETS = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""User, password and query of a URL."""

TRY_AGAIN_IN = re.compile(r"try again in ([\d.hmsuµn ]+[hms])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiError:
    """Why an answer is none, in words a modeller can use."""

    kind: ErrorKind
    causes: tuple[str, ...]
    """What an error mapping may call it, most telling first: Groq's code, `429`, `4xx`; `timeout`, `network` or
    `budget_exceeded`."""
    message: str
    status: int | None = None
    wait: float | None = None
    """Seconds that Groq asks to wait, where it says so."""


def classify(answer: Response | NoResponse) -> ApiError | None:
    """Classify what came of a request; None for an answer that can be used."""
    if isinstance(answer, NoResponse):
        problem, causes = BY_REASON.get(answer.reason, NETWORK)
        return ApiError(problem, causes, f"{answer.reason}: {answer.message}", wait=answer.wait)
    if answer.ok:
        return None
    status = answer.status
    causes = (answer.code, str(status), f"{status // 100}xx") if answer.code else (str(status), f"{status // 100}xx")
    return ApiError(_kind_of(answer), causes, f"{status} {_message_of(answer)}", status, _retry_after(answer))


def _kind_of(answer: Response) -> ErrorKind:
    status = answer.status
    if NEVER_FITS.match(answer.message):
        return ErrorKind.TOO_LARGE
    if answer.code in BY_CODE:
        return BY_CODE[answer.code]
    if status == HTTPStatus.NOT_FOUND and NO_SUCH_MODEL.search(answer.message):
        return ErrorKind.MODEL_NOT_FOUND
    if status in BY_STATUS:
        return BY_STATUS[status]
    if _is_redirect(answer):
        return ErrorKind.REDIRECTED
    # A 2xx without JSON and every 5xx may pass; what is left is our request's fault.
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return ErrorKind.BAD_REQUEST if client_error else ErrorKind.TRANSIENT


def _message_of(answer: Response) -> str:
    """What is in the way, in the answer's own words; of a redirect where it leads, without what may be a secret."""
    if not _is_redirect(answer):
        return answer.message
    where = URL_SECRETS.sub("", answer.headers.get("location", ""))
    return f"The URL redirects to {where or 'nowhere'}, and no redirect is followed"


def _is_redirect(answer: Response) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST


def _retry_after(answer: Response) -> float | None:
    """Seconds to wait: to the millisecond from the text, otherwise from the header's whole seconds."""
    found = TRY_AGAIN_IN.search(answer.message)
    from_text = parse_go_duration(found[1]) if found else None
    return _retry_after_header(answer.headers) if from_text is None else from_text


def _retry_after_header(headers: Mapping[str, str]) -> float | None:
    try:
        return max(float(headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return None
