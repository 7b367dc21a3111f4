"""The tables of the journal's SQLite file, and their version."""

import sqlite3
from importlib.resources import files

SCHEMA_VERSION = 1
"""The version that this worker writes, as `PRAGMA user_version`. Files of 0 have the same tables and no version.

A version adds tables, and columns with defaults, to the one before; it changes and removes nothing. So workers of two
consecutive versions share a file, and an upgrade can be undone.
"""

SCHEMA = files("catalyst_groq.journal").joinpath("schema.sql").read_text("utf-8")


def prepare_tables(connection: sqlite3.Connection) -> None:
    """Create the tables, or bring those of earlier versions to this one; the next version's are left as they are.

    Raises `sqlite3.Error`, also for a version after that.
    """
    version = _read_version(connection)
    if version > SCHEMA_VERSION + 1:
        raise sqlite3.NotSupportedError(
            f"its tables have version {version}; this worker reads versions up to {SCHEMA_VERSION + 1}. Start a worker "
            "of the version that wrote it or of the one before, or choose another file"
        )
    if version <= SCHEMA_VERSION:
        connection.executescript(SCHEMA)
    if version < SCHEMA_VERSION:
        _set_version(connection)


def _set_version(connection: sqlite3.Connection) -> None:
    """Set this worker's version, unless another worker has set a later one meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    if _read_version(connection) < SCHEMA_VERSION:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _read_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
