"""A journal in a file, for one machine: several workers may share it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from worker.errors import JournalError
from worker.groq.answers import Answer
from worker.journal.entries import Entry, from_text, to_text
from worker.journal.sealing import Seal

T = TypeVar("T")
BUSY_SECONDS = 5.0
PRUNED_EVERY = 1000
"""Kept answers between two looks at age and size."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    task_id TEXT NOT NULL,
    request TEXT NOT NULL,
    kept_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (task_id, request)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_by_age ON answer (kept_at);
"""
OLDEST_BEYOND = """
DELETE FROM answer WHERE (task_id, request) IN (
    SELECT task_id, request FROM (
        SELECT task_id, request, SUM(LENGTH(sealed)) OVER (ORDER BY kept_at DESC) AS bytes FROM answer
    ) WHERE bytes > ?
)
"""


class SqliteJournal:
    """Answers in an SQLite file that only the worker's user can read.

    A kept answer survives the death of the process (write-ahead log); a power cut may take the last ones. `longest` is
    how long answers are kept that the engine never acknowledged, `largest` how many bytes of answers there may be: the
    oldest go first.
    """

    keeps = True

    def __init__(self, path: Path, *, seal: Seal, longest: timedelta, largest: int) -> None:
        self._path = path
        self._seal = seal
        self._longest = longest.total_seconds()
        self._largest = largest
        self._until_pruning = 0
        self._connection: sqlite3.Connection | None = None
        # SQLite wants one thread, and the event loop must not wait for a disk.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def recall(self, entry: Entry) -> Answer | None:
        """Return the answer that was kept, if one was."""
        return await self._run(self._select, entry)

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep an answer; when this returns, it outlives the process."""
        await self._run(self._insert, entry, self._seal.close(to_text(answer)))

    async def forget(self, task_id: str) -> None:
        """Drop what was kept for a task."""
        await self._run(self._delete, task_id)

    async def aclose(self) -> None:
        """Close the file."""
        await self._run(self._close)
        self._thread.shutdown()

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        def guarded() -> T:
            try:
                return work(*arguments)
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise JournalError(f"The journal {self._path} cannot be used: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            self._connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _select(self, entry: Entry) -> Answer | None:
        found = self._open().execute(
            "SELECT sealed FROM answer WHERE task_id = ? AND request = ?", (entry.task_id, entry.request)
        )
        row = found.fetchone()
        return from_text(self._seal.open(row[0])) if row else None

    def _insert(self, entry: Entry, sealed: bytes) -> None:
        row = (entry.task_id, entry.request, time.time(), sealed)
        self._open().execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", row)
        self._until_pruning -= 1
        if self._until_pruning <= 0:
            self._prune()
            self._until_pruning = PRUNED_EVERY

    def _delete(self, task_id: str) -> None:
        self._open().execute("DELETE FROM answer WHERE task_id = ?", (task_id,))

    def _prune(self) -> None:
        self._open().execute("DELETE FROM answer WHERE kept_at < ?", (time.time() - self._longest,))
        self._open().execute(OLDEST_BEYOND, (self._largest,))
