"""`catalyst-groq models`: which models the key may use, which the endpoints offer, and which deployed processes use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.commands.model_references import ModelReference, find_model_references
from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.errors import DefinitionError, EngineError
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import LIST_MODELS
from catalyst_groq.groq.api.requests import Account, GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint

MODELS_TIMEOUT_SECONDS = 10.0

OfferedModels = frozenset[str] | str
"""Model ids that an account may use, or the reason why they are unknown."""


class DeployedDefinitions(Protocol):
    """Where deployed processes are read: `EngineClient`, for example. The methods raise `EngineError`."""

    async def latest_definitions(self) -> list[ProcessDefinition]:
        """Return the latest versions."""

    async def definition_xml(self, process_definition_id: str, /) -> bytes:
        """Return the BPMN of a definition. Raises `DefinitionError` too."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What the command shows. A text instead of a list is the reason why the list is unknown."""

    catalog: ModelCatalog
    offered: OfferedModels
    """The models that GROQ_API_KEY may use."""
    references: Sequence[ModelReference | str] | str
    """The models that deployed processes use. An entry that is a text says why a diagram cannot be read."""
    endpoints: Sequence[tuple[Endpoint, OfferedModels]] = ()
    """The operator's endpoints, each with the models that it offers under its own names."""

    @property
    def usable_by_tasks(self) -> OfferedModels:
        """The models that tasks can use, by the names in tasks: those of the endpoints, where any are configured."""
        if not self.endpoints:
            return self.offered
        return frozenset().union(*(select_usable_models(endpoint, offered) for endpoint, offered in self.endpoints))


async def collect_model_report(
    catalog: ModelCatalog,
    client: GroqClient,
    own_account: Account,
    endpoints: Sequence[Endpoint],
    references: Sequence[ModelReference | str] | str,
) -> ModelReport:
    """Query Groq and the endpoints; each may be unreachable. `own_account` may have no key."""
    offered = await fetch_offered_models(client, own_account) if own_account.key else "There is no GROQ_API_KEY"
    by_endpoint = [
        (endpoint, await fetch_offered_models(client, _account_of(endpoint, own_account))) for endpoint in endpoints
    ]
    return ModelReport(catalog, offered, references, by_endpoint)


def _account_of(endpoint: Endpoint, own_account: Account) -> Account:
    return endpoint.account.with_key(own_account.key) if endpoint.needs_key_of(own_account) else endpoint.account


async def fetch_offered_models(client: GroqClient, account: Account) -> OfferedModels:
    """Return the models that an account may use, or why they are unknown."""
    response = await client.send(GroqRequest(LIST_MODELS, account, {}, MODELS_TIMEOUT_SECONDS, caller=""))
    body = response.body if isinstance(response, Response) else None
    entries = body.get("data") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        error = classify(response)
        return f"The models that the key may use are unknown: {error.message if error else 'unexpected response'}"
    return frozenset(str(entry["id"]) for entry in entries if entry.get("active", True))


async def find_used_models(
    deployed: DeployedDefinitions, topics: Collection[str], executor: BoundedExecutor
) -> list[ModelReference | str] | str:
    """Return the models that the latest versions of deployed processes use, or why they are unknown.

    An entry that is a text says why a diagram cannot be read.
    """
    definitions = DefinitionCache(deployed.definition_xml, executor)
    found: list[ModelReference | str] = []
    try:
        for id_ in [latest.id for latest in await deployed.latest_definitions()]:
            try:
                definition = await definitions.get(id_)
            except DefinitionError as error:
                found.append(f"{error}.")
                continue
            found += find_model_references(definition, topics)
            found += (
                f"The BPMN of the process definition {id_} {reason}."
                for activity, reason in definition.unreadable.items()
                if definition.origins[activity].topic in topics
            )
    except EngineError as error:
        return f"Deployed processes were not checked: {error}"
    return list(dict.fromkeys(found))  # a diagram with two processes is that of two definitions


def select_usable_models(endpoint: Endpoint, offered: OfferedModels) -> frozenset[str]:
    """Return an endpoint's usable models by the names in tasks. Configured models count where `offered` is unknown."""
    if endpoint.models is None:
        return offered if isinstance(offered, frozenset) else frozenset()
    return frozenset(name for name, own in endpoint.models.items() if isinstance(offered, str) or own in offered)
