"""What one result says about its endpoint for all tasks, as opposed to what the task itself chose. Pure."""

from enum import Enum, auto
from http import HTTPStatus

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response

DEFAULT_TIMEOUT_SECONDS = 60.0
"""The Timeout field's default. A task that waits less than this may give up on an endpoint that is well."""

CONNECT_TIMEOUT_SECONDS = 10.0
"""Within this time every task lets its connection be made, unless its timeout is shorter."""

UNREACHABLE = {NoResponseReason.CONNECTION_REFUSED, NoResponseReason.DNS_FAILURE, NoResponseReason.TLS_FAILURE}
MIN_TIMEOUTS_SECONDS = {
    NoResponseReason.CONNECT_TIMEOUT: CONNECT_TIMEOUT_SECONDS,
    NoResponseReason.TIMEOUT: DEFAULT_TIMEOUT_SECONDS,
}


class Finding(Enum):
    """What all tasks learn from one result."""

    AVAILABLE = auto()
    """The endpoint responded."""
    NOTHING = auto()
    """The task's own timeout or payload may be the reason."""
    FAILURE = auto()
    """The endpoint failed, whatever the task had asked. Several in a row open the circuit breaker."""
    REDIRECTED = auto()
    """The endpoint serves no request: another endpoint is used at once if there is one."""
    REFUSED_ACCOUNT = auto()
    """The endpoint serves none of the account's requests, so that the account is paused."""


def judge_result(response: Response | NoResponse, error: ApiError | None, timeout: float) -> Finding:
    """Return what a result says about its endpoint. `timeout`: the seconds that the task gave the request.

    A client error (4xx) never counts as a failure: what the task asked causes it. Nor does a connection that broke
    during a request, which a gateway does to a payload that is too large for it.
    """
    if error and error.kind.pauses_account:
        return Finding.REFUSED_ACCOUNT
    if error and error.kind is ErrorKind.REDIRECTED:
        return Finding.REDIRECTED
    if isinstance(response, NoResponse):
        min_timeout = MIN_TIMEOUTS_SECONDS.get(response.reason)
        is_failure = response.reason in UNREACHABLE or (min_timeout is not None and timeout >= min_timeout)
        return Finding.FAILURE if is_failure else Finding.NOTHING
    is_captive_portal = response.is_success and response.body is None and not response.is_nested_too_deeply
    is_failure = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or is_captive_portal
    return Finding.FAILURE if is_failure else Finding.AVAILABLE
