"""What is kept, and what every journal can do."""

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Protocol

from worker.errors import JournalError
from worker.groq.answers import Answer

log = logging.getLogger(__name__)

KEPT_HEADERS = ("x-request-id",)


@dataclass(frozen=True, slots=True)
class Entry:
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


def to_text(answer: Answer) -> str:
    """Write an answer down."""
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    return json.dumps({"status": answer.status, "headers": headers, "text": answer.text, "seconds": answer.seconds})


def from_text(text: str) -> Answer:
    """Read an answer back. Raises `JournalError` for what `to_text` never wrote."""
    try:
        return Answer(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise JournalError(f"An entry cannot be read: {error}") from error


class Journal(Protocol):
    """Where answers wait for the engine's acknowledgement. All methods raise `JournalError`."""

    @property
    def keeps(self) -> bool:
        """Whether what is given to `keep` can be recalled."""

    async def recall(self, entry: Entry) -> Answer | None:
        """Return the answer that was kept, if one was."""

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep an answer; when this returns, it outlives a crash of the worker."""

    async def forget(self, task_id: str) -> None:
        """Drop what was kept for a task: the engine has taken its outcome."""

    async def aclose(self) -> None:
        """Let go of files and connections."""


class NoJournal:
    """Keeps nothing: the operator switched the journal off."""

    keeps = False

    async def recall(self, entry: Entry) -> Answer | None:  # noqa: ARG002 -- the protocol's
        """Know nothing."""
        return None

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep nothing."""

    async def forget(self, task_id: str) -> None:
        """Forget nothing."""

    async def aclose(self) -> None:
        """Hold nothing."""


class Tolerant:
    """A journal whose faults stop no task: said once when they begin and once when they end."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._broken = False

    @property
    def keeps(self) -> bool:
        """Whether the journal works at the moment."""
        return not self._broken

    async def recall(self, entry: Entry) -> Answer | None:
        """Return the answer that was kept, or nothing when the journal is broken."""
        try:
            answer = await self._journal.recall(entry)
        except JournalError as error:
            self._note(error)
            return None
        self._note(None)
        return answer

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep an answer if the journal can."""
        try:
            await self._journal.keep(entry, answer)
        except JournalError as error:
            self._note(error)
        else:
            self._note(None)

    async def forget(self, task_id: str) -> None:
        """Drop an answer if the journal can; what remains is pruned by age."""
        try:
            await self._journal.forget(task_id)
        except JournalError as error:
            self._note(error)

    async def aclose(self) -> None:
        """Let go of files and connections."""
        await self._journal.aclose()

    def _note(self, error: JournalError | None) -> None:
        if error and not self._broken:
            log.error("%s. Going on without the journal: a crash now may ask Groq twice.", error)
        if self._broken and not error:
            log.warning("The journal works again.")
        self._broken = error is not None
