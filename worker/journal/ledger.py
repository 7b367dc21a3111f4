"""What has been spent, kept where the answers are."""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from worker.errors import JournalError
from worker.journal.file import SqliteFile, Statement

log = logging.getLogger(__name__)

Amounts = Mapping[str, Decimal]
"""USD by account: what it was spent on."""

UNIT = Decimal("1e-12")
"""USD that are counted as one: whole numbers can be added in any order, and 64 bits hold nine millions of dollars."""

KEPT = timedelta(days=90)
"""An account on which nothing is booked for so long begins anew."""

MOST_AT_ONCE = 10**15
"""Units, a thousand dollars."""

MOST_IN_MEMORY = 100_000
PRUNED_EVERY = 1000
"""Bookings between two looks at age."""

SELECT = "SELECT account, units FROM spent WHERE account IN ({})"
ADD = """
INSERT INTO spent VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET units = units + excluded.units, booked_at = excluded.booked_at
"""
DELETE_OLDER = "DELETE FROM spent WHERE booked_at < ?"


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
        while len(self._units) > MOST_IN_MEMORY:
            del self._units[next(iter(self._units))]

    async def aclose(self) -> None:
        """Hold nothing."""


class SqliteLedger:
    """Sums in the file of the journal, which closes it."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._until_pruning = 0

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Read the sums: rows by their keys."""
        rows = self._file.read(SELECT.format(",".join("?" * len(accounts))), *accounts)
        units: dict[str, int] = dict(rows)
        return [units.get(account, 0) * UNIT for account in accounts]

    async def book(self, amounts: Amounts) -> None:
        """Add up in the file, in one transaction with whatever else is to be written."""
        now = time.time()
        statements: list[Statement] = [(ADD, (account, in_units(amount), now)) for account, amount in amounts.items()]
        self._until_pruning -= 1
        if self._until_pruning <= 0:
            self._until_pruning = PRUNED_EVERY
            statements.append((DELETE_OLDER, (now - KEPT.total_seconds(),)))
        await self._file.write(statements)

    async def aclose(self) -> None:
        """Hold nothing."""


class Faithful:
    """A ledger that loses nothing while its store is broken: what cannot be booked is booked later, in the same life.

    Whether work goes on meanwhile is the operator's choice.
    """

    def __init__(self, ledger: Ledger, *, required: bool) -> None:
        self._ledger = ledger
        self._required = required
        self._unbooked: dict[str, Decimal] = {}
        self._broken = False

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return what is known to be spent. Raises `JournalError` only where the store is required."""
        known = self._with_unbooked(accounts, [Decimal()] * len(accounts))
        try:
            known = self._with_unbooked(accounts, await self._ledger.spent(accounts))
            await self._book_all()
        except JournalError as error:
            self._fails(error)
            if self._required:
                raise
        else:
            if self._broken:
                log.warning("What is spent is counted together again.")
            self._broken = False
        return known

    async def book(self, amounts: Amounts) -> None:
        """Add to accounts, now or later. Never raises: it has been paid."""
        self._remember(amounts)
        try:
            await self._book_all()
        except JournalError as error:
            self._fails(error)

    async def aclose(self) -> None:
        """Book what is left, if that can be done, and let go of connections."""
        with suppress(JournalError):
            await self._book_all()
        await self._ledger.aclose()

    async def _book_all(self) -> None:
        amounts, self._unbooked = self._unbooked, {}
        if not amounts:
            return
        try:
            await self._ledger.book(amounts)
        except JournalError:
            self._remember(amounts)
            raise

    def _with_unbooked(self, accounts: Sequence[str], booked: Sequence[Decimal]) -> list[Decimal]:
        return [
            amount + self._unbooked.get(account, Decimal()) for account, amount in zip(accounts, booked, strict=True)
        ]

    def _remember(self, amounts: Amounts) -> None:
        for account, amount in amounts.items():
            self._unbooked[account] = self._unbooked.get(account, Decimal()) + amount

    def _fails(self, error: JournalError) -> None:
        if not self._broken:
            log.error("%s. What is spent now is booked when it works again.", error)
        self._broken = True


def in_units(amount: Decimal) -> int:
    """Return an amount as it is counted. Whatever an answer says it took, that gives no money back and fits."""
    return min(max(round(amount / UNIT), 0), MOST_AT_ONCE)
