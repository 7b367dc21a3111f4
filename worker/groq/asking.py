"""Asking for an answer that can be used: from a model that is there, and of the form that was asked for."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from worker.groq.accounts import Payload
from worker.groq.answers import Answer, NoAnswer
from worker.groq.costs import cost_of
from worker.groq.errors import Problem, Refusal
from worker.groq.reasoning import kept_apart
from worker.groq.replacements import HELPED_BY_ANOTHER, Succession
from worker.groq.structures import CODE, Fitting, Misfit, asking_again, fit, structure_of
from worker.groq.waiting import Exchange, ask_patiently

Send = Callable[[Payload], Awaitable[Answer | NoAnswer]]
"""Sends one request."""


async def ask_models(send: Send, payload: Payload, patience: float, models: Succession) -> Exchange:
    """Ask one model after the other until one answers, or another could not help either.

    `patience`: seconds in which waits must end.
    """
    deadline = time.monotonic() + patience
    all_of_it: Exchange | None = None
    for model in models:
        exchange = await ask_model(send, {**payload, "model": model}, deadline - time.monotonic())
        models.note(model, exchange.refusal)
        all_of_it = _joined(all_of_it, replace(exchange, models=(model,)))
        if exchange.refusal is None or exchange.refusal.problem not in HELPED_BY_ANOTHER:
            break
    assert all_of_it is not None  # noqa: S101 -- there is always a model to ask
    return all_of_it


async def ask_model(send: Send, payload: Payload, patience: float) -> Exchange:
    """Ask one model; where its answer must be JSON and is not, once more with what is wrong with it."""
    deadline = time.monotonic() + patience
    first, misfit = _checked(await ask_patiently(lambda: send(payload), patience), payload)
    if misfit is None or not misfit.may_improve:
        return first
    again = asking_again(payload, misfit)
    second, _ = _checked(await ask_patiently(lambda: send(again), deadline - time.monotonic()), payload)
    return replace(_joined(first, second), spent_before=cost_of(first.answer) or Decimal())


def _checked(exchange: Exchange, payload: Payload) -> tuple[Exchange, Misfit | None]:
    """Keep thoughts apart and see whether the answer has the form asked for."""
    if not isinstance(exchange.answer, Answer):
        return exchange, None
    answer = kept_apart(exchange.answer)
    exchange, wanted = replace(exchange, answer=answer), structure_of(payload)
    if wanted is None:
        return exchange, None
    match fit(answer, wanted, payload["model"]):
        case Misfit() as misfit:
            said = f"The answer is not what was asked for: {misfit.problem}"
            refused = exchange.refusal or Refusal(Problem.GENERATION_FAILED, (CODE,), said, answer.status)
            return replace(exchange, refusal=refused), misfit
        case Fitting() as fitting:
            still = None if fitting.answer.ok else exchange.refusal
            return replace(exchange, answer=fitting.answer, refusal=still, mended=fitting.mended), None


def _joined(first: Exchange | None, then: Exchange) -> Exchange:
    """Add up what it all took; what came of it is what came last."""
    if first is None:
        return then
    return replace(
        then,
        attempts=first.attempts + then.attempts,
        seconds=first.seconds + then.seconds,
        waited=first.waited + then.waited,
        models=first.models + then.models,
    )
