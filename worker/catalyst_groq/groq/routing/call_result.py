"""Exchanges put together: what several of them took, and which of them counts. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum, auto

from catalyst_groq.groq.api.errors import ApiError, ErrorKind, RetryAction
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.retry import Attempt, CallResult

ANSWERED = "answered"


def joined(first: CallResult, then: CallResult) -> CallResult:
    """Add up what both took; what came of it is what came last."""
    return then._replace(
        attempts=first.attempts + then.attempts,
        seconds=first.seconds + then.seconds,
        waited=first.waited + then.waited,
        spent_before=spent_on(first) + then.spent_before,
    )


def summed(found: Sequence[CallResult]) -> CallResult:
    """Add up what all took; what came of it is what gives most hope, among equals what came last."""
    if len(found) == 1:
        return found[0]
    counts = min(reversed(found), key=_hopelessness)
    return counts._replace(
        attempts=sum(exchange.attempts for exchange in found),
        seconds=sum(exchange.seconds for exchange in found),
        waited=sum(exchange.waited for exchange in found),
        way=tuple(step for exchange in found for step in exchange.way),
        spent_before=sum(map(spent_on, found), -(cost_usd(counts.response) or Decimal())),
    )


def spent_on(exchange: CallResult) -> Decimal:
    """Return the USD for all answers, as far as their price is known."""
    return (cost_usd(exchange.response) or Decimal()) + exchange.spent_before


def not_asked(route: Route, why_not: ApiError, in_short: str, patience: float = 0) -> CallResult:
    """Return what came of not asking. A wait that fits into `patience` (seconds) is to be waited elsewhere."""
    wait = why_not.wait if why_not.wait and why_not.wait <= patience else None
    nothing = NoResponse(NoResponseReason.SKIPPED, why_not.message, sent=False, seconds=0)
    step = Attempt(route.endpoint.name, route.model, f"{NoResponseReason.SKIPPED}: {in_short}", asked=False)
    return CallResult(nothing, why_not, attempts=0, seconds=0, waited=0, wait_more=wait, way=(step,))


def said_by(exchange: CallResult) -> str:
    """Say in a word or two what came of asking, without anything of the answer."""
    refusal = exchange.error
    if refusal is None:
        return ANSWERED
    if isinstance(exchange.response, NoResponse):
        return str(exchange.response.reason)
    cause = refusal.causes[0]
    return cause if cause == str(refusal.status) else f"{refusal.status} {cause}"


def throttled_for(exchange: CallResult) -> float | None:
    """Return the seconds that a limit asks to wait, 0 where it does not say; None where it is no limit."""
    refusal = exchange.error
    return (refusal.wait or 0) if refusal and refusal.kind is ErrorKind.RATE_LIMITED else None


class _Hope(IntEnum):
    """What is to be made of what came of asking, the best first."""

    ANSWERED = auto()
    ASKED_AFTER_A_WAIT = auto()
    TRIED_AGAIN = auto()
    LEFT_ALONE_FOR_A_WHILE = auto()
    STAYS = auto()
    PASSED_OVER = auto()


def _hopelessness(exchange: CallResult) -> tuple[_Hope, float]:
    """Rank what came of it, and waits by their length. What the worker keeps back itself is as if Groq had done so."""
    refusal, wait = exchange.error, exchange.wait_more
    asked = exchange.attempts > 0 or exchange.response.held_back
    if refusal is None:
        return _Hope.ANSWERED, 0
    if wait is not None:
        return _Hope.ASKED_AFTER_A_WAIT if asked else _Hope.LEFT_ALONE_FOR_A_WHILE, wait
    if asked:
        return _Hope.TRIED_AGAIN if refusal.kind.action is RetryAction.RETRY else _Hope.STAYS, 0
    return _Hope.PASSED_OVER, 0
