"""One request to the Groq API, and the interface that every layer of the client implements."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from catalyst_groq.domain.budgets import Budget
from catalyst_groq.groq.api.operations import Operation, Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.api.server_kinds import ServerKind

Pairs = tuple[tuple[str, str], ...]
"""Names and values."""


@dataclass(frozen=True)
class Account:
    """The URL of an API, a key for it, and what else its server needs with each request."""

    url: str
    """Base URL, such as `https://api.groq.com/openai/v1`."""
    key: str = field(repr=False)
    """Empty when no key is sent."""
    server: ServerKind = ServerKind.OTHER
    headers: Pairs = field(default=(), repr=False)
    """Further headers; their values may be secrets."""
    query: Pairs = ()
    """The query of its URLs, such as Azure's `api-version`."""
    key_header: str = ""
    """The header that contains the key alone, such as Azure's `api-key`; empty for `Authorization: Bearer`."""

    @cached_property
    def id(self) -> str:
        """Identifies the account, and does not reveal its key."""
        secrets = "\0".join([self.key, *(part for pair in (*self.headers, *self.query) for part in pair)])
        return f"{self.url} {hashlib.sha256(secrets.encode()).hexdigest()[:16]}"

    @cached_property
    def request_headers(self) -> Mapping[str, str]:
        """The headers of each request: its own, and the one with the key."""
        name, value = (self.key_header, self.key) if self.key_header else ("authorization", f"Bearer {self.key}")
        return dict(self.headers) | ({name: value} if self.key else {})

    def with_key(self, key: str) -> "Account":
        """Return the same account with another key."""
        return replace(self, key=key)


@dataclass(frozen=True, slots=True)
class GroqRequest:
    """One request to one account."""

    operation: Operation
    account: Account
    payload: Payload
    timeout: float
    """Seconds from sending to the last byte of the response."""
    caller: str
    """The external task's id. It identifies the request in the rate limiter's queue."""
    budgets: tuple[Budget, ...] = ()
    """What the response's cost counts against."""
    endpoint: str = ""
    """The name of the endpoint that the account is for."""


class GroqClient(Protocol):
    """Sends requests. The layers around the HTTP client (budgets, rate limits) implement the same protocol."""

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send one request and return its result. Network and API errors are values, never exceptions."""
