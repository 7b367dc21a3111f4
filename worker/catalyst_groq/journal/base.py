"""The interface of every journal, and the format of its entries."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.errors import UnreadableEntry
from catalyst_groq.groq.api.responses import Response

STORED_HEADERS = ("x-request-id",)
RESTORE_REMEDY = "Restore the journal from a backup"
ENTRY_VERSION = 1
"""The format of an entry. Entries of version 0 name no version, and their body is always in `text`."""


@dataclass(frozen=True, slots=True)
class JournalKey:
    """The key of an entry: the external task's id, and `request_key` of the request that got the response.

    A modeller who fixes the payload of a failed task changes the request key, so the task calls Groq again.
    """

    task_id: str
    request_key: str

    def __str__(self) -> str:
        return f"{self.task_id}:{self.request_key}"


def request_key(endpoint: str, content: bytes) -> str:
    """Return the SHA-256 of a request's URL and body in hex: it identifies the request and reveals nothing of it."""
    return hashlib.sha256(endpoint.encode() + b"\0" + content).hexdigest()


def encode_response(response: Response) -> str:
    """Return the entry for a response, as JSON: status, some headers, body and seconds."""
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    entry = {
        "version": ENTRY_VERSION,
        "status": response.status,
        "headers": headers,
        **encode_body(response.content),
        "seconds": response.seconds,
    }
    return to_bytes(entry).decode()


def decode_response(text: str) -> Response:
    """Return the response of an entry. Raises `UnreadableEntry` when it is malformed or its version is unknown."""
    try:
        entry = json.loads(text)
        version = entry.get("version", 0)
        if version > ENTRY_VERSION:
            raise UnreadableEntry(
                f"it has version {version}; this worker reads versions up to {ENTRY_VERSION}",
                "Start a worker of the version that wrote it, or of a later one",
            )
        status, headers, seconds = entry["status"], entry["headers"], entry["seconds"]
        if not (isinstance(status, int) and isinstance(headers, dict) and isinstance(seconds, int | float)):
            raise TypeError("a field has the wrong type")  # noqa: TRY301 -- one message for all malformed entries
        return Response(status, headers, decode_body(entry), seconds)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableEntry(f"it is damaged ({type(error).__name__})", RESTORE_REMEDY) from error


def encode_body(body: bytes) -> dict[str, str]:
    """Return a body as `text` where it is UTF-8 and as `base64` where it is not (audio), which is a third longer."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def decode_body(entry: Mapping[str, Any]) -> bytes:
    """Return the body of an entry. Raises `KeyError`, `TypeError`, `ValueError`, `AttributeError` if it has none."""
    if "base64" in entry:
        return b64decode(entry["base64"], validate=True)
    # Entries of version 0 may hold half a surrogate pair.
    text: str = entry["text"]
    return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """The state of a journal, for probes and metrics."""

    problem: str = ""
    """Why it cannot be used; empty while it works, as far as its last use shows."""
    is_required: bool = False
    entries: int | None = None
    """Responses that are stored; None when unknown."""
    bytes: int | None = None
    """The size of its file; None when it has none."""


class Journal(Protocol):
    """Stores responses until the engine has acknowledged the task's outcome. All methods raise `JournalError`.

    An entry that cannot be read is set aside: kept until its maximum age, and read again with each `load` of its key.
    As soon as it can be read it is returned, and is an entry like the others.
    """

    @property
    def is_available(self) -> bool:
        """Whether a response that is stored now can be loaded later."""

    def status(self) -> JournalStatus:
        """Return the state. It takes a millisecond, and asks no server."""

    async def load(self, key: JournalKey) -> Response | None:
        """Return the stored response, or None. Raises `UnreadableEntry` for one that is not set aside yet."""

    async def set_aside(self, key: JournalKey) -> None:
        """Set an entry aside that cannot be read."""

    async def store(self, key: JournalKey, response: Response) -> None:
        """Store a response. When this returns, the response survives a crash of the worker."""

    async def discard(self, task_id: str) -> None:
        """Delete the entries of a task, after the engine has acknowledged its outcome."""

    async def aclose(self) -> None:
        """Close files and connections."""


class NullJournal:
    """Stores nothing: for CATALYST_JOURNAL=off."""

    is_available = False

    def status(self) -> JournalStatus:
        """Return that nothing is stored."""
        return JournalStatus()

    async def load(self, key: JournalKey) -> Response | None:  # noqa: ARG002 -- the protocol's
        """Return None."""
        return None

    async def set_aside(self, key: JournalKey) -> None:
        """Do nothing."""

    async def store(self, key: JournalKey, response: Response) -> None:
        """Do nothing."""

    async def discard(self, task_id: str) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""
