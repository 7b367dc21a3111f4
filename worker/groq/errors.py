"""What stands in the way of an answer, classified once: the class decides what is done about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from worker.groq.answers import Answer, Loss, NoAnswer
from worker.groq.durations import from_go


class Policy(Enum):
    """What to do about a problem."""

    WAIT = "wait for Groq, without counting it as a failure"
    RETRY = "hand the task back to the engine, which tries again"
    GIVE_UP = "trying again unchanged cannot help"


class Problem(Enum):
    """The class of a problem, with its policy."""

    TRANSIENT = ("a passing fault", Policy.RETRY)
    THROTTLED = ("a rate limit", Policy.WAIT)
    TOO_LARGE = ("a request larger than the limit", Policy.GIVE_UP)
    GENERATION_FAILED = ("an answer the model could not form", Policy.GIVE_UP)
    MODEL_GONE = ("a model that is not there", Policy.GIVE_UP)
    AUTH = ("a key that Groq does not accept", Policy.GIVE_UP)
    FORBIDDEN = ("a request that is not allowed", Policy.GIVE_UP)
    MONEY = ("a spend limit", Policy.GIVE_UP)
    WRONG_URL = ("a URL where nothing is", Policy.GIVE_UP)
    REDIRECTED = ("a redirect, which is not followed", Policy.RETRY)
    BUDGET = ("a budget that is spent", Policy.GIVE_UP)
    BAD_REQUEST = ("a request that Groq does not understand", Policy.GIVE_UP)

    def __init__(self, words: str, policy: Policy) -> None:
        self.words = words
        self.policy = policy


BUDGET_EXCEEDED = "budget_exceeded"
"""What an error mapping may call a budget that is spent."""

BY_CODE = {
    "context_length_exceeded": Problem.TOO_LARGE,
    "json_validate_failed": Problem.GENERATION_FAILED,
    "tool_use_failed": Problem.GENERATION_FAILED,
    "model_not_found": Problem.MODEL_GONE,
    "model_decommissioned": Problem.MODEL_GONE,
    "model_permission_blocked_org": Problem.MODEL_GONE,
    "model_permission_blocked_project": Problem.MODEL_GONE,
    "blocked_api_access": Problem.MONEY,
    "spend_limit_reached": Problem.MONEY,
    "unknown_url": Problem.WRONG_URL,
}
BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: Problem.AUTH,
    HTTPStatus.FORBIDDEN: Problem.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Problem.WRONG_URL,
    HTTPStatus.METHOD_NOT_ALLOWED: Problem.WRONG_URL,
    HTTPStatus.REQUEST_TIMEOUT: Problem.TRANSIENT,
    HTTPStatus.CONFLICT: Problem.TRANSIENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Problem.TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: Problem.GENERATION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: Problem.THROTTLED,
    498: Problem.TRANSIENT,  # flex tier full
}
BY_LOSS: Mapping[Loss, tuple[Problem, tuple[str, ...]]] = {
    Loss.TIMEOUT: (Problem.TRANSIENT, ("timeout",)),
    Loss.CONNECT_TIMEOUT: (Problem.TRANSIENT, ("timeout",)),
    # An error mapping need not tell Groq's own refusals from those that the worker has spared it.
    Loss.NOT_YET: (Problem.THROTTLED, ("rate_limit_exceeded", "429", "4xx")),
    Loss.NEVER: (Problem.TOO_LARGE, ("rate_limit_exceeded", "413", "4xx")),
    Loss.OVER_BUDGET: (Problem.BUDGET, (BUDGET_EXCEEDED,)),
}
NETWORK = (Problem.TRANSIENT, ("network",))
NO_SUCH_MODEL = re.compile(r"\bmodel\b.+(does not exist|not found)", re.IGNORECASE)
"""How other servers say it, without a code."""

NEVER_FITS = re.compile(r"^Request too large", re.IGNORECASE)
UNTOLD = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""User, password and query of a URL."""

TRY_AGAIN_IN = re.compile(r"try again in ([\d.hmsuµn ]+[hms])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer is none, in words a modeller can use."""

    problem: Problem
    causes: tuple[str, ...]
    """What an error mapping may call it, most telling first: Groq's code, `429`, `4xx`; `timeout`, `network` or
    `budget_exceeded`."""
    message: str
    status: int | None = None
    wait: float | None = None
    """Seconds that Groq asks to wait, where it says so."""


def refusal(answer: Answer | NoAnswer) -> Refusal | None:
    """Classify what came of a request; None for an answer that can be used."""
    if isinstance(answer, NoAnswer):
        problem, causes = BY_LOSS.get(answer.loss, NETWORK)
        return Refusal(problem, causes, f"{answer.loss}: {answer.reason}", wait=answer.wait)
    if answer.ok:
        return None
    status = answer.status
    causes = (answer.code, str(status), f"{status // 100}xx") if answer.code else (str(status), f"{status // 100}xx")
    return Refusal(_problem(answer), causes, f"{status} {_said(answer)}", status, _asked_wait(answer))


def _problem(answer: Answer) -> Problem:
    status = answer.status
    if NEVER_FITS.match(answer.message):
        return Problem.TOO_LARGE
    if answer.code in BY_CODE:
        return BY_CODE[answer.code]
    if status == HTTPStatus.NOT_FOUND and NO_SUCH_MODEL.search(answer.message):
        return Problem.MODEL_GONE
    if status in BY_STATUS:
        return BY_STATUS[status]
    if _is_redirect(answer):
        return Problem.REDIRECTED
    # A 2xx without JSON and every 5xx may pass; what is left is our request's fault.
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem.BAD_REQUEST if client_error else Problem.TRANSIENT


def _said(answer: Answer) -> str:
    """What is in the way, in the answer's own words; of a redirect where it leads, without what may be a secret."""
    if not _is_redirect(answer):
        return answer.message
    where = UNTOLD.sub("", answer.headers.get("location", ""))
    return f"The URL redirects to {where or 'nowhere'}, and no redirect is followed"


def _is_redirect(answer: Answer) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST


def _asked_wait(answer: Answer) -> float | None:
    """Seconds to wait: to the millisecond from the text, otherwise from the header's whole seconds."""
    found = TRY_AGAIN_IN.search(answer.message)
    from_text = from_go(found[1]) if found else None
    return _seconds(answer.headers) if from_text is None else from_text


def _seconds(headers: Mapping[str, str]) -> float | None:
    try:
        return max(float(headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return None
