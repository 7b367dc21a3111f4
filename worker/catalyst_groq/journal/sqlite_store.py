"""A journal in an SQLite file."""

import time
from contextlib import suppress
from datetime import timedelta

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import JournalKey, JournalStatus, encode_response
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.sqlite_file import SqliteFile, Statement
from catalyst_groq.journal.unreadable_entries import read_response

DISCARD_BATCH_TASKS = 100

SET_ASIDE_PREFIX = "set-aside:"
"""Stands before the request of an entry that was set aside."""

COUNT = "SELECT COUNT(*) FROM answer"
SELECT = "SELECT request, sealed FROM answer WHERE task_id = ?"
INSERT = "INSERT OR REPLACE INTO answer (task_id, request, kept_at, sealed) VALUES (?, ?, ?, ?)"
RENAME = "UPDATE OR REPLACE answer SET request = ?, kept_at = ? WHERE task_id = ? AND request = ?"
DELETE = f"DELETE FROM answer WHERE task_id = ? AND request NOT LIKE '{SET_ASIDE_PREFIX}%'"  # noqa: S608 -- a constant
DELETE_OLD_AND_EXCESS = """
DELETE FROM answer WHERE (task_id, request) IN (
    SELECT task_id, request FROM (
        SELECT task_id, request, kept_at, SUM(LENGTH(sealed)) OVER (ORDER BY kept_at DESC) AS bytes FROM answer
    ) WHERE kept_at < ? OR bytes > ?
)
"""


class SqliteJournal:
    """Responses in an SQLite file.

    Responses that the engine never acknowledged are deleted when they are older than `max_age`, and the oldest first
    when all together exceed `max_bytes`. Discarded tasks are deleted with the next write: no caller waits for that.
    """

    is_available = True

    def __init__(self, file: SqliteFile, *, cipher: Cipher, max_age: timedelta, max_bytes: int) -> None:
        self._file = file
        self._cipher = cipher
        self._max_age_seconds = max_age.total_seconds()
        self._max_bytes = max_bytes
        self._discarded: set[str] = set()
        file.add_maintenance(self._prune_statements)

    def status(self) -> JournalStatus:
        """Return the number of responses that the engine has not acknowledged, and the size of the file."""
        [(entries,)] = self._file.read(COUNT)
        return JournalStatus(entries=max(entries - len(self._discarded), 0), bytes=self._file.size())

    async def load(self, key: JournalKey) -> Response | None:
        """Return the stored response, or None. Raises `UnreadableEntry` for one that is not set aside yet."""
        if key.task_id in self._discarded:
            return None
        entries = dict(self._file.read(SELECT, key.task_id))  # one to three: faster than to select the two
        entry, set_aside = entries.get(key.request_key), entries.get(SET_ASIDE_PREFIX + key.request_key)
        response = read_response(self._cipher, key, entry, set_aside)
        if response and not entry:
            with suppress(JournalError):  # it is where it can be read
                await self._rename(SET_ASIDE_PREFIX + key.request_key, key.request_key, key.task_id)
        return response

    async def set_aside(self, key: JournalKey) -> None:
        """Set an entry aside; it is kept for another `max_age`."""
        await self._rename(key.request_key, SET_ASIDE_PREFIX + key.request_key, key.task_id)

    async def store(self, key: JournalKey, response: Response) -> None:
        """Store a response; when this returns, it survives the process."""
        row = (key.task_id, key.request_key, time.time(), self._cipher.encrypt(encode_response(response)))
        await self._file.write([*self._delete_statements(), (INSERT, row)])

    async def discard(self, task_id: str) -> None:
        """Mark a task's entries as deleted; the file is written later, in batches of `DISCARD_BATCH_TASKS`."""
        self._discarded.add(task_id)
        if len(self._discarded) >= DISCARD_BATCH_TASKS:
            await self._file.write(self._delete_statements())

    async def aclose(self) -> None:
        """Delete the discarded entries and close the file."""
        if self._discarded:
            with suppress(JournalError):  # entries that remain are pruned by age
                await self._file.write(self._delete_statements())
        await self._file.aclose()

    async def _rename(self, request: str, new: str, task_id: str) -> None:
        await self._file.write([(RENAME, (new, time.time(), task_id, request))])

    def _delete_statements(self) -> list[Statement]:
        discarded, self._discarded = self._discarded, set()
        return [(DELETE, (task_id,)) for task_id in sorted(discarded)]

    def _prune_statements(self) -> list[Statement]:
        return [(DELETE_OLD_AND_EXCESS, (time.time() - self._max_age_seconds, self._max_bytes))]
