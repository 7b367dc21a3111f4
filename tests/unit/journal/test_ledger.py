"""What was spent: every ledger counts the same, with several workers and through outages."""

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import (
    JournalKey,
    MemoryLedger,
    SqliteFile,
    SqliteJournal,
    SqliteLedger,
    WriteBehindLedger,
    ledger,
    make_cipher,
)
from catalyst_groq.journal.redis_store import RedisLedger

pytestmark = pytest.mark.anyio

CENT = Decimal("0.01")
amounts = st.decimals(Decimal("1e-12"), 1000, places=12)
bookings = st.lists(st.dictionaries(st.sampled_from("abc"), amounts, min_size=1), max_size=8)


@pytest.fixture
async def file(tmp_path):
    file = SqliteFile(tmp_path / "state" / "journal.sqlite")
    yield file
    await file.aclose()


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def store(request, tmp_path):
    """Two workers' ledgers with one store; in memory it is one ledger."""
    async with AsyncExitStack() as parts:
        match request.param:
            case "memory":
                ledgers: list[Any] = [MemoryLedger()] * 2
            case "sqlite":
                files = [SqliteFile(tmp_path / "journal.sqlite") for _ in range(2)]
                ledgers = [SqliteLedger(await parts.enter_async_context(aclosing(file))) for file in files]
            case "redis":
                url = request.getfixturevalue("redis")
                async with Redis.from_url(url) as server:
                    await server.flushall()
                ledgers = [RedisLedger(url), RedisLedger(url)]
        for each in ledgers:
            await parts.enter_async_context(aclosing(each))
        yield ledgers


async def test_ledger_is_shared_by_workers(store):
    one, other = store
    await one.book({"day": CENT, "instance": CENT})
    await other.book({"day": 2 * CENT})

    for each in store:
        assert await each.spent(["instance", "day", "nobody"]) == [CENT, 3 * CENT, 0]


async def test_ledger_loses_no_concurrent_booking(store):
    await asyncio.gather(*[each.book({"day": CENT}) for each in store for _ in range(50)])

    assert await store[1].spent(["day"]) == [1]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(booked=bookings)
async def test_ledger_sums_are_exact(store, booked):
    one, other = store
    before = await other.spent("abc")
    for amounts in booked:
        await one.book(amounts)

    sums = zip(before, await other.spent("abc"), strict=True)
    assert [after - before for before, after in sums] == [sum(each.get(name, 0) for each in booked) for name in "abc"]


async def test_ledger_and_journal_share_one_file(tmp_path, file):
    path = tmp_path / "state" / "journal.sqlite"
    journal = SqliteJournal(file, cipher=make_cipher(None), max_age=timedelta(days=1), max_bytes=10**6)
    await asyncio.gather(SqliteLedger(file).book({"day": CENT}), journal.discard("task-1"))

    reopened = SqliteFile(path)
    assert await SqliteLedger(reopened).spent(["day"]) == [CENT]
    assert reopened.read("SELECT COUNT(*) FROM answer") == [(0,)]
    assert await journal.load(JournalKey("task-1", "r")) is None
    await reopened.aclose()


RETENTION_DAYS = [("day:2026-11-21", 2), ("definition:ask:2026-11-21", 2), ("instance:1", 30)]
"""Accounts, and the days for which they are stored."""


async def test_ledger_prunes_accounts_after_retention(file, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 1)
    now, margin = time.time(), 0.01
    aged = [(f"{account} {extra}", days + extra) for account, days in RETENTION_DAYS for extra in (-margin, margin)]
    await file.write([(ledger.ADD, (account, 1, now - days * 86400)) for account, days in aged])
    await SqliteLedger(file).book({"day:today": CENT})

    left = {account for (account,) in file.read("SELECT account FROM spent")}
    assert left == {"day:today"} | {f"{account} {-margin}" for account, _ in RETENTION_DAYS}


async def test_ledger_prunes_accounts_in_batches(file, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 1)
    monkeypatch.setattr(ledger, "PRUNE_BATCH_ACCOUNTS", 2)
    await file.write([(ledger.ADD, (f"instance:{number}", 1, 0)) for number in range(3)])
    one, left = SqliteLedger(file), []
    for _ in range(2):
        await one.book({"day:today": CENT})
        left += file.read("SELECT COUNT(*) FROM spent WHERE account GLOB 'instance:*'")

    assert left == [(1,), (0,)]


async def test_memory_ledger_evicts_least_recently_booked_account(monkeypatch):
    monkeypatch.setattr(ledger, "MAX_ACCOUNTS_IN_MEMORY", 2)
    one = MemoryLedger()
    for account in ("day", "instance-1", "day", "instance-2"):
        await one.book({account: CENT})

    assert await one.spent(["day", "instance-1", "instance-2"]) == [2 * CENT, 0, CENT]


class FailingLedger(MemoryLedger):
    """A ledger that fails while `is_full` (it can still be read) or `is_away`."""

    def __init__(self):
        super().__init__()
        self.is_full = self.is_away = False

    async def spent(self, accounts):
        if self.is_away:
            raise JournalError("away")
        return await super().spent(accounts)

    async def book(self, amounts):
        if self.is_full or self.is_away:
            raise JournalError("full")
        await super().book(amounts)


async def test_ledger_counts_unbooked_charges_and_books_them_later(caplog):
    store = FailingLedger()
    write_behind = WriteBehindLedger(store, required=False)
    await write_behind.book({"day": CENT})
    assert await write_behind.spent(["day"]) == [CENT]
    store.is_full = True
    await write_behind.book({"day": CENT})
    await write_behind.book({"day": CENT})
    full = await write_behind.spent(["day"])
    store.is_away = True
    away = await write_behind.spent(["day"])
    store.is_full = store.is_away = False

    assert (full, away) == ([3 * CENT], [2 * CENT])
    assert await write_behind.spent(["day"]) == [3 * CENT]
    assert await store.spent(["day"]) == [3 * CENT]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


class BlockingLedger(FailingLedger):
    """A ledger that books only once `may_book` is set."""

    def __init__(self):
        super().__init__()
        self.may_book = asyncio.Event()

    async def book(self, amounts):
        await self.may_book.wait()
        await super().book(amounts)


async def test_ledger_books_in_background_and_spent_waits_for_it():
    store = BlockingLedger()
    write_behind = WriteBehindLedger(store, required=False)
    with anyio.fail_after(5):
        await write_behind.book({"day": CENT})
    reading = asyncio.create_task(write_behind.spent(["day"]))
    await anyio.wait_all_tasks_blocked()
    assert not reading.done()
    store.may_book.set()

    assert await reading == [CENT]


@pytest.mark.parametrize("step", ["book", "spent"])
async def test_ledger_books_once_when_caller_is_cancelled(step):
    store = BlockingLedger()
    write_behind = WriteBehindLedger(store, required=False)
    store.is_full = True
    store.may_book.set()
    await write_behind.book({"day": 5 * CENT})
    assert await write_behind.spent(["day"]) == [5 * CENT]
    store.is_full = False
    store.may_book.clear()
    caller = asyncio.create_task(write_behind.book({"day": CENT}) if step == "book" else write_behind.spent(["day"]))
    await anyio.wait_all_tasks_blocked()
    caller.cancel()
    await asyncio.wait([caller])
    store.may_book.set()

    assert await write_behind.spent(["day"]) == [6 * CENT if step == "book" else 5 * CENT]


@pytest.mark.parametrize(("is_full", "booked"), [(False, CENT), (True, 0)])
async def test_ledger_close_books_unbooked_charges(is_full, booked):
    store = FailingLedger()
    write_behind = WriteBehindLedger(store, required=False)
    store.is_full = True
    await write_behind.book({"day": CENT})
    await write_behind.spent(["day"])
    store.is_full = is_full
    await write_behind.aclose()

    assert await store.spent(["day"]) == [booked]


@pytest.mark.parametrize("fault", ["is_full", "is_away"])
async def test_ledger_raises_while_required_store_fails(fault):
    store = FailingLedger()
    write_behind = WriteBehindLedger(store, required=True)
    setattr(store, fault, True)
    await write_behind.book({"day": CENT})
    with pytest.raises(JournalError):
        await write_behind.spent(["day"])
    setattr(store, fault, False)

    assert await write_behind.spent(["day"]) == [CENT]


@pytest.mark.parametrize(("amount", "booked"), [(Decimal(-1), 0), (Decimal("1e300"), 1000)])
async def test_ledger_clamps_absurd_amounts(store, amount, booked):
    account = f"amount {amount}"
    await store[0].book({account: amount})

    assert await store[0].spent([account]) == [booked]


async def test_ledger_booking_that_overflows_raises(file):
    with pytest.raises(OverflowError), anyio.fail_after(5):
        await file.write([(ledger.ADD, ("day", 2**64, 0))])


async def test_ledger_names_a_file_that_cannot_be_used(tmp_path):
    file = SqliteFile(tmp_path)
    with pytest.raises(JournalError, match=f"The journal {tmp_path} cannot be used: "):
        await SqliteLedger(file).book({"day": CENT})
    await file.aclose()
