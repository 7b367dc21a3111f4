"""The journal's file: written by the event loop, which never waits for it."""

import asyncio
import subprocess
import sys
from contextlib import ExitStack, closing
from itertools import count

import anyio
import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import SqliteFile
from catalyst_groq.journal.sqlite_file import MAX_EVENT_LOOP_WRITE_BYTES, ROW_OVERHEAD_BYTES

pytestmark = pytest.mark.anyio

INSERT = "INSERT INTO answer VALUES (?, 'request', 0, ?)"
MEGABYTE = 2**20
SALTS = slice(16, 24)
"""Where the write-ahead log tells one of its lives from another (SQLite's file format, chapter 4)."""


@pytest.fixture
async def file(tmp_path):
    """A file that the loop has read and a thread has tidied up: what is written next needs no thread."""
    file = SqliteFile(tmp_path / "journal.sqlite")
    await file.write([])
    file.read("SELECT 1")
    yield file
    await file.aclose()


@pytest.fixture
def other(file):
    """Another worker's connection."""
    with closing(file.connect()) as connection:
        yield connection


def row(task_id, size=1):
    return INSERT, (task_id, b"x" * size)


def kept(file):
    return [task_id for (task_id,) in file.read("SELECT task_id FROM answer ORDER BY task_id")]


async def rounds(number):
    """Let the loop go round: whatever needs but the loop is done then."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_row_is_written_by_the_loop_without_waiting_for_a_thread(file):
    writing = asyncio.create_task(file.write([row("a")]))
    await rounds(3)

    assert writing.done()
    assert kept(file) == ["a"]


def transactions(log):
    """How many the log holds: a frame that ends one says how many pages the file has then."""
    frames = [log[at : at + 16] for at in range(32, len(log), 24 + int.from_bytes(log[8:12]))]
    return sum(frame[4:8] != bytes(4) for frame in frames if frame[8:] == log[SALTS])


async def test_what_comes_in_one_round_of_the_loop_is_one_transaction(file, tmp_path):
    log = tmp_path / "journal.sqlite-wal"
    await file.write([row("a")])
    before = log.read_bytes()
    await asyncio.gather(*[file.write([row(task_id)]) for task_id in "bcd"])

    assert kept(file) == ["a", "b", "c", "d"]
    assert transactions(log.read_bytes()) == transactions(before) + 1


async def test_while_another_worker_writes_the_loop_goes_on_and_the_row_is_written_afterwards(file, other):
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(file.write([row("a")]))
        started = asyncio.get_running_loop().time()
        await rounds(100)
        waited = asyncio.get_running_loop().time() - started
        is_written = writing.done()
        other.execute("ROLLBACK")

    assert not is_written
    assert waited < 1
    assert kept(file) == ["a"]


async def test_nothing_overtakes_what_waits_for_another_worker(file, other):
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        tasks.create_task(file.write([row("a"), row("b")]))
        await rounds(3)
        other.execute("ROLLBACK")
        tasks.create_task(file.write([("DELETE FROM answer WHERE task_id = 'a'", ())]))

    assert kept(file) == ["b"]


async def test_who_waits_too_long_for_another_worker_is_told(tmp_path, monkeypatch):
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

    assert kept(file) == ["b"]
    await file.aclose()


async def test_of_statements_that_fail_together_nothing_is_written(file, other):
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON answer WHEN NEW.task_id = 'b' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: no"):
        await file.write([row("a"), row("b")])
    await file.write([row("c")])

    assert kept(file) == ["c"]


async def test_a_full_disk_is_told_and_leaves_the_file_as_it_was(file):
    await file.write([row("a")])
    [(pages,)] = file.read("PRAGMA page_count")
    file.read(f"PRAGMA max_page_count = {pages}")
    for rows in ([row("b", MAX_EVENT_LOOP_WRITE_BYTES // 2)], [row("c"), row("d", MAX_EVENT_LOOP_WRITE_BYTES // 2)]):
        with pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: database or disk is full"):
            await file.write(rows)
    await file.write([row("e")])

    assert kept(file) == ["a", "e"]


@pytest.mark.parametrize(("size", "number"), [(1000, 4000), (MEGABYTE, 60)])
async def test_the_log_does_not_grow_without_bounds(file, tmp_path, size, number):
    log = tmp_path / "journal.sqlite-wal"
    largest = 0
    for task_id in range(number):
        await file.write([("DELETE FROM answer", ()), row(f"{task_id}", size)])
        largest = max(largest, log.stat().st_size)

    assert largest < 10 * MEGABYTE


WRITING = """
import asyncio, pathlib, sys
from catalyst_groq.journal import SqliteFile

async def write(path, me):
    file, log, largest = SqliteFile(path), path.with_name(f"{path.name}-wal"), 0
    await file.write([])
    file.read("SELECT 1")
    for _ in range(4000):
        forget, keep = "DELETE FROM answer WHERE task_id = ?", "INSERT INTO answer VALUES (?, 'request', 0, ?)"
        await file.write([(forget, (me,)), (keep, (me, b"x" * 4000))])
        largest = max(largest, log.stat().st_size)
    await file.aclose()
    print(largest)

asyncio.run(write(pathlib.Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.slow
def test_workers_who_all_write_keep_the_log_small_together(tmp_path):
    command = [sys.executable, "-c", WRITING, str(tmp_path / "journal.sqlite")]
    with ExitStack() as started:
        workers = [
            started.enter_context(subprocess.Popen([*command, me], stdout=subprocess.PIPE, text=True)) for me in "abc"
        ]
        sizes = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert max(sizes) < 40 * MEGABYTE  # all that they write would be 72; some 12 when nobody else needs the cores


async def test_what_is_large_is_left_to_the_thread(file):
    writing = asyncio.create_task(file.write([row("a", MAX_EVENT_LOOP_WRITE_BYTES)]))
    await rounds(3)
    assert not writing.done()
    await writing
    assert kept(file) == ["a"]


async def test_who_ends_early_stops_nobody_else(file, other):
    other.execute("BEGIN IMMEDIATE")
    closing_early = asyncio.create_task(file.write([row("a")]))
    await rounds(3)
    file._writing.cancel()
    await asyncio.wait([file._writing])
    closing_early.cancel()
    other.execute("COMMIT")
    await file.write([row("b")])
    assert "b" in kept(file)


@pytest.mark.parametrize("after", [2, 3, 4], ids=["before the thread begins", "while it begins", "while it writes"])
async def test_whoever_waits_hears_that_the_writing_was_stopped(file, other, after):
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(file.write([row("a")]))
    await rounds(after)
    file._writing.cancel()
    await asyncio.wait([writing], timeout=5)
    other.execute("COMMIT")
    with pytest.raises(JournalError, match="stopped while it was written"):
        await writing


async def test_who_closes_waits_for_what_is_being_written(tmp_path, other):
    leaving = SqliteFile(tmp_path / "journal.sqlite")
    writing = asyncio.create_task(leaving.write([row("a", MAX_EVENT_LOOP_WRITE_BYTES)]))
    await rounds(2)
    await leaving.aclose()

    assert writing.done()
    assert other.execute("SELECT task_id FROM answer").fetchall() == [("a",)]


async def test_the_log_begins_anew_only_where_the_disk_may_be_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 5 * ROW_OVERHEAD_BYTES)
    file = SqliteFile(tmp_path / "journal.sqlite")
    await file.write([])
    file.read("SELECT 1")
    beginnings = []
    for number in range(15):
        await file.write([row(f"{number}")])
        beginnings.append((tmp_path / "journal.sqlite-wal").read_bytes()[SALTS])
    await file.aclose()

    anew = [number for number, before, after in zip(count(1), beginnings, beginnings[1:]) if before != after]
    assert anew == [4, 9, 14]
