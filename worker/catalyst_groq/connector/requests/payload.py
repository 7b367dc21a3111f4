"""The payload of a chat request: parsed first, filled afterwards, so no variable can change its structure."""

import json
from collections.abc import Mapping
from typing import Any

from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests.message_content import normalize_content
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.audio import AudioFile
from catalyst_groq.groq.api.request_validation import can_stream


def _describe_audio(value: Any) -> str:
    if isinstance(value, AudioFile):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


COMPACT_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_describe_audio)


def render_payload(
    template: Mapping[str, Any],
    variables: Mapping[str, Any],
    model: str | None,
    *,
    default_model: str,
    stream: bool = False,
) -> dict[str, Any]:
    """Fill the payload template with process variables and check that it is a chat request.

    `model` is the Model field, which wins over the payload's own model; without either it is `default_model`. `stream`
    requests a stream where the payload allows one. Raises `FieldError`.
    """
    payload: dict[str, Any] = fill(PAYLOAD, dict(template), variables, files=True)
    if not isinstance(payload.get("messages"), list) or not payload["messages"]:
        raise FieldError(PAYLOAD, "has no list of messages", 'Add "messages": [{"role": "user", "content": "…"}]')
    payload["messages"] = [normalize_content(message) for message in payload["messages"]]
    if stream and can_stream(payload):
        payload["stream"] = True
    payload["model"] = model or payload.get("model") or default_model
    if not isinstance(payload["model"], str):
        raise FieldError(PAYLOAD, "has a 'model' that is no text", f'Write "model": "{default_model}"')
    return payload


def to_bytes(field: str, payload: Mapping[str, Any]) -> bytes:
    """Encode the payload as JSON, which identifies it; an audio file is described by name, size and fingerprint.

    Raises `FieldError` for values without a JSON form (infinity, NaN, `!!binary`).
    """
    try:
        return COMPACT_JSON.encode(payload).encode("ascii")
    except (TypeError, ValueError) as error:
        raise FieldError(field, f"cannot be written as JSON: {error}", "Use plain texts and numbers") from error
