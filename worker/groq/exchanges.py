"""Exchanges put together: what several of them took, and which of them counts. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum, auto

from worker.groq.answers import Loss, NoAnswer
from worker.groq.costs import cost_of
from worker.groq.endpoints import Route
from worker.groq.errors import Policy, Problem, Refusal
from worker.groq.waiting import Exchange, Step

ANSWERED = "answered"


def joined(first: Exchange, then: Exchange) -> Exchange:
    """Add up what both took; what came of it is what came last."""
    return then._replace(
        attempts=first.attempts + then.attempts,
        seconds=first.seconds + then.seconds,
        waited=first.waited + then.waited,
        spent_before=spent_on(first) + then.spent_before,
    )


def summed(found: Sequence[Exchange]) -> Exchange:
    """Add up what all took; what came of it is what gives most hope, among equals what came last."""
    if len(found) == 1:
        return found[0]
    counts = min(reversed(found), key=_hopelessness)
    return counts._replace(
        attempts=sum(exchange.attempts for exchange in found),
        seconds=sum(exchange.seconds for exchange in found),
        waited=sum(exchange.waited for exchange in found),
        way=tuple(step for exchange in found for step in exchange.way),
        spent_before=sum(map(spent_on, found), -(cost_of(counts.answer) or Decimal())),
    )


def spent_on(exchange: Exchange) -> Decimal:
    """Return the USD for all answers, as far as their price is known."""
    return (cost_of(exchange.answer) or Decimal()) + exchange.spent_before


def not_asked(route: Route, why_not: Refusal, in_short: str, patience: float = 0) -> Exchange:
    """Return what came of not asking. A wait that fits into `patience` (seconds) is to be waited elsewhere."""
    wait = why_not.wait if why_not.wait and why_not.wait <= patience else None
    nothing = NoAnswer(Loss.NOT_ASKED, why_not.message, sent=False, seconds=0)
    step = Step(route.endpoint.name, route.model, f"{Loss.NOT_ASKED}: {in_short}", asked=False)
    return Exchange(nothing, why_not, attempts=0, seconds=0, waited=0, wait_more=wait, way=(step,))


def said_by(exchange: Exchange) -> str:
    """Say in a word or two what came of asking, without anything of the answer."""
    refusal = exchange.refusal
    if refusal is None:
        return ANSWERED
    if isinstance(exchange.answer, NoAnswer):
        return str(exchange.answer.loss)
    cause = refusal.causes[0]
    return cause if cause == str(refusal.status) else f"{refusal.status} {cause}"


def throttled_for(exchange: Exchange) -> float | None:
    """Return the seconds that a limit asks to wait, 0 where it does not say; None where it is no limit."""
    refusal = exchange.refusal
    return (refusal.wait or 0) if refusal and refusal.problem is Problem.THROTTLED else None


class _Hope(IntEnum):
    """What is to be made of what came of asking, the best first."""

    ANSWERED = auto()
    ASKED_AFTER_A_WAIT = auto()
    TRIED_AGAIN = auto()
    LEFT_ALONE_FOR_A_WHILE = auto()
    STAYS = auto()
    PASSED_OVER = auto()


def _hopelessness(exchange: Exchange) -> tuple[_Hope, float]:
    """Rank what came of it, and waits by their length. What the worker keeps back itself is as if Groq had done so."""
    refusal, wait = exchange.refusal, exchange.wait_more
    asked = exchange.attempts > 0 or exchange.answer.held
    if refusal is None:
        return _Hope.ANSWERED, 0
    if wait is not None:
        return _Hope.ASKED_AFTER_A_WAIT if asked else _Hope.LEFT_ALONE_FOR_A_WHILE, wait
    if asked:
        return _Hope.TRIED_AGAIN if refusal.problem.policy is Policy.RETRY else _Hope.STAYS, 0
    return _Hope.PASSED_OVER, 0
