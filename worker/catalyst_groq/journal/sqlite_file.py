"""The SQLite file of the journal and the ledger, for one machine. Several workers may share it without blocking."""

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
from catalyst_groq.journal.schema import prepare_tables

Statement = tuple[str, Sequence[Any]]
"""An SQL statement and the values of its parameters."""

PendingWrite = tuple[Sequence[Statement], "asyncio.Future[None]"]
"""Statements to write, and the future that their caller awaits."""

BUSY_TIMEOUT_SECONDS = 5.0
PRIMARY_CODE_MASK = 0xFF
"""The bits of an SQLite error code that hold the primary code, without the details."""

ROW_OVERHEAD_BYTES = 2000
"""What a row takes of the write-ahead log beside its own size, because SQLite writes whole pages."""

MAINTENANCE_INTERVAL_BYTES = 4_000_000
"""Bytes written between two maintenance runs, and so the usual size of the write-ahead log."""

MAX_EVENT_LOOP_WRITE_BYTES = 300_000
"""The most that the event loop writes in one transaction: it takes some milliseconds."""

WRITE_TASK_NAME = "journal write"
"""The name of the asyncio task that waits for a write in the thread."""


class SqliteFile:
    """A file that only the worker's user can read. All methods raise `JournalError`.

    Writes survive a crash of the process (write-ahead log); a power cut may lose the last ones.

    The event loop writes by itself, because handing a write to a thread costs more than writing some rows. One thread
    does what takes time: it opens the file, waits for other workers that write, runs maintenance, moves the log into
    the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop_connection: sqlite3.Connection | None = None
        self._thread_connection: sqlite3.Connection | None = None
        self._maintenance: list[Callable[[], Sequence[Statement]]] = []
        self._bytes_until_maintenance = 0
        self._pending: list[PendingWrite] = []
        self._is_writing = False
        self._thread_write: asyncio.Task[None] | None = None
        """A reference to the task, because the event loop keeps none."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def add_maintenance(self, statements: Callable[[], Sequence[Statement]]) -> None:
        """Have these statements written every `MAINTENANCE_INTERVAL_BYTES`, in the thread: they may be slow."""
        self._maintenance.append(statements)

    def read(self, sql: str, *values: Any) -> list[Any]:
        """Return rows. Looks them up by their keys on the event loop; writers do not block it (write-ahead log)."""
        with self._translate_errors():
            if self._loop_connection is None:
                self._loop_connection = self.connect()
                self._loop_connection.execute("PRAGMA busy_timeout = 0")
            return self._loop_connection.execute(sql, values).fetchall()

    def size(self) -> int:
        """Return the bytes of the file and of its write-ahead log."""
        with self._translate_errors():
            return sum(path.stat().st_size for path in (self._path, Path(f"{self._path}-wal")) if path.exists())

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write all statements or none. When this returns, they survive the process."""
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        self._pending.append((statements, written))
        if not self._is_writing:
            self._is_writing = True
            loop.call_soon(self._write_pending)
        await written

    async def aclose(self) -> None:
        """Finish pending writes and close the file."""
        if self._is_writing:
            with suppress(Exception):  # the callers of the pending writes get the error
                await self.write([])
        if self._loop_connection:
            self._loop_connection.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_thread_connection)
        self._thread.shutdown()

    def connect(self) -> sqlite3.Connection:
        """Open the file; create it and its tables if they do not exist.

        Raises `OSError` for a path that is no file: its permissions must stay as they are.
        """
        if self._path.exists() and not self._path.is_file():
            raise OSError(f"{self._path} is no file. Set CATALYST_JOURNAL to the path of a file, or to off")
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The switch to write-ahead logging ignores the busy timeout: workers that create the file at once need a lock.
        with FileLock(f"{self._path}.lock", timeout=BUSY_TIMEOUT_SECONDS, poll_interval=0.01, mode=0o600):
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA page_size = 2048")  # pages are written whole, and most responses are small
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                prepare_tables(connection)
            except sqlite3.Error:
                connection.close()
                raise
        return connection

    def _write_pending(self) -> None:
        """Write in one transaction what arrived in one iteration of the loop, or while the thread wrote."""
        writes, self._pending = self._pending, []
        statements = [statement for group, _ in writes for statement in group]
        size = sum(map(_estimate_bytes, statements))
        self._bytes_until_maintenance -= size
        try:
            is_written = size <= MAX_EVENT_LOOP_WRITE_BYTES and self._write_immediately(statements)
        except Exception as error:  # noqa: BLE001 -- no caller may wait forever, whatever happened
            self._resolve_waiters(writes, error)
        else:
            if is_written:
                self._resolve_waiters(writes, None)
            else:
                self._thread_write = asyncio.create_task(self._write_in_thread(statements), name=WRITE_TASK_NAME)
                self._thread_write.add_done_callback(partial(self._on_thread_done, writes))

    def _on_thread_done(self, writes: Sequence[PendingWrite], task: asyncio.Task[None]) -> None:
        cancelled = JournalError(f"The journal {self._path} was stopped during a write")
        self._resolve_waiters(writes, cancelled if task.cancelled() else task.exception())

    def _resolve_waiters(self, writes: Sequence[PendingWrite], error: BaseException | None) -> None:
        """Give the callers their result, and write what arrived meanwhile."""
        for _, written in writes:
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
        """Write on the event loop unless that takes time: another worker writes, or maintenance is due."""
        if self._loop_connection is None or self._bytes_until_maintenance <= 0:
            return False
        with self._translate_errors():
            try:
                _execute_all(self._loop_connection, statements)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & PRIMARY_CODE_MASK != sqlite3.SQLITE_BUSY:
                    raise
                return False
        return True

    async def _write_in_thread(self, statements: Sequence[Statement]) -> None:
        is_due = self._bytes_until_maintenance <= 0
        maintenance = [statement for make in self._maintenance for statement in make()] if is_due else []
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._write_blocking, [*statements, *maintenance], is_due)
        if is_due:
            self._bytes_until_maintenance = MAINTENANCE_INTERVAL_BYTES

    def _write_blocking(self, statements: Sequence[Statement], is_due: bool) -> None:  # noqa: FBT001 -- by an executor
        """Write once no other worker writes; if due, first checkpoint the log, so that it restarts."""
        with self._translate_errors():
            self._thread_connection = self._thread_connection or self.connect()
            if is_due:
                with suppress(sqlite3.Error):  # what cannot be moved now is moved next time
                    # Move most of it while others write and the rest while they wait, or they would stay ahead.
                    for mode in ("PASSIVE", "RESTART"):
                        self._thread_connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            _execute_all(self._thread_connection, statements)

    def _close_thread_connection(self) -> None:
        if self._thread_connection is not None:
            self._thread_connection.close()
            self._thread_connection = None

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {self._path} cannot be used: {error}") from error


def _execute_all(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    """Execute all statements or none; one statement is a transaction by itself."""
    if len(statements) == 1:
        connection.execute(*statements[0])
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(*statement)


def _estimate_bytes(statement: Statement) -> int:
    return ROW_OVERHEAD_BYTES + sum(len(value) for value in statement[1] if isinstance(value, str | bytes))
