"""Estimates what a request uses and costs. Pure."""

from decimal import Decimal
from typing import NamedTuple

from catalyst_groq.groq.api.operations import MILLION
from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.rate_limits.usage_estimate import UsageEstimate

OUTPUT_PARAMETERS = ("max_completion_tokens", "max_tokens")


class Estimate(NamedTuple):
    """Tokens and USD; None where they are not known before the answer."""

    prompt_tokens: int | None
    output_tokens: int | None
    """The most that the answer may have."""
    is_output_limited: bool
    """Whether the request limits it; otherwise it is assumed."""
    max_cost: Decimal | None
    """USD, with an answer of that length and nothing cached."""
    hour_price: Decimal | None = None
    """USD per hour of audio."""
    problem: str = ""
    """Why the model cannot take the request."""


def estimate(request: GroqRequest, model: Model) -> Estimate:
    """Estimate a request to a model."""
    if not request.operation.uses_tokens:
        return Estimate(None, None, is_output_limited=False, max_cost=None, hour_price=model.price.audio_hour)
    prompt, output = estimate_prompt(request.payload, model), max_output_tokens(request.payload)
    is_limited = any(request.payload.get(name) for name in OUTPUT_PARAMETERS)
    problem = UsageEstimate(prompt, output).check_fits({}, model.context_window)
    return Estimate(prompt, output, is_limited, _cost(prompt, output, model), problem=problem)


def _cost(prompt: int, output: int, model: Model) -> Decimal | None:
    price = model.price
    if price.input is None or price.output is None:
        return None
    return (prompt * price.input + output * price.output) / MILLION
