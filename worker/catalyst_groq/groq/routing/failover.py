"""Asking for an answer that can be used: of whoever has the model and is there, and of the form that was asked for."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from catalyst_groq.groq.api.errors import ApiError, ErrorKind
from catalyst_groq.groq.api.reasoning import split_reasoning
from catalyst_groq.groq.api.requests import Account, Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.api.structured_output import (
    JSON_VALIDATE_FAILED,
    InvalidOutput,
    ValidOutput,
    output_format_of,
    repair_request,
    validate_output,
)
from catalyst_groq.groq.routing.call_result import joined, not_asked, said_by, summed, throttled_for
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.request_adapter import AdaptedRequest, IncompatibleModel, adapt_request
from catalyst_groq.groq.routing.retry import Attempt, CallResult, ask_patiently
from catalyst_groq.groq.routing.router import Succession

Send = Callable[[Payload], Awaitable[Response | NoResponse]]
"""Sends one request."""

SendTo = Callable[[Account, Payload], Awaitable[Response | NoResponse]]
"""Sends one request to an account."""


async def ask_models(send: SendTo, payload: Payload, patience: float, succession: Succession) -> CallResult:
    """Ask for one model after the other, each wherever it is, until one answers or nobody else could help.

    `patience`: seconds in which waits must end.
    """
    deadline = time.monotonic() + patience
    found: list[CallResult] = []
    for routes in succession:
        match adapt_request(payload, routes[0].model):
            case IncompatibleModel(reason):
                found.append(not_asked(routes[0], ApiError(ErrorKind.BAD_REQUEST, ("unfit",), reason), reason))
            case AdaptedRequest() as fitted:
                found += await _Question(send, fitted, deadline, succession).on_any_of(routes)
                if not succession.may_help(found[-1].error):
                    break
    return summed(found or [_nobody_has(succession)])


@dataclass(frozen=True, slots=True)
class _Question:
    """What one model is asked."""

    send: SendTo
    fitted: AdaptedRequest
    deadline: float
    """When waits must have ended."""
    succession: Succession

    async def on_any_of(self, routes: list[Route]) -> list[CallResult]:
        """Ask on one route after the other. Only when none answers at once it is waited, where that is shortest."""
        if len(routes) == 1:
            return [await self.on(routes[0], self._patience())]
        found: list[CallResult] = []
        for route in routes:
            found.append(await self.on(route, patience=0))
            if not self.succession.may_help(found[-1].error):
                return found
        waits = [(throttled_for(exchange), number) for number, exchange in enumerate(found)]
        if throttled := [(wait, number) for wait, number in waits if wait is not None]:
            _, soonest = min(throttled)
            found.append(await self.on(routes[soonest], self._patience(), found.pop(soonest)))
        return found

    async def on(self, route: Route, patience: float, before: CallResult | None = None) -> CallResult:
        """Ask on one route, if it is to be asked. `before`: what came of it already."""
        why_not = None if before else self.succession.experience.circuit_breakers.check(route)
        if why_not:
            return not_asked(route, why_not, "circuit open", self._patience())

        def send(request: Payload) -> Awaitable[Response | NoResponse]:
            return self.send(route.endpoint.account, request)

        request = {**self.fitted.payload, "model": route.model_at_endpoint}
        exchange = await ask_model(send, request, patience, self.deadline, before.response if before else None)
        self.succession.note(route, exchange.response, exchange.error)
        whole = joined(before, exchange) if before else exchange
        asked, changes = whole.attempts > 0, self.fitted.changes
        return whole._replace(way=(Attempt(route.endpoint.name, route.model, said_by(exchange), asked, changes),))

    def _patience(self) -> float:
        return self.deadline - time.monotonic()


async def ask_model(
    send: Send, payload: Payload, patience: float, deadline: float, heard: Response | NoResponse | None = None
) -> CallResult:
    """Ask one model; where its answer must be JSON and is not, once more with what is wrong with it.

    `patience`: seconds in which waits for the first answer must end. The second is waited for until the `deadline`,
    for the first is paid. `heard`: what was answered before, which is not asked for again.
    """
    first, misfit = _checked(await ask_patiently(lambda: send(payload), patience, heard), payload)
    if misfit is None or not misfit.may_improve:
        return first
    again = repair_request(payload, misfit)
    second, _ = _checked(await ask_patiently(lambda: send(again), deadline - time.monotonic()), payload)
    return joined(first, second)


def _nobody_has(succession: Succession) -> CallResult:
    route = Route(succession.endpoints[0], succession.model)
    there = ", ".join(endpoint.name for endpoint in succession.endpoints)
    said = f"No endpoint has the model '{succession.model}' (there are {there})"
    return not_asked(route, ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), said), said)._replace(way=())


def _checked(exchange: CallResult, payload: Payload) -> tuple[CallResult, InvalidOutput | None]:
    """Keep thoughts apart and see whether the answer has the form asked for."""
    if not isinstance(exchange.response, Response):
        return exchange, None
    answer, wanted = split_reasoning(exchange.response), output_format_of(payload)
    if answer is not exchange.response:
        exchange = exchange._replace(response=answer)
    if wanted is None:
        return exchange, None
    match validate_output(answer, wanted, payload["model"]):
        case InvalidOutput() as misfit:
            said = f"The answer is not what was asked for: {misfit.problem}"
            refused = exchange.error or ApiError(
                ErrorKind.GENERATION_FAILED, (JSON_VALIDATE_FAILED,), said, answer.status
            )
            return exchange._replace(error=refused), misfit
        case ValidOutput() as fitting:
            still = None if fitting.response.ok else exchange.error
            return exchange._replace(response=fitting.response, error=still, mended=fitting.repaired), None
