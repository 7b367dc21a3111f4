"""What is kept, and what every journal can do."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response

STORED_HEADERS = ("x-request-id",)
FORMAT_VERSION = 1
"""Of an entry. A worker of a later version can tell how an entry is to be read."""


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
    """Encode a response as JSON. A body that is not UTF-8, such as audio, is stored in base64."""
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    entry = {"version": FORMAT_VERSION, "status": response.status, "headers": headers, "seconds": response.seconds}
    try:
        entry["text"] = response.content.decode()
    except UnicodeDecodeError:
        entry["base64"] = base64.b64encode(response.content).decode()
    return to_bytes(entry).decode()


def decode_response(text: str) -> Response:
    """Decode a response, also one of the format before there were versions. Raises `JournalError`."""
    try:
        entry = json.loads(text)
        content = base64.b64decode(entry["base64"]) if "base64" in entry else entry["text"].encode(errors="replace")
        return Response(entry["status"], entry["headers"], content, entry["seconds"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise JournalError(f"A journal entry cannot be read: {error!r}") from error


class Journal(Protocol):
    """Where answers wait for the engine's acknowledgement. All methods raise `JournalError`."""

    @property
    def keeps(self) -> bool:
        """Whether what is given to `keep` can be recalled."""

    async def recall(self, entry: JournalKey) -> Response | None:
        """Return the answer that was kept, if one was."""

    async def keep(self, entry: JournalKey, answer: Response) -> None:
        """Keep an answer; when this returns, it outlives a crash of the worker."""

    async def forget(self, task_id: str) -> None:
        """Drop what was kept for a task: the engine has taken its outcome."""

    async def aclose(self) -> None:
        """Let go of files and connections."""


class NullJournal:
    """Keeps nothing: the operator switched the journal off."""

    keeps = False

    async def recall(self, entry: JournalKey) -> Response | None:  # noqa: ARG002 -- the protocol's
        """Know nothing."""
        return None

    async def keep(self, entry: JournalKey, answer: Response) -> None:
        """Keep nothing."""

    async def forget(self, task_id: str) -> None:
        """Forget nothing."""

    async def aclose(self) -> None:
        """Hold nothing."""
