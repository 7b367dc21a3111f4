"""What an answer costs, in USD. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from worker.groq.answers import Answer, NoAnswer
from worker.groq.models import known_models

MILLION = 1_000_000


def cost_of(answer: Answer | NoAnswer) -> Decimal | None:
    """Return the price of the tokens of an answer, cached ones at theirs; None where no price is known."""
    body = answer.body if isinstance(answer, Answer) and answer.ok else {}
    usage, model = body.get("usage"), known_models().get(str(body.get("model")))
    if not isinstance(usage, dict) or model is None or model.price.input is None or model.price.output is None:
        return None
    price, cached = model.price.input, _cached(usage)
    cached_price = price if model.price.cached_input is None else model.price.cached_input
    prompt = (_tokens(usage, "prompt_tokens") - cached) * price + cached * cached_price
    return (prompt + _tokens(usage, "completion_tokens") * model.price.output) / MILLION


def _tokens(usage: Mapping[str, Any], name: str) -> int:
    tokens = usage.get(name)
    return tokens if isinstance(tokens, int) else 0


def _cached(usage: Mapping[str, Any]) -> int:
    details = usage.get("prompt_tokens_details")
    return _tokens(details, "cached_tokens") if isinstance(details, dict) else 0
