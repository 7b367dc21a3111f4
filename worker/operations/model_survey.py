"""What is found out of models: which a key may use, which endpoints have, and which deployed processes name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from worker.camunda.engine import Engine
from worker.connector.named_models import NamedModel, named_models
from worker.errors import EngineError
from worker.groq.accounts import Account
from worker.groq.answers import Answer
from worker.groq.client import Groq
from worker.groq.endpoints import Endpoint
from worker.groq.errors import refusal
from worker.groq.models import ModelTable

TIMEOUT = 10.0
"""Seconds for Groq's answer."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out; a text says why something was not."""

    table: ModelTable
    offered: frozenset[str] | str
    """The models that the key may use."""
    in_use: Sequence[NamedModel] | str
    """The models that deployed processes name."""
    endpoints: Sequence[tuple[Endpoint, frozenset[str] | str]] = ()
    """The operator's endpoints, and what each offers."""

    @property
    def for_tasks(self) -> frozenset[str] | str:
        """The models that tasks get, by the names that they use: at the endpoints, where there are any."""
        if not self.endpoints:
            return self.offered
        return frozenset().union(*(usable(endpoint, offered) for endpoint, offered in self.endpoints))


async def offered_models(groq: Groq, account: Account) -> frozenset[str] | str:
    """Ask Groq which models a key may use."""
    answer = await groq.models(account, TIMEOUT)
    listed = answer.body.get("data") if isinstance(answer, Answer) and isinstance(answer.body, dict) else None
    if not isinstance(listed, list):
        why = refusal(answer)
        return f"No list of the models that the key may use: {why.message if why else 'an odd answer'}"
    return frozenset(str(entry["id"]) for entry in listed if entry.get("active", True))


async def models_in_use(engine: Engine, topics: Collection[str]) -> list[NamedModel] | str:
    """Ask the engine which models the newest versions of its processes name."""
    try:
        ids = await engine.latest_definitions()
        return [named for id_ in ids for named in named_models(await engine.definition_xml(id_), topics)]
    except EngineError as error:
        return f"Processes were not looked at: {error}"


def usable(endpoint: Endpoint, offered: frozenset[str] | str) -> frozenset[str]:
    """Return the models of an endpoint by the names that tasks use; what it does not say is believed."""
    if endpoint.models is None:
        return offered if isinstance(offered, frozenset) else frozenset()
    return frozenset(name for name, own in endpoint.models.items() if isinstance(offered, str) or own in offered)
