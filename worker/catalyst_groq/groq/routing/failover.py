"""The order in which the routes of a call are tried, and what all calls learn about routes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from catalyst_groq.groq.api.errors import ApiError, ErrorKind, Failover
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.retired_models import RetiredModels


@dataclass(frozen=True, slots=True)
class RoutingState:
    """What all tasks have learned about models and endpoints since the worker started."""

    retired_models: RetiredModels
    circuit_breakers: CircuitBreakers = field(default_factory=CircuitBreakers)
    latency: LatencyTracker | None = None
    """Decides which endpoint is tried first; without it the endpoints' order does."""

    def record(self, route: Route, response: Response | NoResponse, error: ApiError | None, *, is_only: bool) -> None:
        """Learn from a result. `is_only`: there is no other endpoint, so that an account's error opens no circuit."""
        breakers = self.circuit_breakers
        if response.held_back:
            breakers.release_probe(route)
            return
        if error and error.kind is ErrorKind.MODEL_NOT_FOUND:
            self.retired_models.mark_unavailable(route, error)
        if error and error.kind is ErrorKind.TRANSIENT:
            breakers.record_failure(route, error)
        elif error and Failover.OTHER_ACCOUNT in error.kind.failover and not is_only:
            breakers.record_failure(route, error, trip=True)
        elif isinstance(response, Response):
            breakers.record_success(route)
        if self.latency and not error:
            self.latency.record(route, response.seconds)


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
