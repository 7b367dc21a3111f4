"""The call of one task, before a route is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from catalyst_groq.domain.budgets import Budget
from catalyst_groq.groq.api.operations import Operation, Payload
from catalyst_groq.groq.api.request_validation import UnsupportedParameter
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.routing.endpoints import Endpoint


class Truncated(NamedTuple):
    """A truncated payload, and what was omitted."""

    payload: Payload
    omitted: str


Truncate = Callable[[Payload, float], Truncated | None]
"""Truncates a payload to a fraction of its prompt; None when it cannot be, or must not be, truncated."""


class StoredResponses(Protocol):
    """The stored raw responses of one task, by payload."""

    async def load(self, payload: Payload) -> Response | None:
        """Return the stored response. Raises `JournalError` when it is unknown whether there is one."""

    async def store(self, payload: Payload, response: Response) -> bool:
        """Store a response; returns whether it can be loaded again. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroqCall:
    """One call for one task. The router turns it into requests."""

    operation: Operation
    payload: Payload
    endpoints: Sequence[Endpoint]
    """In the order in which they are tried."""
    responses: StoredResponses
    fallback_models: Sequence[str] = ()
    timeout: float
    """Seconds that one request may take."""
    max_wait: float
    """Seconds within which waits for rate limits must end."""
    caller: str
    """The external task's id."""
    budgets: tuple[Budget, ...] = ()
    truncate: Truncate
    unsupported: UnsupportedParameter | None = None
    """Why Groq would refuse the payload. Other servers may accept it."""
