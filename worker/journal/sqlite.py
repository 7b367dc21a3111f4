"""A journal in a file, for one machine: several workers may share it."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from filelock import FileLock

from worker.errors import JournalError
from worker.groq.answers import Answer
from worker.journal.entries import Entry, from_text, to_text
from worker.journal.sealing import Seal

Row = tuple[str, str, float, bytes]
BUSY_SECONDS = 5.0
FORGOTTEN_TOGETHER = 100
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
SELECT = "SELECT sealed FROM answer WHERE task_id = ? AND request = ?"
INSERT = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM answer WHERE task_id = ?"
DELETE_OLDER = "DELETE FROM answer WHERE kept_at < ?"
DELETE_BEYOND = """
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

    A thread writes, and all that waits in one transaction: a hop to a thread costs more than a row. What is forgotten
    is written with what is kept next, for nobody waits for it.
    """

    keeps = True

    def __init__(self, path: Path, *, seal: Seal, longest: timedelta, largest: int) -> None:
        self._path = path
        self._seal = seal
        self._longest = longest.total_seconds()
        self._largest = largest
        self._until_pruning = 0
        self._reader: sqlite3.Connection | None = None
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._forgotten: set[str] = set()
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def recall(self, entry: Entry) -> Answer | None:
        """Return the answer that was kept, if one was: one row by its key, which never waits for whoever writes."""
        if entry.task_id in self._forgotten:
            return None
        with self._naming_the_file():
            self._reader = self._reader or self._opened()
            row = self._reader.execute(SELECT, (entry.task_id, entry.request)).fetchone()
        return from_text(self._seal.open(row[0])) if row else None

    async def keep(self, entry: Entry, answer: Answer) -> None:
        """Keep an answer; when this returns, it outlives the process."""
        written = asyncio.get_running_loop().create_future()
        row = (entry.task_id, entry.request, time.time(), self._seal.close(to_text(answer)))
        self._waiting.append((row, written))
        self._write_soon()
        await written

    async def forget(self, task_id: str) -> None:
        """Drop what was kept for a task; it is written some time soon."""
        self._forgotten.add(task_id)
        if len(self._forgotten) >= FORGOTTEN_TOGETHER:
            self._write_soon()

    async def aclose(self) -> None:
        """Write what is left and close the file."""
        self._write_soon()
        if self._writing:
            await self._writing
        self._thread.submit(self._close).result()
        self._thread.shutdown()
        if self._reader:
            self._reader.close()

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write until nobody waits; what comes while the thread writes goes into the next transaction."""
        while self._waiting or self._forgotten:
            waiting, forgotten = self._waiting, self._forgotten
            self._waiting, self._forgotten = [], set()
            rows = [row for row, _ in waiting]
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._thread, self._transact, rows, sorted(forgotten))
            except JournalError as error:
                for _, written in waiting:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _, written in waiting:
                    if not written.done():
                        written.set_result(None)

    def _transact(self, rows: list[Row], forgotten: list[str]) -> None:
        with self._naming_the_file():
            self._connection = self._connection or self._opened()
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(INSERT, rows)
                self._connection.executemany(DELETE, [(task_id,) for task_id in forgotten])
                self._until_pruning -= len(rows)
                if rows and self._until_pruning <= 0:
                    self._connection.execute(DELETE_OLDER, (time.time() - self._longest,))
                    self._connection.execute(DELETE_BEYOND, (self._largest,))
                    self._until_pruning = PRUNED_EVERY

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite waits for nobody when it changes to write-ahead logging: two who make the file at once need a lock.
        with FileLock(f"{self._path}.lock", timeout=BUSY_SECONDS, poll_interval=0.01, mode=0o600):
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(SCHEMA)
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {self._path} cannot be used: {error}") from error
