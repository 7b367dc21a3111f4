"""The administration of a journal in an SQLite file: a connection of its own, which no worker waits for."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from catalyst_groq.errors import JournalError
from catalyst_groq.journal.administration import AccountSum, StoredEntry
from catalyst_groq.journal.ledger import UNIT_USD
from catalyst_groq.journal.sqlite_file import BUSY_TIMEOUT_SECONDS
from catalyst_groq.journal.sqlite_store import SET_ASIDE_PREFIX

ENTRIES = "SELECT task_id, request, kept_at, LENGTH(sealed) FROM answer {} ORDER BY kept_at DESC"
LOAD = "SELECT task_id, request, sealed FROM answer WHERE (task_id, request) IN (VALUES {})"
FORGET = "DELETE FROM answer WHERE task_id = ?"
DAILY_ACCOUNTS = "SELECT account, units FROM spent WHERE account NOT GLOB 'instance:*' ORDER BY account"
INSTANCE_ACCOUNTS = "SELECT account, units FROM spent WHERE account GLOB 'instance:*' ORDER BY units DESC LIMIT ?"


class SqliteAdministration:
    """Reads and deletes in a file that exists. It never creates one, and never changes its form."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def entries(self, task_ids: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these tasks, or of all if there are none, the newest first."""
        condition = f"WHERE task_id IN ({','.join('?' * len(task_ids))})" if task_ids else ""
        with self._connected() as connection:
            return [_to_entry(*row) for row in connection.execute(ENTRIES.format(condition), tuple(task_ids))]

    async def load(self, entries: Sequence[StoredEntry]) -> list[bytes | None]:
        """Return the contents of entries as they are stored, at once; None for one that was deleted meanwhile."""
        keys = [(entry.task_id, _to_request(entry)) for entry in entries]
        query = LOAD.format(",".join(["(?, ?)"] * len(keys)))
        with self._connected() as connection:
            rows = connection.execute(query, [part for key in keys for part in key])
            contents = {(task_id, request): bytes(sealed) for task_id, request, sealed in rows}
        return [contents.get(key) for key in keys]

    async def forget(self, task_id: str) -> int:
        """Delete the entries of a task, also those that are set aside; return how many there were."""
        with self._connected() as connection:
            return connection.execute(FORGET, (task_id,)).rowcount

    async def accounts(self, limit: int) -> list[AccountSum]:
        """Return the accounts of days and definitions, and of the instances that have spent the most."""
        with self._connected() as connection:
            rows = [*connection.execute(DAILY_ACCOUNTS), *connection.execute(INSTANCE_ACCOUNTS, (limit,))]
        return [AccountSum(account, units * UNIT_USD) for account, units in rows]

    async def spent(self, account: str) -> Decimal | None:
        """Return what was spent on one account; None if nothing was ever booked to it."""
        with self._connected() as connection:
            row = connection.execute("SELECT units FROM spent WHERE account = ?", (account,)).fetchone()
        return row[0] * UNIT_USD if row else None

    async def reset(self, account: str) -> None:
        """Set what was spent on an account to nothing."""
        with self._connected() as connection:
            connection.execute("DELETE FROM spent WHERE account = ?", (account,))

    async def aclose(self) -> None:
        """Do nothing: each call has its own connection."""

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            raise JournalError(f"There is no journal {self._path} yet. A worker makes it when it starts.")
        try:
            with (
                closing(
                    sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_SECONDS)
                ) as connection,
                connection,
            ):
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"The journal {self._path} cannot be used: {error}. Run this as the worker's user."
            ) from error


def _to_request(entry: StoredEntry) -> str:
    """Return what the file has in the column `request`."""
    return f"{SET_ASIDE_PREFIX if entry.is_set_aside else ''}{entry.request_key}"


def _to_entry(task_id: str, request: str, kept_at: float, size_bytes: int) -> StoredEntry:
    key = request.removeprefix(SET_ASIDE_PREFIX)
    return StoredEntry(task_id, key, datetime.fromtimestamp(kept_at, UTC), size_bytes, is_set_aside=key != request)
