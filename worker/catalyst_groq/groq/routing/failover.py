"""The order in which the routes of a call are tried, and what all calls learn about routes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalyst_groq.groq.api.error_kinds import ErrorKind, Failover
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.outage_detection import DEFAULT_TIMEOUT_SECONDS, Finding, judge_result
from catalyst_groq.groq.routing.paused_accounts import PausedAccounts
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.stream_usage import StreamUsage
from catalyst_groq.groq.routing.waiting_places import WaitingPlaces


class Obstacle(NamedTuple):
    """Why a route is not used now: the error for the task, and a short reason."""

    error: ApiError
    reason: str


@dataclass(frozen=True, slots=True)
class RoutingState:
    """What all tasks have learned about models and endpoints since the worker started."""

    retired_models: RetiredModels
    circuit_breakers: CircuitBreakers[Route] = field(default_factory=CircuitBreakers)
    latency: LatencyTracker | None = None
    """Decides which endpoint is tried first; without it the endpoints' order does."""
    accounts: PausedAccounts = field(default_factory=PausedAccounts)
    waiting_places: WaitingPlaces = field(default_factory=WaitingPlaces)
    stream_usage: StreamUsage = field(default_factory=StreamUsage)

    def obstacle(self, route: Route) -> Obstacle | None:
        """Return why the route is not used now; None when a request may be sent on it."""
        if error := self.circuit_breakers.check(route):
            return Obstacle(error, "circuit breaker open")
        if error := self.accounts.check(route.endpoint):
            self.circuit_breakers.release_probe(route)
            return Obstacle(error, "account paused")
        return None

    def record(
        self,
        route: Route,
        response: Response | NoResponse,
        error: ApiError | None,
        *,
        is_only: bool,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        """Learn from a result. `is_only`: there is no other endpoint, so that a redirect opens no circuit.

        `timeout`: the seconds that the task gave the request.
        """
        if error and error.kind in (ErrorKind.MODEL_NOT_FOUND, ErrorKind.MODEL_FORBIDDEN):
            self.retired_models.mark_unavailable(route, error)
        match judge_result(response, error, timeout):
            case Finding.NOTHING:
                self.release_probes(route)
            case Finding.FAILURE if error:
                self.circuit_breakers.record_failure(route, error)
                self.accounts.release_probe(route.endpoint)
            case Finding.REFUSED_ACCOUNT if error:
                self.circuit_breakers.record_success(route)
                self.accounts.record_refused(route.endpoint, error)
            case Finding.REDIRECTED if error and not is_only:
                self.circuit_breakers.record_failure(route, error, trip=True)
                self.accounts.record_accepted(route.endpoint)
            case _:
                self.circuit_breakers.record_success(route)
                self.accounts.record_accepted(route.endpoint)
        if self.latency and not error:
            self.latency.record(route, response.seconds)

    def release_probes(self, route: Route) -> None:
        """Let the next request probe the route and its account: this one could not show anything."""
        self.circuit_breakers.release_probe(route)
        self.accounts.release_probe(route.endpoint)


def may_fail_over(error: ApiError, endpoints: Sequence[Endpoint]) -> bool:
    """Whether another route may succeed where one failed with this error."""
    failover = error.kind.failover
    return Failover.OTHER_MODEL in failover or (Failover.OTHER_ACCOUNT in failover and len(endpoints) > 1)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The routes of a call: the requested model, its replacement if it is unavailable, then the fallback models.

    Iterating yields for each model its routes in order. Each model is looked up when it is reached, so that what was
    learned meanwhile counts.
    """

    state: RoutingState
    endpoints: Sequence[Endpoint]
    model: str
    fallback_models: Sequence[str] = ()

    def __iter__(self) -> Iterator[list[Route]]:
        planned = set()
        for model in self._models():
            if model not in planned and (routes := self._available_routes(model)):
                planned.add(model)
                yield self._in_order(routes)
        if not planned and (routes := self._routes(self.model)):
            yield self._in_order(routes)

    def _models(self) -> Iterator[str]:
        yield self.model
        retired = self.state.retired_models
        routes, replacement = self._routes(self.model), retired.replacement_for(self.model)
        if replacement and (not routes or any(map(retired.is_unavailable, routes))):
            yield replacement
        yield from self.fallback_models

    def _routes(self, model: str) -> list[Route]:
        return [Route(endpoint, model) for endpoint in self.endpoints if endpoint.serves(model)]

    def _available_routes(self, model: str) -> list[Route]:
        return [route for route in self._routes(model) if not self.state.retired_models.is_unavailable(route)]

    def _in_order(self, routes: list[Route]) -> list[Route]:
        return self.state.latency.sort_by_latency(routes) if self.state.latency else routes
