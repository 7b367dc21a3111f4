"""The router: sends a call to its routes until one responds, waiting or changing the request where that helps."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from catalyst_groq.common.backoff import Backoff
from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.groq.api.error_kinds import ErrorKind, RetryAction
from catalyst_groq.groq.api.errors import INCOMPATIBLE_MODEL, UNSUPPORTED_PARAMETER, ApiError, classify
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.regeneration import (
    CHANGED_PARAMETERS,
    correction_request,
    may_regenerate,
    regeneration_request,
)
from catalyst_groq.groq.api.requests import GroqClient, GroqRequest
from catalyst_groq.groq.api.response_validation import ValidatedResponse
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.rate_limits.headers import fraction_that_fits
from catalyst_groq.groq.rate_limits.queue import QUEUE_POLL_INTERVAL_SECONDS
from catalyst_groq.groq.routing.call import GroqCall, Truncated
from catalyst_groq.groq.routing.call_result import Attempt, AttemptLog, CallResult, RouteResult, best_result, summarize
from catalyst_groq.groq.routing.endpoints import Route, server_name
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
from catalyst_groq.groq.routing.waiting_places import MIN_RETURN_SECONDS

log = logging.getLogger(__name__)

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
        """What the task asks: the call's payload, or the follow-up that asks for another generation."""
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
        self._waiting_for: tuple[str, str] | None = None
        """The id of the route for which the call has taken a waiting place."""

    async def run(self) -> CallResult:
        """Send, decide, and go on until the decision is to stop."""
        try:
            result = await self._replay() or await self._next_route()
            while result:
                match await self._decide(result):
                    case Stop():
                        break
                    case NextRoute():
                        self._payload, self._is_follow_up = self._call.payload, False
                        failed, result = result, await self._next_route()
                        if result:
                            self._log_failover(failed)
                    case Resend(payload):
                        result = await self._resend(payload)
                    case Wait(seconds, number):
                        await self._wait(seconds, number)
                        result = await self._send()
        finally:
            if self._waiting_for:
                self._router.state.waiting_places.release(self._waiting_for)
        return self._conclude()

    def _log_failover(self, failed: RouteResult) -> None:
        route, summary = self._routes[self._number], summarize(failed.response, failed.error)
        log.info("Failover: task %s went on with %s after %s", self._call.caller, route, summary)

    async def _decide(self, result: RouteResult) -> Decision:
        if result.error is None:
            return STOP
        waits = [(other.wait, number) for number, other in self._model_results.items() if other.wait is not None]
        state = RetryState(
            seconds_left=self._seconds_left,
            may_fail_over=may_fail_over(result.error, self._call.endpoints),
            has_untried_routes=not self._is_waiting and self._number + 1 < len(self._routes),
            committed_wait=(result.wait or 0, self._number) if self._is_waiting or self._is_follow_up else None,
            shortest_wait=min(waits, default=None),
            has_waiting_place=not waits or self._may_wait(min(waits)[1]),
            resend=await self._changed_payload(result),
        )
        return decide(result.error, state)

    def _may_wait(self, number: int) -> bool:
        return bool(self._waiting_for) or self._router.state.waiting_places.has_room(self._routes[number].id)

    async def _replay(self) -> RouteResult | None:
        """Judge the stored response to the payload, if there is one."""
        response = await self._call.responses.load(self._payload)
        if response is None:
            return None
        result = await self._judge(response, self._payload)
        result.stored = result.replayed = True
        result.server = server_name(self._call.endpoints[0], response)
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
        if obstacle := self._router.state.obstacle(route):
            result = self._skip(route, *obstacle)
            self._model_results[self._number] = result
            return result
        return await self._send()

    def _next_model(self) -> bool:
        """Go on with the next model that can do what is asked; False when there is none left."""
        self._leave_model()
        for routes in self._plan:
            match adapt_request(self._payload, self._call.operation, routes[0].model, self._router.catalog):
                case AdaptedRequest() as request:
                    if compatible := self._compatible_routes(routes):
                        self._routes, self._number, self._request, self._is_waiting = compatible, 0, request, False
                        return True
                case IncompatibleModel(reason):
                    problem = f"{routes[0].model} cannot serve the request: {reason}"
                    self._skip_incompatible(routes[0], INCOMPATIBLE_MODEL, reason, problem)
        self._routes = []
        return False

    def _compatible_routes(self, routes: list[Route]) -> list[Route]:
        """Return the routes without those to Groq if the payload has what only other servers accept."""
        if (unsupported := self._call.unsupported) is None:
            return routes
        for route in routes:
            if route.endpoint.account.server is ServerKind.GROQ:
                problem = f"the request {unsupported.problem}"
                self._skip_incompatible(route, UNSUPPORTED_PARAMETER, problem, problem)
        return [route for route in routes if route.endpoint.account.server is not ServerKind.GROQ]

    def _skip_incompatible(self, route: Route, cause: str, reason: str, problem: str) -> None:
        """`reason` is for a reader who knows the route, `problem` for one who does not."""
        self._results.append(self._skip(route, ApiError(ErrorKind.BAD_REQUEST, (cause,), problem), reason))

    def _leave_model(self) -> None:
        """Keep the model's results, and note the shortest wait among its rate limits: the engine may do the waiting."""
        limited = [result for result in self._model_results.values() if result.wait is not None]
        if self._is_waiting:
            limited = [self._model_results[self._number]]
        if limited:
            soonest = min(limited, key=lambda result: result.wait or 0)
            soonest.wait_more = self._engine_wait(soonest.wait)
        self._results += self._model_results.values()
        self._model_results = {}

    async def _resend(self, payload: Payload) -> RouteResult | None:
        """Send the truncated payload or the same one again, or the follow-up unless its response is stored."""
        if payload is self._payload or (self._truncated and payload is self._truncated.payload):
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
        if not self._is_waiting:
            wait, route = format_duration(seconds), self._routes[number]
            log.info("Rate limit: task %s waits %s for %s", self._call.caller, wait, route)
        self._is_waiting = self._is_waiting or not self._is_follow_up
        if not self._waiting_for:
            self._waiting_for = self._routes[number].id
            self._router.state.waiting_places.take(self._waiting_for)
        held_back = self._model_results[number].response.held_back
        pause = min(seconds, QUEUE_POLL_INTERVAL_SECONDS) if held_back else seconds
        self._log.add_wait(pause)
        await asyncio.sleep(pause)

    async def _send(self) -> RouteResult:
        """Send the request on the current route, store what was paid for, and judge it."""
        call, route = self._call, self._routes[self._number]
        unchanged = self._truncated.payload if self._truncated else self._request_payload(route)
        endpoint = route.endpoint
        payload = self._router.state.stream_usage.add_options(unchanged, endpoint.account)
        request = GroqRequest(
            call.operation, endpoint.account, payload, call.timeout, call.caller, call.budgets, endpoint.name
        )
        started = time.monotonic()
        try:
            response = await self._router.client.send(request)
            seconds = time.monotonic() - started
            stored = False
            if isinstance(response, Response) and response.ok:
                stored = await call.responses.store(self._payload, response)
            result = await self._judge(response, payload)
        except BaseException:  # cancelled, because the task's lock is lost, or the journal is unavailable
            self._router.state.release_probes(route)
            raise
        cost = cost_usd(response, call.operation, self._router.catalog)
        result.stored, result.omitted = stored, self._truncated.omitted if self._truncated else ""
        result.server = server_name(endpoint, result.response)
        if payload is not unchanged:
            result.refuses_stream_options = self._router.state.stream_usage.note_refusal(response, endpoint.account)
        self._model_results[self._number] = result
        is_only = len(call.endpoints) == 1
        self._router.state.record(route, result.response, result.error, is_only=is_only, timeout=call.timeout)
        if result.error and result.error.kind.pauses_account:
            result.wait_more = self._wait_for_account(self._router.state.accounts.wait(endpoint))
        summary, sent = summarize(result.response, result.error), not response.held_back
        status, usage = (response.status, response.usage) if isinstance(response, Response) else (None, None)
        changes = self._request.changes
        self._log.add(Attempt(route, summary, sent, seconds, cost=cost, changes=changes, status=status, usage=usage))
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

    async def _changed_payload(self, result: RouteResult) -> Payload | None:
        """Return a payload that may succeed where this one failed: the follow-up to a generation, or a shorter one.

        The same payload, if what the worker added to it was refused.
        """
        if result.refuses_stream_options:
            return self._truncated.payload if self._truncated else self._payload
        if not self._is_follow_up:
            if result.invalid and result.invalid.may_improve:
                return correction_request(self._payload, result.invalid)
            if result.error and not result.invalid and may_regenerate(result.error):
                return regeneration_request(self._payload)
        if result.error and self._routes and self._truncated is None and not result.replayed:
            payload = self._request_payload(self._routes[self._number])
            self._truncated = await run_beside_loop_if_large(payload, self._truncate, payload, result.error)
            return self._truncated.payload if self._truncated else None
        return None

    def _truncate(self, payload: Payload, error: ApiError) -> Truncated | None:
        fraction = fraction_that_fits(error, payload, self._router.catalog.assume(payload["model"]))
        return None if fraction is None else self._call.truncate(payload, fraction)

    def _request_payload(self, route: Route) -> Payload:
        payload = {**self._request.payload, "model": route.model_at_endpoint}
        if self._is_follow_up:
            payload |= {name: self._payload[name] for name in CHANGED_PARAMETERS if name in self._payload}
        return payload

    def _skip(self, route: Route, error: ApiError, reason: str) -> RouteResult:
        self._log.add(Attempt(route, f"{NoResponseReason.SKIPPED}: {reason}", sent=False))
        response = NoResponse(NoResponseReason.SKIPPED, error.message, sent=False, seconds=0)
        wait = error.wait
        wait_more = self._wait_for_account(wait) if error.kind.pauses_account else self._if_in_time(wait)
        return RouteResult(response, error, server=server_name(route.endpoint, response), wait_more=wait_more)

    def _wait_for_account(self, wait: float | None) -> float | None:
        """Return how long the engine waits for an account that is refused: at most until the task gives up."""
        if wait is None or self._seconds_left < MIN_RETURN_SECONDS:
            return None
        return min(max(wait, MIN_RETURN_SECONDS), self._seconds_left)

    def _engine_wait(self, wait: float | None) -> float | None:
        """Return how long the engine waits for a rate limit: no task is fetched again too often."""
        wait = self._if_in_time(wait)
        return None if wait is None else max(wait, min(MIN_RETURN_SECONDS, self._seconds_left))

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
            server=best.server,
            wait_more=self._return_time(best.wait_more),
            stored=best.stored,
            replayed=best.replayed,
            replayed_cost=self._replayed_cost,
            repaired=best.repaired,
            omitted=best.omitted,
        )

    def _return_time(self, wait: float | None) -> float | None:
        if wait is None:
            return None
        route_id = self._call.endpoints[0].account.id, self._call.payload["model"]
        spread = self._router.state.waiting_places.return_time(route_id, wait)
        return min(spread, max(self._seconds_left, wait))

    def _no_route(self) -> RouteResult:
        names = ", ".join(endpoint.name for endpoint in self._call.endpoints)
        message = f"No endpoint serves the model '{self._call.payload['model']}' (endpoints: {names})"
        response = NoResponse(NoResponseReason.SKIPPED, message, sent=False, seconds=0)
        return RouteResult(response, ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), message))
