"""An SQLite journal, as a test looks into it and gets in its way."""

import sqlite3
from contextlib import closing, contextmanager

from catalyst_groq.journal import SqliteFile


class JournalFile:
    def __init__(self, path):
        self.path = path

    def answers(self):
        """How many answers it keeps."""
        if not self.path.exists():
            return 0
        with closing(sqlite3.connect(self.path)) as journal:
            return journal.execute("SELECT COUNT(*) FROM answer").fetchone()[0]

    @contextmanager
    def unwritable(self):
        """Keep every worker from writing to it, for as long as the block runs; they can still read."""
        with closing(SqliteFile(self.path).connect()) as journal:
            journal.execute("BEGIN IMMEDIATE")
            yield
            journal.execute("ROLLBACK")
