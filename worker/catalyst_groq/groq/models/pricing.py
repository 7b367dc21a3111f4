"""What an answer costs, in USD. Pure."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalyst_groq.groq.api.audio import LEAST_SECONDS
from catalyst_groq.groq.api.responses import NoResponse, Response, Usage
from catalyst_groq.groq.models.catalog import Price, known_models

MILLION = 1_000_000
HOUR = 3600


def cost_usd(answer: Response | NoResponse) -> Decimal | None:
    """Return the price of an answer; None where no price, or not what was used, is known."""
    if not isinstance(answer, Response) or not answer.ok:
        return None
    model = known_models().get(str(answer.body.get("model")))
    if model is None:
        return None
    return _token_cost(answer.usage, model.price) if model.kind == "chat" else _audio_cost(answer.body, model.price)


def _token_cost(usage: Usage | None, price: Price) -> Decimal | None:
    """Return the price of tokens, cached ones at theirs."""
    if usage is None or price.input is None or price.output is None:
        return None
    cached_price = price.input if price.cached_input is None else price.cached_input
    prompt = (usage.prompt - usage.cached) * price.input + usage.cached * cached_price
    return (prompt + usage.completion * price.output) / MILLION


def _audio_cost(body: Mapping[str, Any], price: Price) -> Decimal | None:
    """Return the price of a recording, whose length only Groq's long answers tell."""
    seconds = body.get("duration")
    if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf or price.audio_hour is None:
        return None
    return max(Decimal(str(seconds)), Decimal(LEAST_SECONDS)) * price.audio_hour / HOUR
