"""Whose models are asked, and the one way of asking that everything else is put around."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from catalyst_groq.groq.api.responses import NoResponse, Response

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    """An API and a key for it."""

    url: str
    """Base URL, such as `https://api.groq.com/openai/v1`."""
    key: str = field(repr=False)
    """Empty where none is sent."""

    @cached_property
    def id(self) -> str:
        """Tells accounts apart without telling their keys."""
        return f"{self.url} {hashlib.sha256(self.key.encode()).hexdigest()[:16]}"


class Ask(Protocol):
    """One request for a chat completion."""

    async def __call__(self, account: Account, payload: Payload, within: float) -> Response | NoResponse:
        """Return what came of it in `within` seconds. Never raises."""
