"""Fixtures of the journal's tests."""

from datetime import timedelta

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import NullJournal, SqliteFile, SqliteJournal, make_cipher

DAY = timedelta(days=1)


@pytest.fixture
async def make_journal(tmp_path):
    """Open SQLite journals, by default on one file, and close them after the test."""
    journals = []

    def make(path=tmp_path / "state" / "journal.sqlite", *, key=None, max_age=DAY, max_bytes=10**6):
        journal = SqliteJournal(SqliteFile(path), cipher=make_cipher(key), max_age=max_age, max_bytes=max_bytes)
        journals.append(journal)
        return journal

    yield make
    for journal in journals:
        await journal.aclose()


class FullDiskJournal(NullJournal):
    """A journal that can be read, and written unless `is_full`; records the keys that were stored."""

    is_available = True

    def __init__(self):
        self.is_full = True
        self.stored_keys = []
        self.discarded_ids = []

    async def store(self, key, response):
        if self.is_full:
            raise JournalError("disk full")
        self.stored_keys.append(key)

    async def discard(self, task_id):
        self.discarded_ids.append(task_id)


@pytest.fixture
def full_disk():
    return FullDiskJournal()
