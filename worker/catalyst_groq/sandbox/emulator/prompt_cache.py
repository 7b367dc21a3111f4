"""Groq's prompt cache: cached prompt prefixes are cheaper and do not count against limits."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import estimate_prompt

_MIN_CACHED_TOKENS = 128
_TTL_SECONDS = 7200


class PromptCache:
    """Recent prompt prefixes by organization and model, one for each message of a conversation."""

    def __init__(self) -> None:
        self._expiry_by_prefix: dict[str, float] = {}

    def cached_tokens(self, organization: str, model: Model, body: Mapping[str, Any], now: float) -> int:
        """Return the number of cached tokens of a prompt, and add the prompt to the cache."""
        cached = 0
        for name, tokens in list(_prefixes(organization, model, body)):
            if tokens >= _MIN_CACHED_TOKENS and self._expiry_by_prefix.get(name, 0) > now:
                cached = tokens
            self._expiry_by_prefix[name] = now + _TTL_SECONDS
        self._expiry_by_prefix = {name: until for name, until in self._expiry_by_prefix.items() if until > now}
        return cached

    def clear(self) -> None:
        """Delete all prompts."""
        self._expiry_by_prefix.clear()


def _prefixes(organization: str, model: Model, body: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for length in range(1, len(body["messages"]) + 1):
        prefix = {"messages": body["messages"][:length], "tools": body.get("tools")}
        name = f"{organization} {model.id} {json.dumps(prefix, sort_keys=True)}"
        yield name, estimate_prompt(prefix, model)
