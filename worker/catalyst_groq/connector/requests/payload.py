"""The request payload: parsed first, filled afterwards, so no variable can change its structure."""

import json
from collections.abc import Mapping
from typing import Any

from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests.message_content import normalize_content
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.request_validation import can_stream, find_unsupported
from catalyst_groq.groq.models.catalog import known_models

COMPACT_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def render_payload(
    field: str, template: Mapping[str, Any], variables: Mapping[str, Any], model: str | None, *, stream: bool = False
) -> dict[str, Any]:
    """Fill the payload template with process variables and make sure that it is a chat request.

    `model` is the Model field; it wins over the payload's own, and without either the default model is asked. `stream`
    asks for a stream wherever there can be one. Raises `FieldError`.
    """
    payload: dict[str, Any] = fill(field, dict(template), variables, files=True)
    if not isinstance(payload.get("messages"), list) or not payload["messages"]:
        raise FieldError(field, "has no list of messages", 'Add "messages": [{"role": "user", "content": "…"}]')
    payload["messages"] = [normalize_content(message) for message in payload["messages"]]
    if refused := find_unsupported(payload):
        raise FieldError(field, refused.problem, refused.fix)
    if stream and can_stream(payload):
        payload["stream"] = True
    payload["model"] = model or payload.get("model") or known_models().default
    if not isinstance(payload["model"], str):
        raise FieldError(field, "has a 'model' that is no text", f'Write "model": "{known_models().default}"')
    return payload


def to_bytes(field: str, payload: Mapping[str, Any]) -> bytes:
    """Write the payload as JSON. Raises `FieldError` for what JSON cannot say (infinity, NaN, a YAML `!!binary`)."""
    try:
        return COMPACT_JSON.encode(payload).encode("ascii")
    except (TypeError, ValueError) as error:
        raise FieldError(field, f"cannot be written as JSON: {error}", "Use plain texts and numbers") from error
