"""What a broken journal means is the operator's choice: work goes on without it, or no work is done."""

import logging
from http import HTTPStatus

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import Journal, JournalKey

log = logging.getLogger(__name__)

PROBE = JournalKey("probe", "")
"""Under this an answer is kept to see whether answers can be kept again."""


async def check_writable(journal: Journal) -> None:
    """Say at the start what is wrong with a journal, and not when the first answer is lost."""
    try:
        await journal.store(PROBE, Response(HTTPStatus.OK, {}, ""))
        await journal.discard(PROBE.task_id)
    except JournalError as error:
        log.error("%s. Groq is not asked until it can be.", error)  # noqa: TRY400 -- the cause says it


class BestEffortJournal:
    """A journal whose faults stop no task: said once when they begin and once when they end."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._broken = False

    @property
    def is_available(self) -> bool:
        """Whether the journal works at the moment."""
        return not self._broken

    async def load(self, key: JournalKey) -> Response | None:
        """Return the answer that was kept, or nothing when the journal is broken."""
        try:
            return await self._journal.load(key)
        except JournalError as error:
            self._fails(error)
            return None

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep an answer if the journal can. That alone shows that it works: a full disk can still be read."""
        try:
            await self._journal.store(key, response)
        except JournalError as error:
            self._fails(error)
            return
        if self._broken:
            log.warning("The journal works again.")
        self._broken = False

    async def discard(self, task_id: str) -> None:
        """Drop an answer if the journal can; what remains is pruned by age."""
        try:
            await self._journal.discard(task_id)
        except JournalError as error:
            self._fails(error)

    async def aclose(self) -> None:
        """Let go of files and connections."""
        await self._journal.aclose()

    def _fails(self, error: JournalError) -> None:
        if not self._broken:
            log.error("%s. Going on without the journal: a crash now may ask Groq twice.", error)
        self._broken = True


class RequiredJournal:
    """A journal without which Groq is not asked: after an answer that could not be kept, nothing until one can."""

    is_available = True

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unkept: Response | None = None

    async def load(self, key: JournalKey) -> Response | None:
        """Return the answer that was kept, if one was and others can be."""
        if self._unkept:
            await self._journal.store(PROBE, self._unkept)
            await self._journal.discard(PROBE.task_id)
            self._unkept = None
        return await self._journal.load(key)

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep an answer, or remember what it takes to keep one."""
        try:
            await self._journal.store(key, response)
        except JournalError:
            self._unkept = response
            raise

    async def discard(self, task_id: str) -> None:
        """Drop what was kept for a task."""
        await self._journal.discard(task_id)

    async def aclose(self) -> None:
        """Let go of files and connections."""
        await self._journal.aclose()
