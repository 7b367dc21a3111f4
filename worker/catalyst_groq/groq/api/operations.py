"""The API operations: path, encoding, decoding, consumption and kind of model of each. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from typing import Any

from aiohttp import FormData
from aiohttp.payload import BytesPayload

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.groq.api.audio import MIN_BILLED_SECONDS, AudioFile
from catalyst_groq.groq.api.request_validation import UnsupportedParameter, find_unsupported
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.api.transcriptions import parse_transcription

Payload = Mapping[str, Any]
"""The parameters of a request, as the API reference names them."""

Body = BytesPayload | FormData | None

Consumption = Mapping[str, Decimal]
"""Billable quantities, keyed by the `Price` field they are multiplied by."""

TASK_PARAMETER = "task"
"""Whisper's parameter that chooses between transcription and translation. Groq has an operation for each instead, and
does not accept the parameter."""

CHAT_PATH = "/chat/completions"
TRANSCRIPTIONS_PATH = "/audio/transcriptions"
TRANSLATIONS_PATH = "/audio/translations"
MODELS_PATH = "/models"

MILLION = 1_000_000
SECONDS_PER_HOUR = 3600


def encode_json(payload: Payload) -> Body:
    """Return the payload as a JSON document."""
    return BytesPayload(to_bytes(payload), content_type="application/json")


def encode_form(payload: Payload) -> Body:
    """Return the payload as multipart form data. A list becomes a field `name[]` for each of its entries."""
    form = FormData(default_to_multipart=True)
    for name, value in payload.items():
        match value:
            case _ if name == TASK_PARAMETER:
                continue
            case AudioFile():
                form.add_field(name, BytesIO(value.content), filename=value.filename, content_type=value.mimetype)
            case list():
                for entry in value:
                    form.add_field(f"{name}[]", _to_utf8(entry))
            case _:
                form.add_field(name, _to_utf8(value))
    return form


def decode_unchanged(response: Response, payload: Payload) -> Response:  # noqa: ARG001 -- the shape of a decoder
    """Return the response as it is."""
    return response


def decode_transcription(response: Response, payload: Payload) -> Response:
    """Return a JSON body with `text`, whatever the response format is, and with `model`, which Groq omits."""
    if not response.is_success:
        return response
    transcription = parse_transcription(response, payload.get("response_format"))
    return response if transcription is None else response.with_body({"model": payload["model"], **transcription})


def encode_nothing(payload: Payload) -> Body:  # noqa: ARG001 -- the shape of an encoder
    """Return no body."""
    return None


def nothing_consumed(response: Response) -> Consumption | None:  # noqa: ARG001 -- the shape of a consumption
    """Return that nothing is billed: the operation is free."""
    return {}


def nothing_unsupported(payload: Payload) -> UnsupportedParameter | None:  # noqa: ARG001 -- the shape of a check
    """Return that Groq is not known to refuse anything."""
    return None


def tokens_consumed(response: Response) -> Consumption | None:
    """Return millions of tokens by kind; None when the response has no usage."""
    usage = response.usage
    if usage is None:
        return None
    return {
        "input": Decimal(usage.prompt - usage.cached) / MILLION,
        "cached_input": Decimal(usage.cached) / MILLION,
        "output": Decimal(usage.completion) / MILLION,
    }


def audio_consumed(response: Response) -> Consumption | None:
    """Return hours of audio; None without a duration, which only the `verbose_json` format reports."""
    seconds = response.body.get("duration") if isinstance(response.body, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        return None
    return {"audio_hour": max(Decimal(str(seconds)), Decimal(MIN_BILLED_SECONDS)) / SECONDS_PER_HOUR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the API. The functions are pure."""

    path: str
    """Relative to an account's base URL."""
    method: str = "POST"
    model_kind: str
    """The kind of model that supports it: `kind` in the model catalog."""
    encode: Callable[[Payload], Body]
    decode: Callable[[Response, Payload], Response] = decode_unchanged
    """Returns a response whose JSON, if it is successful, has `choices`, `text` or `data` (`responses.RESULT_KEYS`).
    A 2xx with none of them counts as a transient failure unless it names another error."""
    consumption: Callable[[Response], Consumption | None]
    """What a response is billed for; None when the response does not report it."""
    uses_tokens: bool = False
    """Whether token limits apply to it, in addition to request limits."""
    find_unsupported: Callable[[Payload], UnsupportedParameter | None] = nothing_unsupported
    """Returns why Groq would refuse a payload. Other servers may accept it."""


CHAT_COMPLETION = Operation(
    path=CHAT_PATH,
    model_kind="chat",
    encode=encode_json,
    consumption=tokens_consumed,
    uses_tokens=True,
    find_unsupported=find_unsupported,
)
TRANSCRIPTION = Operation(
    path=TRANSCRIPTIONS_PATH,
    model_kind="transcription",
    encode=encode_form,
    decode=decode_transcription,
    consumption=audio_consumed,
)
TRANSLATION = replace(TRANSCRIPTION, path=TRANSLATIONS_PATH)
LIST_MODELS = Operation(
    path=MODELS_PATH, method="GET", model_kind="", encode=encode_nothing, consumption=nothing_consumed
)


def _to_utf8(value: Any) -> str:
    """Return the value as a text that UTF-8 can encode: half a surrogate pair becomes a question mark."""
    return str(value).encode(errors="replace").decode()
