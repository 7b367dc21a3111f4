"""The SQLite file of what is kept, for one machine: several workers may share it, a thread writes."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from worker.errors import JournalError

Statement = tuple[str, Sequence[Any]]
"""SQL, and the values for its question marks."""

BUSY_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    task_id TEXT NOT NULL,
    request TEXT NOT NULL,
    kept_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (task_id, request)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_by_age ON answer (kept_at);
CREATE TABLE IF NOT EXISTS spent (
    account TEXT NOT NULL PRIMARY KEY,
    units INTEGER NOT NULL,
    booked_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spent_by_age ON spent (booked_at);
"""


class SqliteFile:
    """A file that only the worker's user can read. All methods raise `JournalError`.

    What was written survives the death of the process (write-ahead log); a power cut may take the last of it.

    A thread writes, and all that waits in one transaction: a hop to a thread costs more than a row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: sqlite3.Connection | None = None
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Sequence[Statement], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def read(self, sql: str, *values: Any) -> list[Any]:
        """Return some rows, found by their keys: that never waits for whoever writes."""
        with self._naming_the_file():
            self._reader = self._reader or self.opened()
            return self._reader.execute(sql, values).fetchall()

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write in one transaction; when this returns, it outlives the process."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((statements, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await written

    async def aclose(self) -> None:
        """Write what waits and close the file."""
        if self._writing:
            await self._writing
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()
        if self._reader:
            self._reader.close()

    def opened(self) -> sqlite3.Connection:
        """Open the file, and make it where there is none."""
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

    async def _write(self) -> None:
        """Write until nobody waits; what comes while the thread writes goes into the next transaction."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            statements = [statement for together, _ in waiting for statement in together]
            error: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, statements)
            except Exception as broken:  # noqa: BLE001 -- nobody is left waiting, whatever happened
                error = broken
            for _, written in waiting:
                if written.done():
                    continue
                if error:
                    written.set_exception(error)
                else:
                    written.set_result(None)

    def _transact(self, statements: Sequence[Statement]) -> None:
        with self._naming_the_file():
            self._connection = self._connection or self.opened()
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for sql, values in statements:
                    self._connection.execute(sql, values)

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
