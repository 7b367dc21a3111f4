"""What Groq can be asked for, and how each goes over the wire: where to, in which form, and what is an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from aiohttp import FormData
from aiohttp.payload import BytesPayload

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.groq.api.audio import Recording, heard
from catalyst_groq.groq.api.requests import Payload
from catalyst_groq.groq.api.responses import Response

CHAT = "/chat/completions"
TRANSCRIPTIONS = "/audio/transcriptions"
TRANSLATIONS = "/audio/translations"
MODELS = "/models"

Body = BytesPayload | FormData

TASK_PARAMETER = "task"
"""What Whisper calls it whether a recording is to be transcribed or translated; Groq has a path for each instead."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that Groq can be asked for."""

    path: str
    body: Callable[[Payload], Body]
    answer: Callable[[Response, Payload], Response] = lambda answer, _: answer
    """Gives what was answered the shape that all answers have."""


def _json(payload: Payload) -> Body:
    return BytesPayload(to_bytes(payload), content_type="application/json")


def _form(payload: Payload) -> Body:
    form = FormData(default_to_multipart=True)
    for name, value in payload.items():
        match value:
            case _ if name == TASK_PARAMETER:
                continue
            case Recording():
                form.add_field(name, BytesIO(value.content), filename=value.filename, content_type=value.mimetype)
            case list():
                for entry in value:
                    form.add_field(f"{name}[]", _sendable(entry))
            case _:
                form.add_field(name, _sendable(value))
    return form


def _sendable(value: Any) -> str:
    """Say it in a text that UTF-8 can say too: half a surrogate pair becomes a question mark."""
    return str(value).encode(errors="replace").decode()


CHAT_COMPLETION = Operation(CHAT, _json)
HEARING = {"transcribe": Operation(TRANSCRIPTIONS, _form, heard), "translate": Operation(TRANSLATIONS, _form, heard)}
"""By the payload's task."""


def operation_of(payload: Payload) -> Operation:
    """Tell from a payload what it asks for: one with messages is a chat."""
    return CHAT_COMPLETION if "messages" in payload else HEARING.get(str(payload.get(TASK_PARAMETER)), CHAT_COMPLETION)
