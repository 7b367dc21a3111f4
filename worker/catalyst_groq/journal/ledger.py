"""What has been spent, in USD by account; stored beside the journal."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from catalyst_groq.errors import JournalError
from catalyst_groq.journal.sqlite_file import SqliteFile, Statement

log = logging.getLogger(__name__)

Charges = Mapping[str, Decimal]
"""USD by account. An account is what a budget limits: a day, a process definition on a day, a process instance."""

UNIT_USD = Decimal("1e-12")
"""The USD of one stored unit: integers can be added in any order, and 64 bits hold nine million dollars."""

ACCOUNT_RETENTION = timedelta(days=30)
"""An account is deleted this long after its last booking."""

DAILY_ACCOUNT_PREFIXES = ("day:", "definition:")
"""Prefixes of the accounts that count one day."""

DAILY_ACCOUNT_RETENTION = timedelta(days=2)

MAX_BOOKING_UNITS = 10**15
"""The most that one booking adds to an account: a thousand dollars."""

MAX_ACCOUNTS_IN_MEMORY = 100_000
PRUNE_BATCH_ACCOUNTS = 1000
"""Maximum accounts deleted per statement of a pruning: more than are added between two prunings, but few, because
responses wait for the file."""

SELECT = "SELECT account, units FROM spent WHERE account IN ({})"
ADD = """
INSERT INTO spent (account, units, booked_at) VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET units = units + excluded.units, booked_at = excluded.booked_at
"""
DELETE_OLD = "DELETE FROM spent WHERE account IN (SELECT account FROM spent WHERE booked_at < ? LIMIT ?)"
# The unary + stops SQLite from using the index on booked_at: it finds the few daily accounts by name, reads no others.
DELETE_OLD_DAILY = """
DELETE FROM spent WHERE account IN (
    SELECT account FROM spent WHERE (account GLOB 'day:*' OR account GLOB 'definition:*') AND +booked_at < ? LIMIT ?
)
"""


class Ledger(Protocol):
    """Stores the sum of each account. All methods raise `JournalError`."""

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return the sum of each account in USD, 0 for an account without bookings."""

    async def book(self, charges: Charges) -> None:
        """Add to accounts. When this returns, the sums survive a crash of the worker, as far as the store does."""

    async def aclose(self) -> None:
        """Close connections."""


class MemoryLedger:
    """Sums that end with the process, for CATALYST_JOURNAL=off. Evicts the accounts whose last booking is oldest."""

    def __init__(self) -> None:
        self._units: dict[str, int] = {}

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return the sum of each account in USD."""
        return [self._units.get(account, 0) * UNIT_USD for account in accounts]

    async def book(self, charges: Charges) -> None:
        """Add to accounts."""
        for account, amount in charges.items():
            self._units[account] = self._units.pop(account, 0) + to_units(amount)
        while len(self._units) > MAX_ACCOUNTS_IN_MEMORY:
            del self._units[next(iter(self._units))]

    async def aclose(self) -> None:
        """Do nothing."""


class SqliteLedger:
    """Sums in the journal's SQLite file. The journal closes the file."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        file.add_maintenance(self._prune_statements)

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return the sum of each account in USD."""
        rows = self._file.read(SELECT.format(",".join("?" * len(accounts))), *accounts)
        units: dict[str, int] = dict(rows)
        return [units.get(account, 0) * UNIT_USD for account in accounts]

    async def book(self, charges: Charges) -> None:
        """Add to all accounts or, on an error, to none."""
        now = time.time()
        await self._file.write([(ADD, (account, to_units(amount), now)) for account, amount in charges.items()])

    async def aclose(self) -> None:
        """Do nothing."""

    def _prune_statements(self) -> list[Statement]:
        now = time.time()
        retentions = {DELETE_OLD: ACCOUNT_RETENTION, DELETE_OLD_DAILY: DAILY_ACCOUNT_RETENTION}
        return [(sql, (now - retention.total_seconds(), PRUNE_BATCH_ACCOUNTS)) for sql, retention in retentions.items()]


class WriteBehindLedger:
    """A ledger that loses no booking while its store fails: unbooked charges are kept in memory and booked later.

    Bookings run in the background; `spent` waits for them. Cancelling the caller does not cancel a booking.
    With `required`, `spent` raises `JournalError` while the store fails, so that work stops; otherwise it continues.
    """

    def __init__(self, ledger: Ledger, *, required: bool) -> None:
        self._ledger = ledger
        self._required = required
        self._unbooked: dict[str, Decimal] = {}
        self._bookings: set[asyncio.Task[None]] = set()
        self._error: JournalError | None = None
        """The last error of the store, while it fails."""

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return the sum of each account in USD, unbooked charges included. Raises `JournalError` only if required."""
        await self._book_all()
        stored = [Decimal()] * len(accounts)
        try:
            stored = await self._ledger.spent(accounts)
        except JournalError as error:
            self._on_error(error)
        else:
            self._on_read()
        if self._error and self._required:
            raise self._error
        return [amount + self._unbooked.get(account, 0) for account, amount in zip(accounts, stored, strict=True)]

    async def book(self, charges: Charges) -> None:
        """Start a booking and return, so that the response is journalled meanwhile. Never raises: it has been paid."""
        self._add_unbooked(charges)
        self._start_booking()

    async def aclose(self) -> None:
        """Book what is unbooked, if possible, and close connections."""
        await self._book_all()
        await self._ledger.aclose()

    async def _book_all(self) -> None:
        """Try unbooked charges again, and wait for all bookings."""
        self._start_booking()
        if self._bookings:
            await asyncio.wait(self._bookings)

    def _start_booking(self) -> None:
        if not self._unbooked:
            return
        charges, self._unbooked = self._unbooked, {}
        booking = asyncio.create_task(self._book(charges))
        self._bookings.add(booking)
        booking.add_done_callback(self._bookings.discard)

    async def _book(self, charges: Charges) -> None:
        try:
            await self._ledger.book(charges)
        except JournalError as error:
            self._add_unbooked(charges)
            self._on_error(error)

    def _add_unbooked(self, charges: Charges) -> None:
        for account, amount in charges.items():
            self._unbooked[account] = self._unbooked.get(account, Decimal()) + amount

    def _on_error(self, error: JournalError) -> None:
        if not self._error:
            log.error("%s. Budgets: costs are kept in memory and booked when the journal works again.", error)
        self._error = error

    def _on_read(self) -> None:
        """End an outage once the store can be read and nothing is unbooked."""
        if self._unbooked:
            return
        if self._error:
            log.info("Budgets: the journal works again, all costs are booked.")
        self._error = None


def get_retention(account: str) -> timedelta:
    """Return how long an account is stored after its last booking."""
    return DAILY_ACCOUNT_RETENTION if account.startswith(DAILY_ACCOUNT_PREFIXES) else ACCOUNT_RETENTION


def to_units(amount: Decimal) -> int:
    """Return USD in units, at least 0 and at most `MAX_BOOKING_UNITS`, whatever token counts a response claims."""
    return min(max(round(amount / UNIT_USD), 0), MAX_BOOKING_UNITS)
