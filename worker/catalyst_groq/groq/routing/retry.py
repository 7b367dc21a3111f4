"""Decides after each attempt whether, where and when to send again. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from catalyst_groq.groq.api.error_kinds import RetryAction
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import Payload

MAX_LOCAL_WAIT_SECONDS = 60.0
"""A longer wait is left to the engine, so that it occupies no lock and no capacity."""

INITIAL_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.5, 30.0
"""For rate limits that report no wait."""


class Wait(NamedTuple):
    """Wait for a rate limit, then send again on the route of that number (among those tried for the model)."""

    seconds: float
    route_number: int


class Resend(NamedTuple):
    """Send a changed payload on the same route: a truncated one, or one that asks for valid JSON."""

    payload: Payload


@dataclass(frozen=True, slots=True)
class NextRoute:
    """Go on with the next route: the same model at another endpoint, then a fallback model."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The call ends: with a response, or because nothing else can help now."""


Decision = Wait | Resend | NextRoute | Stop
NEXT_ROUTE, STOP = NextRoute(), Stop()


class RetryState(NamedTuple):
    """What the decision depends on."""

    seconds_left: float
    """Until waits must have ended."""
    may_fail_over: bool
    """Whether another route may succeed where this one failed."""
    has_untried_routes: bool
    """Whether the model has routes that were not tried yet."""
    committed_wait: tuple[float, int] | None
    """The seconds to wait on the current route and its number, when the call stays there while it is rate limited: it
    has waited there before, or corrects a response that was paid for."""
    shortest_wait: tuple[float, int] | None
    """The shortest wait among the model's rate limited routes, and the route's number."""
    resend: Payload | None = None
    """A changed payload that may succeed on the same route."""
    has_waiting_place: bool = True
    """Whether the call may wait in the worker; without a place, the wait is left to the engine."""


def decide(error: ApiError | None, state: RetryState) -> Decision:
    """Decide what follows an attempt that ended in `error` (None: a usable response)."""
    if error is None:
        return STOP
    if state.resend is not None:
        return Resend(state.resend)
    is_rate_limited = error.kind.action is RetryAction.WAIT
    if not (is_rate_limited or state.may_fail_over):
        return STOP
    if is_rate_limited and state.committed_wait:
        return _wait_if_short(state.committed_wait, state) or NEXT_ROUTE
    if state.has_untried_routes:
        return NEXT_ROUTE
    # Every route of the model was tried: wait where the wait is shortest.
    if state.shortest_wait and not state.committed_wait:
        return _wait_if_short(state.shortest_wait, state) or NEXT_ROUTE
    return NEXT_ROUTE


def _wait_if_short(wait: tuple[float, int], state: RetryState) -> Wait | None:
    seconds, number = wait
    is_short = seconds <= min(state.seconds_left, MAX_LOCAL_WAIT_SECONDS)
    return Wait(seconds, number) if is_short and state.has_waiting_place else None
