"""What happens while the journal fails: work continues without it, or stops (CATALYST_JOURNAL_REQUIRED)."""

import logging
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

from catalyst_groq.errors import JournalError, UnreadableEntry
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import Journal, JournalKey, JournalStatus

log = logging.getLogger(__name__)

AVAILABLE_AGAIN = "Journal available again."
PROBE_KEY = JournalKey("probe", uuid4().hex)
"""The key of the entry that is written to find out whether the journal can be written: each worker has its own."""


async def check_writable(journal: Journal) -> None:
    """Write and delete a probe entry, so that a broken journal logs it at the start and not with the first response."""
    with suppress(JournalError):
        await journal.store(PROBE_KEY, Response(HTTPStatus.OK, {}, b""))
        await journal.discard(PROBE_KEY.task_id)


async def check_available(journal: Journal) -> None:
    """Find out whether the journal works: an outage and its end are logged, and are in `status`, without a task."""
    status = journal.status()
    if not (status.problem and status.is_required):
        await check_writable(journal)
        return
    with suppress(JournalError):  # it is logged already
        await journal.load(PROBE_KEY)


def _status_of(journal: Journal) -> JournalStatus:
    try:
        return journal.status()
    except JournalError:  # its next use says so
        return JournalStatus()


class BestEffortJournal:
    """A journal whose errors stop no task. Logs once when an outage of the journal begins and once when it ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._problem = ""

    @property
    def is_available(self) -> bool:
        """Whether the journal works at the moment."""
        return not self._problem

    def status(self) -> JournalStatus:
        """Return the state."""
        return replace(_status_of(self._journal), problem=self._problem)

    async def load(self, key: JournalKey) -> Response | None:
        """Return the stored response; None when there is none, it cannot be read, or the journal fails."""
        try:
            return await self._journal.load(key)
        except UnreadableEntry as error:
            log.error("Task %s: its stored response cannot be read, Groq is asked again: %s", key.task_id, error)  # noqa: TRY400 -- the cause says it
            await self.set_aside(key)
        except JournalError as error:
            self._on_error(error)
        return None

    async def set_aside(self, key: JournalKey) -> None:
        """Set an entry aside if possible."""
        try:
            await self._journal.set_aside(key)
        except JournalError as error:
            self._on_error(error)

    async def store(self, key: JournalKey, response: Response) -> None:
        """Store a response if possible. Only a write ends an outage, because a full disk can still be read."""
        try:
            await self._journal.store(key, response)
        except JournalError as error:
            self._on_error(error)
            return
        if self._problem:
            log.info(AVAILABLE_AGAIN)
        self._problem = ""

    async def discard(self, task_id: str) -> None:
        """Delete the entries of a task if possible; entries that remain are pruned by age."""
        try:
            await self._journal.discard(task_id)
        except JournalError as error:
            self._on_error(error)

    async def aclose(self) -> None:
        """Close files and connections."""
        await self._journal.aclose()

    def _on_error(self, error: JournalError) -> None:
        if not self._problem:
            log.error("%s. Continuing without the journal: a crash may repeat a request to Groq.", error)
        self._problem = str(error)


class RequiredJournal:
    """A journal that stops work while it fails: after a response could not be stored, `load` raises until one can be.

    Callers load before they call Groq, so nothing is paid for that could not be stored. Logs once when an outage of the
    journal begins and once when it ends.
    """

    is_available = True

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unstored: Response | None = None
        """The response that could not be stored: as large as what must fit on the disk again."""
        self._problem = ""

    def status(self) -> JournalStatus:
        """Return the state."""
        return replace(_status_of(self._journal), problem=self._problem, is_required=True)

    async def load(self, key: JournalKey) -> Response | None:
        """Return the stored response or None. Raises `JournalError` while responses cannot be stored.

        An entry that cannot be read is set aside and raised once: the next `load` finds no entry unless it can be read.
        """
        try:
            if self._unstored:
                await self._journal.store(PROBE_KEY, self._unstored)
                await self._journal.discard(PROBE_KEY.task_id)
                self._unstored = None
            response = await self._journal.load(key)
        except UnreadableEntry:
            await self._journal.set_aside(key)
            raise
        except JournalError as error:
            self._on_error(error)
            raise
        if self._problem:
            log.info(AVAILABLE_AGAIN)
        self._problem = ""
        return response

    async def set_aside(self, key: JournalKey) -> None:
        """Set an entry aside that cannot be read."""
        await self._journal.set_aside(key)

    async def store(self, key: JournalKey, response: Response) -> None:
        """Store a response. After an error, the next `load` first checks that this response can be stored."""
        try:
            await self._journal.store(key, response)
        except JournalError as error:
            self._unstored = response
            self._on_error(error)
            raise

    async def discard(self, task_id: str) -> None:
        """Delete the entries of a task."""
        await self._journal.discard(task_id)

    async def aclose(self) -> None:
        """Close files and connections."""
        await self._journal.aclose()

    def _on_error(self, error: JournalError) -> None:
        if not self._problem:
            log.error("%s. No request is sent to Groq until the journal works.", error)
        self._problem = str(error)
