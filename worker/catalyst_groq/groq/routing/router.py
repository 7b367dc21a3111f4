"""Who is asked next: the same model elsewhere, then a model that takes its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from catalyst_groq.groq.api.errors import ApiError, ErrorKind
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.retired_models import RetiredModels

HELPED_BY_ANOTHER = {ErrorKind.MODEL_NOT_FOUND, ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED}
HELPED_BY_ANOTHER_ACCOUNT = {
    ErrorKind.AUTHENTICATION,
    ErrorKind.FORBIDDEN,
    ErrorKind.SPEND_LIMIT,
    ErrorKind.WRONG_URL,
    ErrorKind.REDIRECTED,
}


@dataclass(frozen=True, slots=True)
class RoutingState:
    """What all tasks have learned of models and endpoints since the worker started."""

    retired_models: RetiredModels
    circuit_breakers: CircuitBreakers = field(default_factory=CircuitBreakers)
    latency: LatencyTracker | None = None
    """Decides who is asked first; without it the endpoints' order does."""


@dataclass(frozen=True, slots=True)
class Succession:
    """The models to ask in order: the wanted one, its replacement if it is gone, then the fallbacks.

    Each comes with the routes to it, in order, and is looked at when its turn comes: what happened before decides.
    """

    experience: RoutingState
    endpoints: Sequence[Endpoint]
    model: str
    fallbacks: Sequence[str] = ()

    def __iter__(self) -> Iterator[list[Route]]:
        asked = set()
        for model in self._models():
            if model not in asked and (routes := self._living(model)):
                asked.add(model)
                yield self._in_order(routes)
        if not asked and (routes := self._routes(self.model)):
            yield self._in_order(routes)

    def may_help(self, refusal: ApiError | None) -> bool:
        """Whether somebody else can do better."""
        if refusal is None:
            return False
        elsewhere = len(self.endpoints) > 1 and refusal.kind in HELPED_BY_ANOTHER_ACCOUNT
        return elsewhere or refusal.kind in HELPED_BY_ANOTHER

    def note(self, route: Route, answer: Response | NoResponse, refusal: ApiError | None) -> None:
        """Learn from what came of a route."""
        circuits, paces = self.experience.circuit_breakers, self.experience.latency
        if answer.held_back:
            return circuits.release_probe(route)
        if refusal and refusal.kind is ErrorKind.MODEL_NOT_FOUND:
            self.experience.retired_models.mark_unavailable(route, refusal)
        if refusal and refusal.kind is ErrorKind.TRANSIENT:
            circuits.record_failure(route, refusal)
        elif refusal and refusal.kind in HELPED_BY_ANOTHER_ACCOUNT and self.may_help(refusal):
            circuits.record_failure(route, refusal, trip=True)
        elif isinstance(answer, Response):
            circuits.record_success(route)
        if paces and not refusal:
            paces.record(route, answer.seconds)
        return None

    def _models(self) -> Iterator[str]:
        yield self.model
        routes, gone = self._routes(self.model), self.experience.retired_models.is_unavailable
        if (instead := self.experience.retired_models.replacement_for(self.model)) and (
            not routes or any(map(gone, routes))
        ):
            yield instead
        yield from self.fallbacks

    def _routes(self, model: str) -> list[Route]:
        return [Route(endpoint, model) for endpoint in self.endpoints if endpoint.serves(model)]

    def _living(self, model: str) -> list[Route]:
        return [route for route in self._routes(model) if not self.experience.retired_models.is_unavailable(route)]

    def _in_order(self, routes: list[Route]) -> list[Route]:
        return self.experience.latency.sort_by_latency(routes) if self.experience.latency else routes
