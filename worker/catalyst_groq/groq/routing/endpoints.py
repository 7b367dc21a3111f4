"""Endpoints that serve models, and the route to one model at one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.api.server_kinds import ServerKind

GROQ = "Groq"
"""Groq's name as a server."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API that serves models, with a name that logs, metrics and processes may show."""

    name: str
    account: Account
    models: Mapping[str, str] | None = None
    """Its own model names by the names that processes use. None: it serves every model under its own name."""
    priority: int = 0
    """Endpoints with a lower number are tried first."""
    is_operators: bool = True
    """Whether the operator's key is used. False: the task brought the key, so that only the task is concerned."""

    @property
    def id(self) -> str:
        """Identifies the account, and does not reveal its key."""
        return self.account.id

    def __str__(self) -> str:
        return self.name

    def serves(self, model: str) -> bool:
        """Whether requests for the model may be sent there."""
        return self.models is None or model in self.models

    def needs_key_of(self, account: Account) -> bool:
        """Whether it has no key of its own and the same URL as the account, so that the account's key is used."""
        return not self.account.key and self.account.url == account.url


@dataclass(frozen=True, slots=True)
class Route:
    """One model, by the name that processes use, at one endpoint."""

    endpoint: Endpoint
    model: str

    @property
    def model_at_endpoint(self) -> str:
        """The endpoint's own name of the model."""
        return self.endpoint.models[self.model] if self.endpoint.models else self.model

    @property
    def id(self) -> tuple[str, str]:
        """Identifies the route: the account's id and the model."""
        return self.endpoint.account.id, self.model

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint.name}"


def server_name(endpoint: Endpoint, response: Response | NoResponse) -> str:
    """Return the name of the server that a message speaks of: Groq, or the endpoint's name."""
    is_groq = endpoint.account.server is ServerKind.GROQ
    return GROQ if is_groq or (isinstance(response, Response) and response.is_from_groq) else endpoint.name
