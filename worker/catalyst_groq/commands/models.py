"""What is found out of models: which a key may use, which endpoints have, and which deployed processes name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.commands.model_references import ModelReference, find_model_references
from catalyst_groq.errors import EngineError
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import LIST_MODELS
from catalyst_groq.groq.api.requests import Account, GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint

MODELS_TIMEOUT_SECONDS = 10.0
"""Seconds for Groq's answer."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What was found out; a text says why something was not."""

    catalog: ModelCatalog
    offered: frozenset[str] | str
    """The models that the key may use."""
    in_use: Sequence[ModelReference] | str
    """The models that deployed processes name."""
    endpoints: Sequence[tuple[Endpoint, frozenset[str] | str]] = ()
    """The operator's endpoints, and what each offers."""

    @property
    def for_tasks(self) -> frozenset[str] | str:
        """The models that tasks get, by the names that they use: at the endpoints, where there are any."""
        if not self.endpoints:
            return self.offered
        return frozenset().union(*(usable(endpoint, offered) for endpoint, offered in self.endpoints))


async def offered_models(groq: GroqClient, account: Account) -> frozenset[str] | str:
    """Ask Groq which models a key may use."""
    request = GroqRequest(LIST_MODELS, account, {}, MODELS_TIMEOUT_SECONDS, caller="")
    answer = await groq.send(request)
    listed = answer.body.get("data") if isinstance(answer, Response) and isinstance(answer.body, dict) else None
    if not isinstance(listed, list):
        why = classify(answer)
        return f"No list of the models that the key may use: {why.message if why else 'an odd answer'}"
    return frozenset(str(entry["id"]) for entry in listed if entry.get("active", True))


async def models_in_use(engine: EngineClient, topics: Collection[str]) -> list[ModelReference] | str:
    """Ask the engine which models the newest versions of its processes name."""
    try:
        ids = await engine.latest_definitions()
        return [named for id_ in ids for named in find_model_references(await engine.definition_xml(id_), topics)]
    except EngineError as error:
        return f"Processes were not looked at: {error}"


def usable(endpoint: Endpoint, offered: frozenset[str] | str) -> frozenset[str]:
    """Return the models of an endpoint by the names that tasks use; what it does not say is believed."""
    if endpoint.models is None:
        return offered if isinstance(offered, frozenset) else frozenset()
    return frozenset(name for name, own in endpoint.models.items() if isinstance(offered, str) or own in offered)
