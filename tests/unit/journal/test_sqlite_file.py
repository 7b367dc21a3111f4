"""The journal's SQLite file: written by the event loop, which never waits for it."""

import asyncio
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count

import anyio
import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import SqliteFile
from catalyst_groq.journal.sqlite_file import MAX_EVENT_LOOP_WRITE_BYTES, ROW_OVERHEAD_BYTES, WRITE_TASK_NAME

pytestmark = pytest.mark.anyio

INSERT = "INSERT INTO answer VALUES (?, 'request', 0, ?)"
MEGABYTE = 2**20
SALTS = slice(16, 24)
"""Bytes of a write-ahead log that change when it starts from its beginning (SQLite's file format, chapter 4)."""


@pytest.fixture
async def file(tmp_path):
    """A file that is open in the loop, with maintenance done: the next write needs no thread."""
    file = SqliteFile(tmp_path / "journal.sqlite")
    await file.write([])
    file.read("SELECT 1")
    yield file
    await file.aclose()


@pytest.fixture
def other(file):
    """Another worker's connection to the file."""
    with closing(file.connect()) as connection:
        yield connection


def row(task_id, size=1):
    return INSERT, (task_id, b"x" * size)


def stored(file):
    return [task_id for (task_id,) in file.read("SELECT task_id FROM answer ORDER BY task_id")]


async def run_loop_iterations(number):
    """Let the loop do everything that needs no thread."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_file_write_needs_no_thread(file):
    writing = asyncio.create_task(file.write([row("a")]))
    await run_loop_iterations(3)

    assert writing.done()
    assert stored(file) == ["a"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a folder"])
async def test_path_that_is_no_file_keeps_its_permissions(tmp_path, kind):
    path = tmp_path / "path"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        (tmp_path / "folder").mkdir()
        path.symlink_to(tmp_path / "folder")
    path.chmod(0o755)
    file = SqliteFile(path)

    with pytest.raises(JournalError, match=r"is no file\. Set CATALYST_JOURNAL to the path of a file"):
        await file.write([row("a")])
    await file.aclose()

    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def cancel_thread_write():
    """Cancel the task that waits for the thread, as the end of the event loop does; returns it."""
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == WRITE_TASK_NAME]
    task.cancel()
    return task


def count_transactions(log):
    """Return how many transactions a write-ahead log holds: only the last frame of each has a number of pages."""
    frames = [log[at : at + 16] for at in range(32, len(log), 24 + int.from_bytes(log[8:12]))]
    return sum(frame[4:8] != bytes(4) for frame in frames if frame[8:] == log[SALTS])


async def test_file_writes_one_transaction_per_loop_iteration(file, tmp_path):
    log = tmp_path / "journal.sqlite-wal"
    await file.write([row("a")])
    before = log.read_bytes()
    await asyncio.gather(*[file.write([row(task_id)]) for task_id in "bcd"])

    assert stored(file) == ["a", "b", "c", "d"]
    assert count_transactions(log.read_bytes()) == count_transactions(before) + 1


async def test_file_does_not_block_loop_while_another_worker_writes(file, other):
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(file.write([row("a")]))
        started = asyncio.get_running_loop().time()
        await run_loop_iterations(100)
        waited = asyncio.get_running_loop().time() - started
        is_written = writing.done()
        other.execute("ROLLBACK")

    assert not is_written
    assert waited < 1
    assert stored(file) == ["a"]


async def test_file_keeps_order_while_another_worker_writes(file, other):
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        tasks.create_task(file.write([row("a"), row("b")]))
        await run_loop_iterations(3)
        other.execute("ROLLBACK")
        tasks.create_task(file.write([("DELETE FROM answer WHERE task_id = 'a'", ())]))

    assert stored(file) == ["b"]


async def test_file_write_fails_after_busy_timeout(tmp_path, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.BUSY_TIMEOUT_SECONDS", 0.2)
    file = SqliteFile(tmp_path / "journal.sqlite")
    await file.write([])
    file.read("SELECT 1")
    with closing(file.connect()) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: database is locked"),
            anyio.fail_after(4),
        ):
            await file.write([row("a")])
        other.execute("ROLLBACK")
    await file.write([row("b")])

    assert stored(file) == ["b"]
    await file.aclose()


async def test_file_writes_all_statements_or_none(file, other):
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON answer WHEN NEW.task_id = 'b' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: no"):
        await file.write([row("a"), row("b")])
    await file.write([row("c")])

    assert stored(file) == ["c"]


async def test_file_is_unchanged_after_full_disk(file):
    await file.write([row("a")])
    [(pages,)] = file.read("PRAGMA page_count")
    file.read(f"PRAGMA max_page_count = {pages}")
    for rows in ([row("b", MAX_EVENT_LOOP_WRITE_BYTES // 2)], [row("c"), row("d", MAX_EVENT_LOOP_WRITE_BYTES // 2)]):
        with pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: database or disk is full"):
            await file.write(rows)
    await file.write([row("e")])

    assert stored(file) == ["a", "e"]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "number"), [(1000, 4000), (MEGABYTE, 60)])
async def test_file_log_stays_small(file, tmp_path, size, number):
    log = tmp_path / "journal.sqlite-wal"
    largest = 0
    for task_id in range(number):
        await file.write([("DELETE FROM answer", ()), row(f"{task_id}", size)])
        largest = max(largest, log.stat().st_size)

    assert largest < 10 * MEGABYTE


WRITING = """
import asyncio, pathlib, sys
from catalyst_groq.journal import SqliteFile

async def write(path, task_id):
    file, log, largest = SqliteFile(path), path.with_name(f"{path.name}-wal"), 0
    await file.write([])
    file.read("SELECT 1")
    for _ in range(1200):
        delete, insert = "DELETE FROM answer WHERE task_id = ?", "INSERT INTO answer VALUES (?, 'request', 0, ?)"
        await file.write([(delete, (task_id,)), (insert, (task_id, b"x" * 16000))])
        largest = max(largest, log.stat().st_size)
    await file.aclose()
    print(largest)

asyncio.run(write(pathlib.Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.slow
def test_file_log_stays_small_with_three_writing_workers(tmp_path):
    command = [sys.executable, "-c", WRITING, str(tmp_path / "journal.sqlite")]
    with ExitStack() as started:
        workers = [
            started.enter_context(subprocess.Popen([*command, task_id], stdout=subprocess.PIPE, text=True))
            for task_id in "abc"
        ]
        sizes = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert max(sizes) < 40 * MEGABYTE  # they write 65; some 9 when no other process needs the cores


async def test_file_writes_large_rows_in_thread(file):
    writing = asyncio.create_task(file.write([row("a", MAX_EVENT_LOOP_WRITE_BYTES)]))
    await run_loop_iterations(3)
    assert not writing.done()
    await writing
    assert stored(file) == ["a"]


@pytest.mark.slow
def test_file_can_be_created_by_many_workers_at_once(tmp_path):
    with ThreadPoolExecutor(8) as workers:
        for number in range(20):
            files = [SqliteFile(tmp_path / f"journal-{number}.sqlite") for _ in range(8)]
            assert all(workers.map(lambda file: file.connect().close() is None, files))


async def test_file_write_survives_cancelled_caller(file, other):
    other.execute("BEGIN IMMEDIATE")
    cancelled = asyncio.create_task(file.write([row("a")]))
    await run_loop_iterations(3)
    task = cancel_thread_write()
    await asyncio.wait([task])
    cancelled.cancel()
    other.execute("COMMIT")
    await file.write([row("b")])
    assert "b" in stored(file)


@pytest.mark.parametrize("after", [2, 3, 4], ids=["before the thread begins", "while it begins", "while it writes"])
async def test_file_write_raises_when_thread_write_is_cancelled(file, other, after):
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(file.write([row("a")]))
    await run_loop_iterations(after)
    cancel_thread_write()
    await asyncio.wait([writing], timeout=5)
    other.execute("COMMIT")
    with pytest.raises(JournalError, match="was stopped during a write"):
        await writing


async def test_file_close_waits_for_pending_write(tmp_path, other):
    closed = SqliteFile(tmp_path / "journal.sqlite")
    writing = asyncio.create_task(closed.write([row("a", MAX_EVENT_LOOP_WRITE_BYTES)]))
    await run_loop_iterations(2)
    await closed.aclose()

    assert writing.done()
    assert other.execute("SELECT task_id FROM answer").fetchall() == [("a",)]


async def test_file_log_restarts_only_during_maintenance(tmp_path, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 5 * ROW_OVERHEAD_BYTES)
    file = SqliteFile(tmp_path / "journal.sqlite")
    await file.write([])
    file.read("SELECT 1")
    salts = []
    for number in range(15):
        await file.write([row(f"{number}")])
        salts.append((tmp_path / "journal.sqlite-wal").read_bytes()[SALTS])
    await file.aclose()

    restarts = [number for number, before, after in zip(count(1), salts, salts[1:]) if before != after]
    assert restarts == [4, 9, 14]
