"""A journal in a file."""

import time
from contextlib import suppress
from datetime import timedelta

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import JournalKey, decode_response, encode_response
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.sqlite_file import SqliteFile, Statement

FORGET_BATCH = 100

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

    is_available = True

    def __init__(self, file: SqliteFile, *, cipher: Cipher, max_age: timedelta, max_bytes: int) -> None:
        self._file = file
        self._seal = cipher
        self._longest = max_age.total_seconds()
        self._largest = max_bytes
        self._forgotten: set[str] = set()
        file.add_maintenance(self._prune_statements)

    async def load(self, key: JournalKey) -> Response | None:
        """Return the answer that was kept, if one was."""
        if key.task_id in self._forgotten:
            return None
        rows = self._file.read(SELECT, key.task_id, key.request)
        return decode_response(self._seal.decrypt(rows[0][0])) if rows else None

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep an answer; when this returns, it outlives the process."""
        row = (key.task_id, key.request, time.time(), self._seal.encrypt(encode_response(response)))
        await self._file.write([*self._delete_statements(), (INSERT, row)])

    async def discard(self, task_id: str) -> None:
        """Drop what was kept for a task; it is written some time soon."""
        self._forgotten.add(task_id)
        if len(self._forgotten) >= FORGET_BATCH:
            await self._file.write(self._delete_statements())

    async def aclose(self) -> None:
        """Write what is left and close the file."""
        if self._forgotten:
            with suppress(JournalError):  # what remains is pruned by age
                await self._file.write(self._delete_statements())
        await self._file.aclose()

    def _delete_statements(self) -> list[Statement]:
        forgotten, self._forgotten = self._forgotten, set()
        return [(DELETE, (task_id,)) for task_id in sorted(forgotten)]

    def _prune_statements(self) -> list[Statement]:
        return [(DELETE_TOO_MANY, (time.time() - self._longest, self._largest))]
