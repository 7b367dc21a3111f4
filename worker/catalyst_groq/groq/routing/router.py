"""The router: sends a call to its routes until one responds, waiting or changing the request where that helps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from catalyst_groq.common.backoff import Backoff
from catalyst_groq.groq.api.errors import ApiError, ErrorKind, RetryAction, classify
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.requests import GroqClient, GroqRequest
from catalyst_groq.groq.api.response_validation import ValidatedResponse
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.structured_output import repair_request
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.rate_limits.headers import fraction_that_fits
from catalyst_groq.groq.rate_limits.queue import QUEUE_POLL_INTERVAL_SECONDS
from catalyst_groq.groq.routing.call import GroqCall, Truncated
from catalyst_groq.groq.routing.call_result import Attempt, AttemptLog, CallResult, RouteResult, best_result, summarize
from catalyst_groq.groq.routing.endpoints import Route
from catalyst_groq.groq.routing.failover import RoutePlan, RoutingState, may_fail_over
from catalyst_groq.groq.routing.request_adapter import AdaptedRequest, IncompatibleModel, adapt_request
from catalyst_groq.groq.routing.retry import (
    INITIAL_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    STOP,
    Decision,
    NextRoute,
    Resend,
    RetryState,
    Stop,
    Wait,
    decide,
)

Classify = Callable[[Response | NoResponse], ApiError | None]
Validate = Callable[[Response, Payload, ApiError | None], Awaitable[ValidatedResponse]]


@dataclass(frozen=True, slots=True)
class Router:
    """Turns calls into requests. One router serves all tasks; what they learn is in `state`."""

    client: GroqClient
    state: RoutingState
    catalog: ModelCatalog
    validate: Validate
    classify: Classify = classify
    """Classifies results. One of a caller's own may know further error kinds and leave the rest to `classify`."""

    def call(self, call: GroqCall) -> Awaitable[CallResult]:
        """Return the result of a call. Raises `JournalError` when it is unknown whether a response is stored."""
        return _RoutedCall(self, call).run()


class _RoutedCall:
    """The state of one call while the router tries its routes."""

    def __init__(self, router: Router, call: GroqCall) -> None:
        self._router = router
        self._call = call
        self._deadline = time.monotonic() + call.max_wait
        self._plan = iter(RoutePlan(router.state, call.endpoints, call.payload["model"], call.fallback_models))
        self._log = AttemptLog()
        self._backoff = Backoff(INITIAL_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, full_jitter=True)
        self._payload = call.payload
        """What the task asks: the call's payload, or the follow-up that asks for valid JSON."""
        self._is_follow_up = False
        self._request = AdaptedRequest(call.payload)
        """The payload, adapted to the current model."""
        self._truncated: Truncated | None = None
        self._routes: list[Route] = []
        """The routes of the current model."""
        self._number = -1
        """Which of them is the current one."""
        self._model_results: dict[int, RouteResult] = {}
        """The latest result on each route of the current model, by the number of the route."""
        self._is_waiting = False
        """Whether all routes of the model were tried, so that the call waits on the current one."""
        self._results: list[RouteResult] = []
        """Of earlier models, and of stored responses."""
        self._replayed_cost: Decimal | None = None

    async def run(self) -> CallResult:
        """Send, decide, and go on until the decision is to stop."""
        result = await self._replay() or await self._next_route()
        while result:
            match self._decide(result):
                case Stop():
                    break
                case NextRoute():
                    self._payload, self._is_follow_up = self._call.payload, False
                    result = await self._next_route()
                case Resend(payload):
                    result = await self._resend(payload)
                case Wait(seconds, number):
                    await self._wait(seconds, number)
                    result = await self._send()
        return self._conclude()

    def _decide(self, result: RouteResult) -> Decision:
        if result.error is None:
            return STOP
        waits = [(other.wait, number) for number, other in self._model_results.items() if other.wait is not None]
        state = RetryState(
            seconds_left=self._seconds_left,
            may_fail_over=may_fail_over(result.error, self._call.endpoints),
            has_untried_routes=not self._is_waiting and self._number + 1 < len(self._routes),
            committed_wait=(result.wait or 0, self._number) if self._is_waiting or self._is_follow_up else None,
            shortest_wait=min(waits, default=None),
            resend=self._changed_payload(result),
        )
        return decide(result.error, state)

    async def _replay(self) -> RouteResult | None:
        """Judge the stored response to the payload, if there is one."""
        response = await self._call.responses.load(self._payload)
        if response is None:
            return None
        result = await self._judge(response, self._payload)
        result.stored = result.replayed = True
        cost = cost_usd(response, self._call.operation, self._router.catalog)
        if cost is not None:
            self._replayed_cost = (self._replayed_cost or Decimal()) + cost
        self._results.append(result)
        return result

    async def _next_route(self) -> RouteResult | None:
        """Send on the model's next route, or on the first one of the next model; None when there is none left."""
        self._truncated = None
        if not self._is_waiting and self._number + 1 < len(self._routes):
            self._number += 1
        elif not self._next_model():
            return None
        route = self._routes[self._number]
        if open_circuit := self._router.state.circuit_breakers.check(route):
            result = self._skip(route, open_circuit, "circuit breaker open")
            self._model_results[self._number] = result
            return result
        return await self._send()

    def _next_model(self) -> bool:
        """Go on with the next model that can do what is asked; False when there is none left."""
        self._leave_model()
        for routes in self._plan:
            match adapt_request(self._payload, self._call.operation, routes[0].model, self._router.catalog):
                case AdaptedRequest() as request:
                    self._routes, self._number, self._request, self._is_waiting = routes, 0, request, False
                    return True
                case IncompatibleModel(reason):
                    error = ApiError(ErrorKind.BAD_REQUEST, ("incompatible_model",), reason)
                    self._results.append(self._skip(routes[0], error, reason))
        self._routes = []
        return False

    def _leave_model(self) -> None:
        """Keep the model's results, and note the shortest wait among its rate limits: the engine may do the waiting."""
        limited = [result for result in self._model_results.values() if result.wait is not None]
        if self._is_waiting:
            limited = [self._model_results[self._number]]
        if limited:
            soonest = min(limited, key=lambda result: result.wait or 0)
            soonest.wait_more = self._if_in_time(soonest.wait)
        self._results += self._model_results.values()
        self._model_results = {}

    async def _resend(self, payload: Payload) -> RouteResult | None:
        """Send the truncated payload, or the follow-up unless its response is stored."""
        if self._truncated and payload is self._truncated.payload:
            return await self._send()
        self._payload, self._is_follow_up, self._truncated = payload, True, None
        if stored := await self._replay():
            return stored
        if not self._routes:
            return await self._next_route()
        return await self._send()

    async def _wait(self, seconds: float, number: int) -> None:
        """Wait for a rate limit. A queue of the worker's own is asked sooner: a reservation may be refunded."""
        if number != self._number:
            self._number, self._truncated = number, None
        self._is_waiting = self._is_waiting or not self._is_follow_up
        held_back = self._model_results[number].response.held_back
        pause = min(seconds, QUEUE_POLL_INTERVAL_SECONDS) if held_back else seconds
        self._log.add_wait(pause)
        await asyncio.sleep(pause)

    async def _send(self) -> RouteResult:
        """Send the request on the current route, store what was paid for, and judge it."""
        call, route = self._call, self._routes[self._number]
        payload = self._truncated.payload if self._truncated else self._request_payload(route)
        started = time.monotonic()
        response = await self._router.client.send(
            GroqRequest(call.operation, route.endpoint.account, payload, call.timeout, call.caller, call.budgets)
        )
        seconds = time.monotonic() - started
        stored = isinstance(response, Response) and response.ok and await call.responses.store(self._payload, response)
        cost = cost_usd(response, call.operation, self._router.catalog)
        result = await self._judge(response, payload)
        result.stored, result.omitted = stored, self._truncated.omitted if self._truncated else ""
        self._model_results[self._number] = result
        is_only = len(call.endpoints) == 1
        self._router.state.record(route, result.response, result.error, is_only=is_only)
        summary, sent = summarize(result.response, result.error), not response.held_back
        self._log.add(Attempt(route, summary, sent, seconds, cost=cost, changes=self._request.changes))
        return result

    async def _judge(self, response: Response | NoResponse, payload: Payload) -> RouteResult:
        error = self._router.classify(response)
        if isinstance(response, Response):
            validated = await self._router.validate(response, payload, error)
            result = RouteResult(validated.response, validated.error, validated.repaired, validated.invalid)
        else:
            result = RouteResult(response, error)
        if result.error and result.error.kind.action is RetryAction.WAIT:
            result.wait = result.error.wait or self._backoff.next()
        return result

    def _changed_payload(self, result: RouteResult) -> Payload | None:
        """Return a payload that may succeed where this one failed: the follow-up for invalid JSON, or a shorter one."""
        if result.invalid and result.invalid.may_improve and not self._is_follow_up:
            return repair_request(self._payload, result.invalid)
        if result.error and self._routes and self._truncated is None and not result.replayed:
            payload = self._request_payload(self._routes[self._number])
            fraction = fraction_that_fits(result.error, payload, self._router.catalog.assume(payload["model"]))
            if fraction is not None and (truncated := self._call.truncate(payload, fraction)):
                self._truncated = truncated
                return truncated.payload
        return None

    def _request_payload(self, route: Route) -> Payload:
        payload = {**self._request.payload, "model": route.model_at_endpoint}
        if self._is_follow_up:
            payload["messages"] = self._payload["messages"]
        return payload

    def _skip(self, route: Route, error: ApiError, reason: str) -> RouteResult:
        self._log.add(Attempt(route, f"{NoResponseReason.SKIPPED}: {reason}", sent=False))
        response = NoResponse(NoResponseReason.SKIPPED, error.message, sent=False, seconds=0)
        return RouteResult(response, error, wait_more=self._if_in_time(error.wait))

    def _if_in_time(self, wait: float | None) -> float | None:
        return wait if wait is not None and wait <= self._seconds_left else None

    @property
    def _seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def _conclude(self) -> CallResult:
        results = [*self._results, *self._model_results.values()]
        best = best_result(results) if results else self._no_route()
        return CallResult(
            best.response,
            best.error,
            self._log.attempts(),
            wait_more=best.wait_more,
            stored=best.stored,
            replayed=best.replayed,
            replayed_cost=self._replayed_cost,
            repaired=best.repaired,
            omitted=best.omitted,
        )

    def _no_route(self) -> RouteResult:
        names = ", ".join(endpoint.name for endpoint in self._call.endpoints)
        message = f"No endpoint serves the model '{self._call.payload['model']}' (endpoints: {names})"
        response = NoResponse(NoResponseReason.SKIPPED, message, sent=False, seconds=0)
        return RouteResult(response, ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), message))
