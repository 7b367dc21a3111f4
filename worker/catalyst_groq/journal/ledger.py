"""What has been spent, kept where the answers are."""

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

Amounts = Mapping[str, Decimal]
"""USD by account: what it was spent on."""

UNIT = Decimal("1e-12")
"""USD that are counted as one: whole numbers can be added in any order, and 64 bits hold nine millions of dollars."""

RETENTION = timedelta(days=30)
"""An account on which nothing is booked for so long begins anew."""

DAILY_ACCOUNT = ("day:", "definition:")
"""How the accounts begin that are for one day."""

DAILY_RETENTION = timedelta(days=2)

MAX_BATCH_ACCOUNTS = 10**15
"""Units, a thousand dollars."""

MAX_ACCOUNTS_IN_MEMORY = 100_000
PRUNE_BATCH = 1000
"""More than are made meanwhile, and few: answers wait for the same file."""

SELECT = "SELECT account, units FROM spent WHERE account IN ({})"
ADD = """
INSERT INTO spent VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET units = units + excluded.units, booked_at = excluded.booked_at
"""
DELETE_OLDER = "DELETE FROM spent WHERE account IN (SELECT account FROM spent WHERE booked_at < ? LIMIT ?)"
# Those of a day are few: they are found by their names (hence the +), so that no other account is looked at.
DELETE_OLDER_OF_A_DAY = """
DELETE FROM spent WHERE account IN (
    SELECT account FROM spent WHERE (account GLOB 'day:*' OR account GLOB 'definition:*') AND +booked_at < ? LIMIT ?
)
"""


class Ledger(Protocol):
    """Where sums are kept. All methods raise `JournalError`."""

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return what was booked on each account, in USD."""

    async def book(self, amounts: Amounts) -> None:
        """Add to accounts; when this returns, it outlives a crash of the worker, as far as the store does."""

    async def aclose(self) -> None:
        """Let go of connections."""


class MemoryLedger:
    """Sums of one worker's life: there is no journal. Of too many accounts those go that were booked on longest ago."""

    def __init__(self) -> None:
        self._units: dict[str, int] = {}

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Look the sums up."""
        return [self._units.get(account, 0) * UNIT for account in accounts]

    async def book(self, amounts: Amounts) -> None:
        """Add up."""
        for account, amount in amounts.items():
            self._units[account] = self._units.pop(account, 0) + in_units(amount)
        while len(self._units) > MAX_ACCOUNTS_IN_MEMORY:
            del self._units[next(iter(self._units))]

    async def aclose(self) -> None:
        """Hold nothing."""


class SqliteLedger:
    """Sums in the file of the journal, which closes it."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        file.add_maintenance(self._pruning)

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Read the sums: rows by their keys."""
        rows = self._file.read(SELECT.format(",".join("?" * len(accounts))), *accounts)
        units: dict[str, int] = dict(rows)
        return [units.get(account, 0) * UNIT for account in accounts]

    async def book(self, amounts: Amounts) -> None:
        """Add up in the file, on all accounts or none."""
        now = time.time()
        await self._file.write([(ADD, (account, in_units(amount), now)) for account, amount in amounts.items()])

    async def aclose(self) -> None:
        """Hold nothing."""

    def _pruning(self) -> list[Statement]:
        now = time.time()
        ages = {DELETE_OLDER: RETENTION, DELETE_OLDER_OF_A_DAY: DAILY_RETENTION}
        return [(sql, (now - longest.total_seconds(), PRUNE_BATCH)) for sql, longest in ages.items()]


class WriteBehindLedger:
    """A ledger that loses nothing while its store is broken: what cannot be booked is booked later, in the same life.

    Whether work goes on meanwhile is the operator's choice. Nobody waits for a booking but who asks what is spent, and
    nobody's end ends one.
    """

    def __init__(self, ledger: Ledger, *, required: bool) -> None:
        self._ledger = ledger
        self._required = required
        self._unbooked: dict[str, Decimal] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._fault: JournalError | None = None

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return what is known to be spent. Raises `JournalError` only where the store is required."""
        await self._book_all()
        known = [Decimal()] * len(accounts)
        try:
            known = await self._ledger.spent(accounts)
        except JournalError as error:
            self._fails(error)
        else:
            self._works()
        if self._fault and self._required:
            raise self._fault
        return [amount + self._unbooked.get(account, 0) for account, amount in zip(accounts, known, strict=True)]

    async def book(self, amounts: Amounts) -> None:
        """Add to accounts while the caller goes on: an answer is kept meanwhile. Never raises: it has been paid."""
        self._remember(amounts)
        self._begin()

    async def aclose(self) -> None:
        """Book what is left, if that can be done, and let go of connections."""
        await self._book_all()
        await self._ledger.aclose()

    async def _book_all(self) -> None:
        """Book what could not be booked before, and wait for what is being booked."""
        self._begin()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _begin(self) -> None:
        if not self._unbooked:
            return
        amounts, self._unbooked = self._unbooked, {}
        booking = asyncio.create_task(self._book(amounts))
        self._under_way.add(booking)
        booking.add_done_callback(self._under_way.discard)

    async def _book(self, amounts: Amounts) -> None:
        try:
            await self._ledger.book(amounts)
        except JournalError as error:
            self._remember(amounts)
            self._fails(error)

    def _remember(self, amounts: Amounts) -> None:
        for account, amount in amounts.items():
            self._unbooked[account] = self._unbooked.get(account, Decimal()) + amount

    def _fails(self, error: JournalError) -> None:
        if not self._fault:
            log.error("%s. What is spent now is booked when it works again.", error)
        self._fault = error

    def _works(self) -> None:
        """Say that it works again, once that can be read and nothing is left to be booked."""
        if self._unbooked:
            return
        if self._fault:
            log.warning("What is spent is counted together again.")
        self._fault = None


def retention(account: str) -> timedelta:
    """Return how long an account is kept after the last booking."""
    return DAILY_RETENTION if account.startswith(DAILY_ACCOUNT) else RETENTION


def in_units(amount: Decimal) -> int:
    """Return an amount as it is counted. Whatever an answer says it took, that gives no money back and fits."""
    return min(max(round(amount / UNIT), 0), MAX_BATCH_ACCOUNTS)
