"""Exchanges put together: what several of them took, and which of them counts. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from worker.groq.answers import Loss, NoAnswer
from worker.groq.endpoints import Route
from worker.groq.errors import Policy, Problem, Refusal
from worker.groq.waiting import Exchange, Step

ANSWERED = "answered"


def joined(first: Exchange, then: Exchange) -> Exchange:
    """Add up what both took; what came of it is what came last."""
    return replace(
        then,
        attempts=first.attempts + then.attempts,
        seconds=first.seconds + then.seconds,
        waited=first.waited + then.waited,
    )


def summed(found: Sequence[Exchange]) -> Exchange:
    """Add up what all took; what came of it is what gives most hope, among equals what came last."""
    return replace(
        min(reversed(found), key=_hopelessness),
        attempts=sum(exchange.attempts for exchange in found),
        seconds=sum(exchange.seconds for exchange in found),
        waited=sum(exchange.waited for exchange in found),
        way=tuple(step for exchange in found for step in exchange.way),
    )


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


def _hopelessness(exchange: Exchange) -> tuple[int, float]:
    """Rank what came of it: an answer, what passes after a wait or another try, what stays."""
    if exchange.refusal is None:
        return 0, 0
    asked = exchange.attempts > 0
    if exchange.wait_more is not None:
        return 1 if asked else 3, exchange.wait_more
    if asked:
        return 2 if exchange.refusal.problem.policy is Policy.RETRY else 4, 0
    return 5, 0
