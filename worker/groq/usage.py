"""The tokens that Groq says an answer took. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Usage(NamedTuple):
    """Tokens of the prompt, those of them that were cached, and tokens of the answer."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


def usage_in(body: Any) -> Usage | None:
    """Return what an answer with this body took; None where it does not say."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    cached = _tokens(details, "cached_tokens") if isinstance(details, dict) else 0
    prompt = _tokens(usage, "prompt_tokens")
    return Usage(prompt, min(cached, prompt), _tokens(usage, "completion_tokens"))


def _tokens(usage: Mapping[str, Any], name: str) -> int:
    tokens = usage.get(name)
    return max(tokens, 0) if isinstance(tokens, int) else 0
