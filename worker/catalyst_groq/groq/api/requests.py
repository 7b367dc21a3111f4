"""One request to the Groq API, and the interface that every layer of the client implements."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol
from urllib.parse import urlsplit

from catalyst_groq.domain.budgets import Budget
from catalyst_groq.groq.api.operations import Operation, Payload
from catalyst_groq.groq.api.responses import NoResponse, Response

GROQ_HOST = "api.groq.com"


@dataclass(frozen=True)
class Account:
    """The URL of an API, and a key for it."""

    url: str
    """Base URL, such as `https://api.groq.com/openai/v1`."""
    key: str = field(repr=False)
    """Empty when no key is sent."""

    @cached_property
    def is_groq(self) -> bool:
        """Whether the URL is Groq's own, rather than that of a gateway or another server."""
        return (urlsplit(self.url).hostname or "") == GROQ_HOST

    @cached_property
    def id(self) -> str:
        """Identifies the account, and does not reveal its key."""
        return f"{self.url} {hashlib.sha256(self.key.encode()).hexdigest()[:16]}"


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


class GroqClient(Protocol):
    """Sends requests. The layers around the HTTP client (budgets, rate limits) implement the same protocol."""

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send one request and return its result. Network and API errors are values, never exceptions."""
