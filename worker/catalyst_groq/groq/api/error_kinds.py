"""The kinds of errors: what the worker does about each, which other route may help, and the remedy. Pure."""

from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto
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


class Blame(StrEnum):
    """What an error is due to: `catalyst_meta.blame`, by which a process can tell its own mistakes from others."""

    REQUEST = "request"
    """What the modeller, or the process, has written: the payload, the model, the URL, a File."""
    ACCOUNT = "account"
    """The key, and what its organization may do."""
    LIMIT = "limit"
    """A rate limit, or a limit that the operator has set."""
    MODEL = "model"
    """What the model has generated."""
    SERVER = "server"
    """The server, or the network on the way to it."""


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
    """What to do about it, whatever the server is: the last sentence of an incident's message. `remedies.py` has more
    exact ones for Groq and for single operations."""
    pauses_account: bool = False
    """Whether it concerns every request of the account until somebody changes the account."""
    blame: Blame = Blame.SERVER

    TRANSIENT: ClassVar["ErrorKind"]
    RATE_LIMITED: ClassVar["ErrorKind"]
    TOO_LARGE: ClassVar["ErrorKind"]
    GENERATION_FAILED: ClassVar["ErrorKind"]
    EMPTY_ANSWER: ClassVar["ErrorKind"]
    INVALID_OUTPUT: ClassVar["ErrorKind"]
    RESPONSE_TOO_LARGE: ClassVar["ErrorKind"]
    UNREADABLE_RESPONSE: ClassVar["ErrorKind"]
    MODEL_NOT_FOUND: ClassVar["ErrorKind"]
    MODEL_FORBIDDEN: ClassVar["ErrorKind"]
    NOT_IN_PLAN: ClassVar["ErrorKind"]
    AUTHENTICATION: ClassVar["ErrorKind"]
    ACCOUNT_RESTRICTED: ClassVar["ErrorKind"]
    FORBIDDEN: ClassVar["ErrorKind"]
    SPEND_LIMIT: ClassVar["ErrorKind"]
    WRONG_URL: ClassVar["ErrorKind"]
    REDIRECTED: ClassVar["ErrorKind"]
    HEADERS_TOO_LARGE: ClassVar["ErrorKind"]
    BUDGET: ClassVar["ErrorKind"]
    BAD_REQUEST: ClassVar["ErrorKind"]
    UNREADABLE_FILE: ClassVar["ErrorKind"]
    MISSING_API_KEY: ClassVar["ErrorKind"]


ErrorKind.TRANSIENT = ErrorKind(
    "transient",
    "a transient failure",
    RetryAction.RETRY,
    Failover.OTHER_MODEL,
    "Raise the task's retries when the server is available again.",
    blame=Blame.SERVER,
)
ErrorKind.RATE_LIMITED = ErrorKind(
    "rate_limited",
    "a rate limit",
    RetryAction.WAIT,
    Failover.OTHER_MODEL,
    "Raise the task's retries later, lengthen 'Give up waiting after', or get a higher limit.",
    blame=Blame.LIMIT,
)
ErrorKind.TOO_LARGE = ErrorKind(
    "too_large",
    "a request larger than the limit",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "Send less: shorter messages or a lower max_tokens.",
    blame=Blame.REQUEST,
)
ErrorKind.GENERATION_FAILED = ErrorKind(
    "generation_failed",
    "a model's mistake, which the server refuses",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "The model made a mistake: raise the task's retries, name Fallback Models, or simplify prompt and tools.",
    blame=Blame.MODEL,
)
ErrorKind.EMPTY_ANSWER = ErrorKind(
    "empty_answer",
    "an answer without content",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Raise max_tokens or lower reasoning_effort if finish_reason is 'length'; otherwise change the prompt.",
    blame=Blame.MODEL,
)
ErrorKind.INVALID_OUTPUT = ErrorKind(
    "invalid_output",
    "an answer without the requested format",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "The model made a mistake: raise max_tokens if the answer was cut off; otherwise raise the task's retries, or "
    "simplify prompt and schema.",
    blame=Blame.MODEL,
)
ErrorKind.RESPONSE_TOO_LARGE = ErrorKind(
    "response_too_large",
    "a response larger than the worker reads",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Ask for less in the Request Payload, or have the operator raise CATALYST_MAX_RESPONSE_BYTES.",
    blame=Blame.LIMIT,
)
ErrorKind.UNREADABLE_RESPONSE = ErrorKind(
    "unreadable_response",
    "a response whose content encoding is broken or unknown",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Have the operator correct what the server, or a gateway before it, sends; then raise the task's retries.",
    blame=Blame.SERVER,
)
ErrorKind.MODEL_NOT_FOUND = ErrorKind(
    "model_not_found",
    "an unavailable model",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "Name an available model in the Model field or the Request Payload.",
    blame=Blame.REQUEST,
)
ErrorKind.MODEL_FORBIDDEN = ErrorKind(
    "model_forbidden",
    "a model that the account may not use",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "Have an administrator of the account allow the model or accept its terms, or name another model.",
    blame=Blame.ACCOUNT,
)
ErrorKind.NOT_IN_PLAN = ErrorKind(
    "not_in_plan",
    "a feature that the account's plan does not include",
    RetryAction.GIVE_UP,
    Failover.OTHER_MODEL,
    "Do without the feature, or have the account's plan upgraded.",
    blame=Blame.ACCOUNT,
)
ErrorKind.AUTHENTICATION = ErrorKind(
    "authentication",
    "a key that the server does not accept",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Check the key, and where the Secret Source field takes it from.",
    pauses_account=True,
    blame=Blame.ACCOUNT,
)
ErrorKind.ACCOUNT_RESTRICTED = ErrorKind(
    "account_restricted",
    "a restricted account",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Have an administrator clear this up with the server's support, or use the key of another account.",
    pauses_account=True,
    blame=Blame.ACCOUNT,
)
ErrorKind.FORBIDDEN = ErrorKind(
    "forbidden",
    "a request that is not allowed",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Check the worker's network, and what the key's organization allows.",
    blame=Blame.ACCOUNT,
)
ErrorKind.SPEND_LIMIT = ErrorKind(
    "spend_limit",
    "a spend limit",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Raise the account's spend limit, or add credit to it.",
    pauses_account=True,
    blame=Blame.ACCOUNT,
)
ErrorKind.WRONG_URL = ErrorKind(
    "wrong_url",
    "a URL that does not exist",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Correct the URL field, or have the operator correct GROQ_API_URL.",
    blame=Blame.REQUEST,
)
ErrorKind.REDIRECTED = ErrorKind(
    "redirected",
    "a redirect, which is not followed",
    RetryAction.RETRY,
    Failover.OTHER_ACCOUNT,
    "Correct the URL field or GROQ_API_URL, or log in to the network, then raise the retries.",
    blame=Blame.SERVER,
)
ErrorKind.HEADERS_TOO_LARGE = ErrorKind(
    "headers_too_large",
    "headers larger than the server accepts",
    RetryAction.GIVE_UP,
    Failover.OTHER_ACCOUNT,
    "Check that the API key is the key only, and the headers of the endpoint.",
    blame=Blame.ACCOUNT,
)
ErrorKind.BUDGET = ErrorKind(
    "budget",
    "an exhausted budget",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Ask the operator to raise it, or wait for the next day's; then raise the task's retries.",
    blame=Blame.LIMIT,
)
ErrorKind.BAD_REQUEST = ErrorKind(
    "bad_request",
    "a request that the server does not understand",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Correct the Request Payload, or the field that the server names.",
    blame=Blame.REQUEST,
)
ErrorKind.UNREADABLE_FILE = ErrorKind(
    "unreadable_file",
    "a File whose content cannot be used",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Set the variable again, then raise the task's retries.",
    blame=Blame.REQUEST,
)
ErrorKind.MISSING_API_KEY = ErrorKind(
    "missing_api_key",
    "a key that is missing or cannot be read",
    RetryAction.GIVE_UP,
    Failover.NONE,
    "Set the key, then raise the task's retries.",
    blame=Blame.ACCOUNT,
)

ERROR_KINDS = tuple(kind for kind in vars(ErrorKind).values() if isinstance(kind, ErrorKind))
"""The worker's own error kinds."""
