"""A journal in a file."""

import time
from contextlib import suppress
from datetime import timedelta

from worker.errors import JournalError
from worker.groq.answers import Answer
from worker.journal.entries import Entry, from_text, to_text
from worker.journal.file import SqliteFile, Statement
from worker.journal.sealing import Seal

FORGOTTEN_TOGETHER = 100

SELECT = "SELECT sealed FROM answer WHERE task_id = ? AND request = ?"
INSERT = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM answer WHERE task_id = ?"
DELETE_TOO_MANY = """
DELETE FROM answer WHERE (task_id, request) IN (
    SELECT task_id, request FROM (
        SELECT task_id, request, kept_at, SUM(LENGTH(sealed)) OVER (ORDER BY kept_at DESC) AS bytes FROM answer
    ) WHERE kept_at < ? OR bytes > ?
)
"""


class SqliteJournal:
    """Answers in an SQLite file.

    `longest` is how long answers are kept that the engine never acknowledged, `largest` how many bytes of answers there
    may be: the oldest go first. What is forgotten is written with what is kept next, for nobody waits for it.
    """

    keeps = True

    def __init__(self, file: SqliteFile, *, seal: Seal, longest: timedelta, largest: int) -> None:
        self._file = file
        self._seal = seal
        self._longest = longest.total_seconds()
        self._largest = largest
        self._forgotten: set[str] = set()
        file.tidied_by(self._pruning)

    async def recall(self, entry: Entry) -> Answer | None:
        """Return the answer that was kept, if one was."""
        if entry.task_id in self._forgotten:
            return None
        rows = self._file.read(SELECT, entry.task_id, entry.request)
        return from_text(self._seal.open(rows[0][0])) if rows else None

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep an answer; when this returns, it outlives the process."""
        row = (entry.task_id, entry.request, time.time(), self._seal.close(to_text(answer)))
        await self._file.write([*self._forgetting(), (INSERT, row)])

    async def forget(self, task_id: str) -> None:
        """Drop what was kept for a task; it is written some time soon."""
        self._forgotten.add(task_id)
        if len(self._forgotten) >= FORGOTTEN_TOGETHER:
            await self._file.write(self._forgetting())

    async def aclose(self) -> None:
        """Write what is left and close the file."""
        if self._forgotten:
            with suppress(JournalError):  # what remains is pruned by age
                await self._file.write(self._forgetting())
        await self._file.aclose()

    def _forgetting(self) -> list[Statement]:
        forgotten, self._forgotten = self._forgotten, set()
        return [(DELETE, (task_id,)) for task_id in sorted(forgotten)]

    def _pruning(self) -> list[Statement]:
        return [(DELETE_TOO_MANY, (time.time() - self._longest, self._largest))]
