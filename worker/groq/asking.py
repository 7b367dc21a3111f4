"""Asking for an answer that can be used: of whoever has the model and is there, and of the form that was asked for."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from worker.groq.accounts import Account, Payload
from worker.groq.adapting import Fitted, Unfit, adapted
from worker.groq.answers import Answer, NoAnswer
from worker.groq.endpoints import Route
from worker.groq.errors import Problem, Refusal
from worker.groq.exchanges import joined, not_asked, said_by, summed, throttled_for
from worker.groq.reasoning import kept_apart
from worker.groq.structures import CODE, Fitting, Misfit, asking_again, fit, structure_of
from worker.groq.succession import Succession
from worker.groq.waiting import Exchange, Step, ask_patiently

Send = Callable[[Payload], Awaitable[Answer | NoAnswer]]
"""Sends one request."""

SendTo = Callable[[Account, Payload], Awaitable[Answer | NoAnswer]]
"""Sends one request to an account."""


async def ask_models(send: SendTo, payload: Payload, patience: float, succession: Succession) -> Exchange:
    """Ask for one model after the other, each wherever it is, until one answers or nobody else could help.

    `patience`: seconds in which waits must end.
    """
    deadline = time.monotonic() + patience
    found: list[Exchange] = []
    for routes in succession:
        match adapted(payload, routes[0].model):
            case Unfit(reason):
                found.append(not_asked(routes[0], Refusal(Problem.BAD_REQUEST, ("unfit",), reason), reason))
            case Fitted() as fitted:
                found += await _Question(send, fitted, deadline, succession).on_any_of(routes)
                if not succession.may_help(found[-1].refusal):
                    break
    return summed(found or [_nobody_has(succession)])


@dataclass(frozen=True, slots=True)
class _Question:
    """What one model is asked."""

    send: SendTo
    fitted: Fitted
    deadline: float
    """When waits must have ended."""
    succession: Succession

    async def on_any_of(self, routes: list[Route]) -> list[Exchange]:
        """Ask on one route after the other. Only when none answers at once it is waited, where that is shortest."""
        if len(routes) == 1:
            return [await self.on(routes[0], self._patience())]
        found: list[Exchange] = []
        for route in routes:
            found.append(await self.on(route, patience=0))
            if not self.succession.may_help(found[-1].refusal):
                return found
        waits = [(throttled_for(exchange), number) for number, exchange in enumerate(found)]
        if throttled := [(wait, number) for wait, number in waits if wait is not None]:
            _, soonest = min(throttled)
            found.append(await self.on(routes[soonest], self._patience(), found.pop(soonest)))
        return found

    async def on(self, route: Route, patience: float, before: Exchange | None = None) -> Exchange:
        """Ask on one route, if it is to be asked. `before`: what came of it already."""
        why_not = None if before else self.succession.experience.circuits.why_not(route)
        if why_not:
            return not_asked(route, why_not, "circuit open", self._patience())

        def send(request: Payload) -> Awaitable[Answer | NoAnswer]:
            return self.send(route.endpoint.account, request)

        request = {**self.fitted.payload, "model": route.called}
        exchange = await ask_model(send, request, patience, self.deadline, before.answer if before else None)
        self.succession.note(route, exchange.answer, exchange.refusal)
        whole = joined(before, exchange) if before else exchange
        asked, changes = whole.attempts > 0, self.fitted.changes
        return whole._replace(way=(Step(route.endpoint.name, route.model, said_by(exchange), asked, changes),))

    def _patience(self) -> float:
        return self.deadline - time.monotonic()


async def ask_model(
    send: Send, payload: Payload, patience: float, deadline: float, heard: Answer | NoAnswer | None = None
) -> Exchange:
    """Ask one model; where its answer must be JSON and is not, once more with what is wrong with it.

    `patience`: seconds in which waits for the first answer must end. The second is waited for until the `deadline`,
    for the first is paid. `heard`: what was answered before, which is not asked for again.
    """
    first, misfit = _checked(await ask_patiently(lambda: send(payload), patience, heard), payload)
    if misfit is None or not misfit.may_improve:
        return first
    again = asking_again(payload, misfit)
    second, _ = _checked(await ask_patiently(lambda: send(again), deadline - time.monotonic()), payload)
    return joined(first, second)


def _nobody_has(succession: Succession) -> Exchange:
    route = Route(succession.endpoints[0], succession.model)
    there = ", ".join(endpoint.name for endpoint in succession.endpoints)
    said = f"No endpoint has the model '{succession.model}' (there are {there})"
    return not_asked(route, Refusal(Problem.MODEL_GONE, ("model_not_found",), said), said)._replace(way=())


def _checked(exchange: Exchange, payload: Payload) -> tuple[Exchange, Misfit | None]:
    """Keep thoughts apart and see whether the answer has the form asked for."""
    if not isinstance(exchange.answer, Answer):
        return exchange, None
    answer, wanted = kept_apart(exchange.answer), structure_of(payload)
    if answer is not exchange.answer:
        exchange = exchange._replace(answer=answer)
    if wanted is None:
        return exchange, None
    match fit(answer, wanted, payload["model"]):
        case Misfit() as misfit:
            said = f"The answer is not what was asked for: {misfit.problem}"
            refused = exchange.refusal or Refusal(Problem.GENERATION_FAILED, (CODE,), said, answer.status)
            return exchange._replace(refusal=refused), misfit
        case Fitting() as fitting:
            still = None if fitting.answer.ok else exchange.refusal
            return exchange._replace(answer=fitting.answer, refusal=still, mended=fitting.mended), None
