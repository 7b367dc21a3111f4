"""What was spent: every ledger counts the same, with several workers."""

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
from catalyst_groq.journal import JournalKey, MemoryLedger, SqliteFile, SqliteJournal, SqliteLedger, ledger, make_cipher
from catalyst_groq.journal.redis_store import RedisLedger
from support.ledger import CENT

pytestmark = pytest.mark.anyio
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


@pytest.mark.slow
async def test_ledger_loses_no_concurrent_booking(store):
    await asyncio.gather(*[each.book({"day": CENT}) for each in store for _ in range(50)])

    assert await store[1].spent(["day"]) == [1]


@pytest.mark.slow
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
