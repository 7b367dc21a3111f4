"""The kinds of errors: what the worker does about each, which other route may help, and the remedy. Pure."""

from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import ClassVar


class RetryAction(Enum):
    """What the worker does about an error when no other route can help."""

    WAIT = "wait and send again, without counting it as a failure"
    RETRY = "report a failure; the engine retries the task"
    GIVE_UP = "do not send it again: unchanged, it would fail again"


class Failover(Flag):
    """Which other routes may succeed where one failed."""

    NONE = 0
    OTHER_MODEL = auto()
    """The same model at another endpoint, or another model."""
    OTHER_ACCOUNT = auto()
    """Another account only."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A class of errors: its name, what the worker does about it, and what an operator or modeller can do about it.

    The members below are the worker's own. A caller may define further kinds, and classify errors as these (see
    `Router.classify`).
    """

    name: str
    """A short name, for logs and metrics."""
    description: str
    """What happened, in words for an operator or a modeller."""
    action: RetryAction
    failover: Failover
    remedy: str
    """What to do about it: the last sentence of an incident's message."""

    TRANSIENT: ClassVar["ErrorKind"]
    RATE_LIMITED: ClassVar["ErrorKind"]
    TOO_LARGE: ClassVar["ErrorKind"]
    GENERATION_FAILED: ClassVar["ErrorKind"]
    EMPTY_ANSWER: ClassVar["ErrorKind"]
    RESPONSE_TOO_LARGE: ClassVar["ErrorKind"]
    MODEL_NOT_FOUND: ClassVar["ErrorKind"]
    AUTHENTICATION: ClassVar["ErrorKind"]
    FORBIDDEN: ClassVar["ErrorKind"]
    SPEND_LIMIT: ClassVar["ErrorKind"]
    WRONG_URL: ClassVar["ErrorKind"]
    REDIRECTED: ClassVar["ErrorKind"]
    BUDGET: ClassVar["ErrorKind"]
    BAD_REQUEST: ClassVar["ErrorKind"]


ErrorKind.TRANSIENT = ErrorKind(
    "transient",
    "a transient failure",
    RetryAction.RETRY,
    Failover.OTHER_MODEL,
    "Look at groqstatus.com, then raise the task's retries.",
)
ErrorKind.RATE_LIMITED = ErrorKind(
    "rate_limited",
    "a rate limit",
    RetryAction.WAIT,
    Failover.OTHER_MODEL,
    "Raise the task's retries later, lengthen 'Give up waiting after', or get a higher limit.",
)
ErrorKind.TOO_LARGE = ErrorKind(
    "too_large",
    "a request larger than the limit",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Send less: shorter messages, a lower max_tokens, a smaller recording (free plan: 25 MB).",
)
ErrorKind.GENERATION_FAILED = ErrorKind(
    "generation_failed",
    "a response without the requested format",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Raise max_tokens or simplify the prompt in the Request Payload.",
)
ErrorKind.EMPTY_ANSWER = ErrorKind(
    "empty_answer",
    "an answer without content",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Raise max_tokens or lower reasoning_effort if finish_reason is 'length'; otherwise change the prompt.",
)
ErrorKind.RESPONSE_TOO_LARGE = ErrorKind(
    "response_too_large",
    "a response larger than the worker reads",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Ask for less in the Request Payload, or have the operator raise CATALYST_MAX_RESPONSE_BYTES.",
)
ErrorKind.MODEL_NOT_FOUND = ErrorKind(
    "model_not_found",
    "an unavailable model",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "Name an available model in the Model field or the Request Payload.",
)
ErrorKind.AUTHENTICATION = ErrorKind(
    "authentication",
    "a key that Groq does not accept",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Check the key at console.groq.com and where the Secret Source field takes it from.",
)
ErrorKind.FORBIDDEN = ErrorKind(
    "forbidden",
    "a request that is not allowed",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Check the worker's network, and what the key's organization allows.",
)
ErrorKind.SPEND_LIMIT = ErrorKind(
    "spend_limit",
    "a spend limit",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Raise the spend limit at console.groq.com.",
)
ErrorKind.WRONG_URL = ErrorKind(
    "wrong_url",
    "a URL that does not exist",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Correct the URL field, or have the operator correct GROQ_API_URL.",
)
ErrorKind.REDIRECTED = ErrorKind(
    "redirected",
    "a redirect, which is not followed",
    RetryAction.RETRY,
    Failover.OTHER_ACCOUNT,
    "Correct the URL field or GROQ_API_URL, or log in to the network, then raise the retries.",
)
ErrorKind.BUDGET = ErrorKind(
    "budget",
    "an exhausted budget",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Ask the operator to raise it, or wait for the next day's; then raise the task's retries.",
)
ErrorKind.BAD_REQUEST = ErrorKind(
    "bad_request",
    "a request that Groq does not understand",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Correct the Request Payload, or the field that Groq names.",
)

ERROR_KINDS = tuple(kind for kind in vars(ErrorKind).values() if isinstance(kind, ErrorKind))
"""The worker's own error kinds."""
