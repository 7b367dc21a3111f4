"""The tables of the journal's file: those of the versions before and after can be used too."""

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import JournalKey, SqliteFile, SqliteLedger
from catalyst_groq.journal.schema import SCHEMA, SCHEMA_VERSION
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")
NEXT = f"""
ALTER TABLE answer ADD COLUMN added TEXT;
ALTER TABLE spent ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
CREATE TABLE another (id TEXT);
CREATE INDEX answer_by_age ON answer (kept_at);
PRAGMA user_version = {SCHEMA_VERSION + 1};
"""
"""What the next version may do to a file. The index has the name of one that was dropped."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def execute(path, script):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def read(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return [value for (value,) in connection.execute(sql)]


def version(path):
    return read(path, "PRAGMA user_version")


async def test_schema_of_a_new_file_has_a_version(make_journal, path):
    await make_journal(path).store(KEY, make_response())

    assert version(path) == [SCHEMA_VERSION]


async def test_schema_without_version_is_migrated(make_journal, path):
    execute(path, SCHEMA)
    await make_journal(path).store(KEY, make_response())
    execute(path, "PRAGMA user_version = 0; CREATE INDEX answer_by_age ON answer (kept_at)")

    assert await make_journal(path).load(KEY) == make_response()
    assert version(path) == [SCHEMA_VERSION]
    assert read(path, "SELECT name FROM sqlite_master WHERE name = 'answer_by_age'") == []


async def test_schema_of_the_next_version_is_used_and_kept(make_journal, path):
    await make_journal(path).store(KEY, make_response())
    execute(path, NEXT)
    journal, other, file = make_journal(path), JournalKey("task-2", "request"), SqliteFile(path)
    await journal.store(other, make_response())
    ledger = SqliteLedger(file)
    await ledger.book({"day:1": Decimal(1)})
    spent = await ledger.spent(["day:1"])
    await file.aclose()

    assert [await journal.load(key) for key in (KEY, other)] == [make_response()] * 2
    assert spent == [1]
    assert version(path) == [SCHEMA_VERSION + 1]
    assert read(path, "SELECT name FROM sqlite_master WHERE name = 'answer_by_age'") == ["answer_by_age"]


async def test_schema_of_a_later_version_is_refused(make_journal, path):
    await make_journal(path).store(KEY, make_response())
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 2}")

    with pytest.raises(JournalError, match=r"tables have version 3; this worker reads versions up to 2\. Start a"):
        await make_journal(path).load(KEY)
    assert version(path) == [SCHEMA_VERSION + 2]


async def test_schema_is_set_while_others_write(make_journal, path):
    execute(path, SCHEMA)
    journals = [make_journal(path) for _ in range(4)]
    for number, journal in enumerate(journals):
        await journal.store(JournalKey(f"task-{number}", "request"), make_response())

    assert version(path) == [SCHEMA_VERSION]
    assert len(read(path, "SELECT task_id FROM answer")) == 4
