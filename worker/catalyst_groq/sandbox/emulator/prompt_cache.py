"""Groq's prompt cache: the beginning of a conversation that was seen lately is cheaper and not counted by limits."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import estimate_prompt

_MIN_CACHED_TOKENS = 128
_TTL_SECONDS = 7200


class PromptCache:
    """What was asked lately, by organization and model, up to each message of a conversation."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def cached_tokens(self, organization: str, model: Model, body: Mapping[str, Any], now: float) -> int:
        """Return how many tokens of a prompt are in the cache, and remember the whole prompt from now on."""
        cached = 0
        for name, tokens in list(_prefixes(organization, model, body)):
            if tokens >= _MIN_CACHED_TOKENS and self._seen.get(name, 0) > now:
                cached = tokens
            self._seen[name] = now + _TTL_SECONDS
        self._seen = {name: until for name, until in self._seen.items() if until > now}
        return cached

    def clear(self) -> None:
        """Forget all prompts."""
        self._seen.clear()


def _prefixes(organization: str, model: Model, body: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for length in range(1, len(body["messages"]) + 1):
        beginning = {"messages": body["messages"][:length], "tools": body.get("tools")}
        name = f"{organization} {model.id} {json.dumps(beginning, sort_keys=True)}"
        yield name, estimate_prompt(beginning, model)
