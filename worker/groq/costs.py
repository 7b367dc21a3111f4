"""What an answer costs, in USD. Pure."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from worker.groq.answers import Answer, NoAnswer
from worker.groq.models import Price, known_models
from worker.groq.recordings import LEAST_SECONDS

MILLION = 1_000_000
HOUR = 3600


def cost_of(answer: Answer | NoAnswer) -> Decimal | None:
    """Return the price of an answer; None where no price, or not what was used, is known."""
    body = answer.body if isinstance(answer, Answer) and answer.ok else {}
    model = known_models().get(str(body.get("model")))
    if model is None:
        return None
    return _of_tokens(body.get("usage"), model.price) if model.kind == "chat" else _of_audio(body, model.price)


def _of_tokens(usage: Any, price: Price) -> Decimal | None:
    """Return the price of tokens, cached ones at theirs."""
    if not isinstance(usage, dict) or price.input is None or price.output is None:
        return None
    asked = _tokens(usage, "prompt_tokens")
    cached = min(_cached(usage), asked)
    cached_price = price.input if price.cached_input is None else price.cached_input
    prompt = (asked - cached) * price.input + cached * cached_price
    return (prompt + _tokens(usage, "completion_tokens") * price.output) / MILLION


def _of_audio(body: Mapping[str, Any], price: Price) -> Decimal | None:
    """Return the price of a recording, whose length only Groq's long answers tell."""
    seconds = body.get("duration")
    if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf or price.audio_hour is None:
        return None
    return max(Decimal(str(seconds)), Decimal(LEAST_SECONDS)) * price.audio_hour / HOUR


def _tokens(usage: Mapping[str, Any], name: str) -> int:
    tokens = usage.get(name)
    return max(tokens, 0) if isinstance(tokens, int) else 0


def _cached(usage: Mapping[str, Any]) -> int:
    details = usage.get("prompt_tokens_details")
    return _tokens(details, "cached_tokens") if isinstance(details, dict) else 0
