"""What an answer costs, in USD. Pure."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from worker.groq.answers import Answer, NoAnswer
from worker.groq.models import Price, known_models
from worker.groq.recordings import LEAST_SECONDS
from worker.groq.usage import Usage

MILLION = 1_000_000
HOUR = 3600


def cost_of(answer: Answer | NoAnswer) -> Decimal | None:
    """Return the price of an answer; None where no price, or not what was used, is known."""
    if not isinstance(answer, Answer) or not answer.ok:
        return None
    model = known_models().get(str(answer.body.get("model")))
    if model is None:
        return None
    return _of_tokens(answer.usage, model.price) if model.kind == "chat" else _of_audio(answer.body, model.price)


def _of_tokens(usage: Usage | None, price: Price) -> Decimal | None:
    """Return the price of tokens, cached ones at theirs."""
    if usage is None or price.input is None or price.output is None:
        return None
    cached_price = price.input if price.cached_input is None else price.cached_input
    prompt = (usage.prompt - usage.cached) * price.input + usage.cached * cached_price
    return (prompt + usage.completion * price.output) / MILLION


def _of_audio(body: Mapping[str, Any], price: Price) -> Decimal | None:
    """Return the price of a recording, whose length only Groq's long answers tell."""
    seconds = body.get("duration")
    if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf or price.audio_hour is None:
        return None
    return max(Decimal(str(seconds)), Decimal(LEAST_SECONDS)) * price.audio_hour / HOUR
