"""Who is asked next: the same model elsewhere, then a model that takes its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from worker.groq.answers import Answer, NoAnswer
from worker.groq.circuits import Circuits
from worker.groq.endpoints import Endpoint, Route
from worker.groq.errors import Problem, Refusal
from worker.groq.paces import Paces
from worker.groq.replacements import Replacements

HELPED_BY_ANOTHER = {Problem.MODEL_GONE, Problem.TRANSIENT, Problem.THROTTLED}
HELPED_BY_ANOTHER_ACCOUNT = {Problem.AUTH, Problem.FORBIDDEN, Problem.MONEY, Problem.WRONG_URL, Problem.REDIRECTED}


@dataclass(frozen=True, slots=True)
class Experience:
    """What all tasks have learned of models and endpoints since the worker started."""

    replacements: Replacements
    circuits: Circuits = field(default_factory=Circuits)
    paces: Paces | None = None
    """Decides who is asked first; without it the endpoints' order does."""


@dataclass(frozen=True, slots=True)
class Succession:
    """The models to ask in order: the wanted one, its replacement if it is gone, then the fallbacks.

    Each comes with the routes to it, in order, and is looked at when its turn comes: what happened before decides.
    """

    experience: Experience
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

    def may_help(self, refusal: Refusal | None) -> bool:
        """Whether somebody else can do better."""
        if refusal is None:
            return False
        elsewhere = len(self.endpoints) > 1 and refusal.problem in HELPED_BY_ANOTHER_ACCOUNT
        return elsewhere or refusal.problem in HELPED_BY_ANOTHER

    def note(self, route: Route, answer: Answer | NoAnswer, refusal: Refusal | None) -> None:
        """Learn from what came of a route."""
        circuits, paces = self.experience.circuits, self.experience.paces
        if answer.held:
            return circuits.not_tried(route)
        if refusal and refusal.problem is Problem.MODEL_GONE:
            self.experience.replacements.remember(route, refusal)
        if refusal and refusal.problem is Problem.TRANSIENT:
            circuits.failed(route, refusal)
        elif refusal and refusal.problem in HELPED_BY_ANOTHER_ACCOUNT and self.may_help(refusal):
            circuits.failed(route, refusal, for_sure=True)
        elif isinstance(answer, Answer):
            circuits.answered(route)
        if paces and not refusal:
            paces.note(route, answer.seconds)
        return None

    def _models(self) -> Iterator[str]:
        yield self.model
        routes, gone = self._routes(self.model), self.experience.replacements.is_gone
        if (instead := self.experience.replacements.of(self.model)) and (not routes or any(map(gone, routes))):
            yield instead
        yield from self.fallbacks

    def _routes(self, model: str) -> list[Route]:
        return [Route(endpoint, model) for endpoint in self.endpoints if endpoint.has(model)]

    def _living(self, model: str) -> list[Route]:
        return [route for route in self._routes(model) if not self.experience.replacements.is_gone(route)]

    def _in_order(self, routes: list[Route]) -> list[Route]:
        return self.experience.paces.fastest_first(routes) if self.experience.paces else routes
