"""The SQLite file of what is kept, for one machine: several workers may share it, and none waits for another."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from catalyst_groq.errors import JournalError

Statement = tuple[str, Sequence[Any]]
"""SQL, and the values for its question marks."""

PendingWrite = tuple[Sequence[Statement], "asyncio.Future[None]"]
"""What is to be written, and who waits for it."""

BUSY_TIMEOUT_SECONDS = 5.0
PRIMARY_CODE_MASK = 0xFF
"""The bits of SQLite's error codes without the details."""

ROW_OVERHEAD_BYTES = 2000
"""What a row takes of the write-ahead log beside its own size: pages are written whole."""

MAINTENANCE_INTERVAL_BYTES = 4_000_000
"""Bytes written between two looks at what may go: as many as the log has then."""

MAX_EVENT_LOOP_WRITE_BYTES = 300_000
"""Bytes that the event loop writes in one go: some milliseconds' work."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    task_id TEXT NOT NULL,
    request TEXT NOT NULL,
    kept_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (task_id, request)
) WITHOUT ROWID;
DROP INDEX IF EXISTS answer_by_age;
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

    The event loop writes, for a hop to a thread costs more than some rows do. A thread does whatever takes time: it
    opens the file, waits for other workers that write, tidies up, and moves the log into the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop_connection: sqlite3.Connection | None = None
        self._thread_connection: sqlite3.Connection | None = None
        self._maintenance: list[Callable[[], Sequence[Statement]]] = []
        self._bytes_until_maintenance = 0
        self._pending: list[PendingWrite] = []
        self._is_writing = False
        self._writing: asyncio.Task[None] | None = None
        """What takes its time; the loop keeps no tasks alive."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def add_maintenance(self, statements: Callable[[], Sequence[Statement]]) -> None:
        """Have these written after every so many others, with them: they may take their time."""
        self._maintenance.append(statements)

    def read(self, sql: str, *values: Any) -> list[Any]:
        """Return some rows, found by their keys: that never waits for whoever writes."""
        with self._translating_errors():
            if self._loop_connection is None:
                self._loop_connection = self.connect()
                self._loop_connection.execute("PRAGMA busy_timeout = 0")
            return self._loop_connection.execute(sql, values).fetchall()

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write all of it or nothing; when this returns, it outlives the process."""
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        self._pending.append((statements, written))
        if not self._is_writing:
            self._is_writing = True
            loop.call_soon(self._write_pending)
        await written

    async def aclose(self) -> None:
        """Write what waits and close the file."""
        if self._is_writing:
            with suppress(Exception):  # whoever waits for it hears of it
                await self.write([])
        if self._loop_connection:
            self._loop_connection.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def connect(self) -> sqlite3.Connection:
        """Open the file, and make it where there is none."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite waits for nobody when it changes to write-ahead logging: two who make the file at once need a lock.
        with FileLock(f"{self._path}.lock", timeout=BUSY_TIMEOUT_SECONDS, poll_interval=0.01, mode=0o600):
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA page_size = 2048")  # a page is written whole, and most answers are small
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                connection.executescript(SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
        return connection

    def _write_pending(self) -> None:
        """Write in one transaction what came in one round of the loop, or while the thread wrote."""
        waiting, self._pending = self._pending, []
        statements = [statement for together, _ in waiting for statement in together]
        size = sum(map(_size, statements))
        self._bytes_until_maintenance -= size
        try:
            is_written = size <= MAX_EVENT_LOOP_WRITE_BYTES and self._write_immediately(statements)
        except Exception as error:  # noqa: BLE001 -- nobody is left waiting, whatever happened
            self._resolve_waiters(waiting, error)
        else:
            if is_written:
                self._resolve_waiters(waiting, None)
            else:
                self._writing = asyncio.create_task(self._write_in_thread(statements))
                self._writing.add_done_callback(partial(self._on_thread_done, waiting))

    def _on_thread_done(self, waiting: Sequence[PendingWrite], writing: asyncio.Task[None]) -> None:
        stopped = JournalError(f"The journal {self._path} was stopped while it was written")
        self._resolve_waiters(waiting, stopped if writing.cancelled() else writing.exception())

    def _resolve_waiters(self, waiting: Sequence[PendingWrite], error: BaseException | None) -> None:
        """Tell those who waited how it went, and write for those who have come meanwhile."""
        for _, written in waiting:
            if written.done():
                continue
            if error:
                written.set_exception(error)
            else:
                written.set_result(None)
        self._is_writing = bool(self._pending)
        if self._is_writing:
            self._write_pending()

    def _write_immediately(self, statements: Sequence[Statement]) -> bool:
        """Write if that takes no time: no other worker is at it, and there is nothing to tidy up."""
        if self._loop_connection is None or self._bytes_until_maintenance <= 0:
            return False
        with self._translating_errors():
            try:
                _transact(self._loop_connection, statements)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & PRIMARY_CODE_MASK != sqlite3.SQLITE_BUSY:
                    raise
                return False
        return True

    async def _write_in_thread(self, statements: Sequence[Statement]) -> None:
        is_due = self._bytes_until_maintenance <= 0
        tidying = [statement for tidy in self._maintenance for statement in tidy()] if is_due else []
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._write_blocking, [*statements, *tidying], is_due)
        if is_due:
            self._bytes_until_maintenance = MAINTENANCE_INTERVAL_BYTES

    def _write_blocking(self, statements: Sequence[Statement], is_due: bool) -> None:  # noqa: FBT001 -- by an executor
        """Write as soon as no other worker does. The log is moved first: what is written next begins it anew."""
        with self._translating_errors():
            self._thread_connection = self._thread_connection or self.connect()
            if is_due:
                with suppress(sqlite3.Error):  # what cannot be moved now is moved next time
                    # Most of it while others write, the rest while they wait: otherwise they would always be ahead.
                    for how in ("PASSIVE", "RESTART"):
                        self._thread_connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
            _transact(self._thread_connection, statements)

    def _close(self) -> None:
        if self._thread_connection is not None:
            self._thread_connection.close()
            self._thread_connection = None

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {self._path} cannot be used: {error}") from error


def _transact(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    """Write all or nothing; one statement is a transaction by itself."""
    if len(statements) == 1:
        connection.execute(*statements[0])
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(*statement)


def _size(statement: Statement) -> int:
    return ROW_OVERHEAD_BYTES + sum(len(value) for value in statement[1] if isinstance(value, str | bytes))
