"""Requests that ask a model once more after it has generated something unusable. Pure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from catalyst_groq.common.texts import end_sentence
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import OUTPUT_PARSE_FAILED, ApiError
from catalyst_groq.groq.api.structured_output import InvalidOutput

REGENERATION_CAUSES = frozenset(("tool_use_failed", OUTPUT_PARSE_FAILED, str(HTTPStatus.UNPROCESSABLE_ENTITY.value)))
"""Causes of errors that a second attempt may avoid: the request is in order, and the model made a mistake."""

LOWER_TEMPERATURE = 0.2
"""Groq advises 0 to 0.5 for tool calls."""

DEFAULT_TEMPERATURE = 1.0
CHANGED_PARAMETERS = ("messages", "temperature")
"""Parameters of a request in which these requests may differ from it."""


def correction_request(payload: Mapping[str, Any], invalid: InvalidOutput) -> dict[str, Any]:
    """Return the request that shows the model its response and what is wrong with it."""
    problem = end_sentence(f"That is not the JSON that was requested: {invalid.problem}")
    correction = f"{problem} Answer once more, with that JSON only."
    follow_up = [{"role": "assistant", "content": invalid.content}, {"role": "user", "content": correction}]
    return {**payload, "messages": [*payload["messages"], *follow_up]}


def may_regenerate(error: ApiError) -> bool:
    """Whether the model made a mistake that it may not make again."""
    is_mistake = error.kind in (ErrorKind.GENERATION_FAILED, ErrorKind.INVALID_OUTPUT)
    return is_mistake and not REGENERATION_CAUSES.isdisjoint(error.causes)


def regeneration_request(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with a lower temperature; with a higher one if it is low already: the result shall differ."""
    temperature = payload.get("temperature", DEFAULT_TEMPERATURE)
    is_low = isinstance(temperature, int | float) and temperature <= LOWER_TEMPERATURE
    return {**payload, "temperature": round(temperature + LOWER_TEMPERATURE, 2) if is_low else LOWER_TEMPERATURE}
