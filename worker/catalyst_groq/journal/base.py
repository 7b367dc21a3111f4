"""What is kept, and what every journal can do."""

import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response

STORED_HEADERS = ("x-request-id",)


@dataclass(frozen=True, slots=True)
class JournalKey:
    """One answer under the task and the request it answers.

    The request is part of the key: a task whose payload was mended asks anew.
    """

    task_id: str
    request: str

    def __str__(self) -> str:
        return f"{self.task_id}:{self.request}"


def request_key(endpoint: str, content: bytes) -> str:
    """Tell requests apart without keeping what they say: the SHA-256 of where and what was asked."""
    return hashlib.sha256(endpoint.encode() + b"\0" + content).hexdigest()


def encode_response(response: Response) -> str:
    """Write an answer down."""
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    entry = {"status": response.status, "headers": headers, "text": response.text, "seconds": response.seconds}
    return to_bytes(entry).decode()


def decode_response(text: str) -> Response:
    """Read an answer back. Raises `JournalError` for what `encode_response` never wrote."""
    try:
        return Response(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise JournalError(f"An entry cannot be read: {error}") from error


class Journal(Protocol):
    """Where answers wait for the engine's acknowledgement. All methods raise `JournalError`."""

    @property
    def is_available(self) -> bool:
        """Whether what is given to `keep` can be recalled."""

    async def load(self, key: JournalKey) -> Response | None:
        """Return the answer that was kept, if one was."""

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep an answer; when this returns, it outlives a crash of the worker."""

    async def discard(self, task_id: str) -> None:
        """Drop what was kept for a task: the engine has taken its outcome."""

    async def aclose(self) -> None:
        """Let go of files and connections."""


class NullJournal:
    """Keeps nothing: the operator switched the journal off."""

    is_available = False

    async def load(self, key: JournalKey) -> Response | None:  # noqa: ARG002 -- the protocol's
        """Know nothing."""
        return None

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep nothing."""

    async def discard(self, task_id: str) -> None:
        """Forget nothing."""

    async def aclose(self) -> None:
        """Hold nothing."""
