"""Access to a worker's SQLite journal: counts its responses and blocks its writes."""

import sqlite3
from contextlib import closing, contextmanager

from catalyst_groq.journal import SqliteFile


class JournalFile:
    def __init__(self, path):
        self.path = path

    def answers(self):
        """Return the number of stored responses."""
        if not self.path.exists():
            return 0
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("SELECT COUNT(*) FROM answer").fetchone()[0]

    @contextmanager
    def unwritable(self):
        """Block the writes of every worker while the block runs; they can still read."""
        with closing(SqliteFile(self.path).connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
