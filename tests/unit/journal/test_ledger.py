"""What is spent: every store counts the same, whoever books, and loses nothing."""

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
    open_journal,
)
from catalyst_groq.journal.redis_store import SPENT_PREFIX, RedisLedger
from support.factories import make_answer

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
    """Two workers' ledgers on one store; in memory there is but one."""
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


async def test_what_one_worker_books_another_one_sees(store):
    one, other = store
    await one.book({"day": CENT, "instance": CENT})
    await other.book({"day": 2 * CENT})

    for each in store:
        assert await each.spent(["instance", "day", "nobody"]) == [CENT, 3 * CENT, 0]


async def test_nothing_is_lost_when_all_book_at_once(store):
    await asyncio.gather(*[each.book({"day": CENT}) for each in store for _ in range(50)])

    assert await store[1].spent(["day"]) == [1]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(booked=bookings)
async def test_a_sum_is_the_sum_of_what_was_booked_to_the_last_digit(store, booked):
    one, other = store
    before = await other.spent("abc")
    for amounts in booked:
        await one.book(amounts)

    found = zip(before, await other.spent("abc"), strict=True)
    assert [after - before for before, after in found] == [sum(each.get(name, 0) for each in booked) for name in "abc"]


async def test_sums_and_answers_are_in_one_file_that_the_next_life_reads(tmp_path, file):
    path = tmp_path / "state" / "journal.sqlite"
    journal = SqliteJournal(file, cipher=make_cipher(None), max_age=timedelta(days=1), max_bytes=10**6)
    await asyncio.gather(SqliteLedger(file).book({"day": CENT}), journal.discard("task-1"))

    next_life = SqliteFile(path)
    assert await SqliteLedger(next_life).spent(["day"]) == [CENT]
    assert next_life.read("SELECT COUNT(*) FROM answer") == [(0,)]
    assert await journal.load(JournalKey("task-1", "r")) is None
    await next_life.aclose()


@pytest.mark.parametrize(("where", "is_kept"), [("off", False), ("file", True), ("redis", True)])
async def test_answers_and_their_cost_are_kept_in_one_place_for_the_next_life(where, is_kept, tmp_path, request):
    place = {"off": "off", "file": str(tmp_path / "j.sqlite")}.get(where) or request.getfixturevalue("redis")
    entry = JournalKey("task-1", tmp_path.name)
    for life in ("first", "next"):
        journal, sums = open_journal(
            place, cipher=make_cipher(None), max_age=timedelta(days=1), max_bytes=10**6, required=life == "next"
        )
        async with aclosing(journal), aclosing(sums):
            if life == "first":
                await journal.store(entry, make_answer())
                await sums.book({tmp_path.name: CENT})
            else:
                assert await journal.load(entry) == (make_answer() if is_kept else None)
                assert await sums.spent([tmp_path.name]) == [CENT if is_kept else 0]


AGES = [("day:2026-11-21", 2), ("definition:ask:2026-11-21", 2), ("instance:1", 30)]
"""Accounts, and the days for which they are kept."""


async def test_accounts_that_nobody_books_on_any_more_go(file, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 1)
    now, spare = time.time(), 0.01
    aged = [(f"{account} {old}", days + old) for account, days in AGES for old in (-spare, spare)]
    await file.write([(ledger.ADD, (account, 1, now - days * 86400)) for account, days in aged])
    await SqliteLedger(file).book({"day:today": CENT})

    left = {account for (account,) in file.read("SELECT account FROM spent")}
    assert left == {"day:today"} | {f"{account} {-spare}" for account, _ in AGES}


async def test_accounts_go_a_few_at_a_time_so_that_no_answer_waits_long(file, monkeypatch):
    monkeypatch.setattr("catalyst_groq.journal.sqlite_file.MAINTENANCE_INTERVAL_BYTES", 1)
    monkeypatch.setattr(ledger, "PRUNE_BATCH", 2)
    await file.write([(ledger.ADD, (f"instance:{number}", 1, 0)) for number in range(3)])
    one, left = SqliteLedger(file), []
    for _ in range(2):
        await one.book({"day:today": CENT})
        left += file.read("SELECT COUNT(*) FROM spent WHERE account GLOB 'instance:*'")

    assert left == [(1,), (0,)]


@pytest.mark.parametrize(("account", "days"), AGES)
async def test_accounts_in_redis_end_by_themselves(redis, account, days):
    one = RedisLedger(redis)
    await one.book({account: CENT})
    async with Redis.from_url(redis) as server:
        left = await server.ttl(SPENT_PREFIX + account)
    await one.aclose()

    assert left == days * 86400


async def test_memory_forgets_whom_nobody_books_on_any_more(monkeypatch):
    monkeypatch.setattr(ledger, "MAX_ACCOUNTS_IN_MEMORY", 2)
    one = MemoryLedger()
    for account in ("day", "instance-1", "day", "instance-2"):
        await one.book({account: CENT})

    assert await one.spent(["day", "instance-1", "instance-2"]) == [2 * CENT, 0, CENT]


class Broken(MemoryLedger):
    """A store that works or not, as the test says; a full disk can still be read."""

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


async def test_what_cannot_be_booked_counts_and_is_booked_later(caplog):
    store = Broken()
    faithful = WriteBehindLedger(store, required=False)
    await faithful.book({"day": CENT})
    assert await faithful.spent(["day"]) == [CENT]
    store.is_full = True
    await faithful.book({"day": CENT})
    await faithful.book({"day": CENT})
    full = await faithful.spent(["day"])
    store.is_away = True
    away = await faithful.spent(["day"])
    store.is_full = store.is_away = False

    assert (full, away) == ([3 * CENT], [2 * CENT])
    assert await faithful.spent(["day"]) == [3 * CENT]
    assert await store.spent(["day"]) == [3 * CENT]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


class Slow(Broken):
    """A store that books when the test says so."""

    def __init__(self):
        super().__init__()
        self.may_book = asyncio.Event()

    async def book(self, amounts):
        await self.may_book.wait()
        await super().book(amounts)


async def test_nobody_who_pays_waits_for_a_booking_and_whoever_asks_what_is_spent_sees_it():
    store = Slow()
    faithful = WriteBehindLedger(store, required=False)
    with anyio.fail_after(5):
        await faithful.book({"day": CENT})
    asking = asyncio.create_task(faithful.spent(["day"]))
    await anyio.wait_all_tasks_blocked()
    assert not asking.done()
    store.may_book.set()

    assert await asking == [CENT]


@pytest.mark.parametrize("step", ["book", "spent"])
async def test_who_is_cancelled_loses_nothing_that_is_owed_and_books_nothing_twice(step):
    store = Slow()
    faithful = WriteBehindLedger(store, required=False)
    store.is_full = True
    store.may_book.set()
    await faithful.book({"day": 5 * CENT})
    assert await faithful.spent(["day"]) == [5 * CENT]
    store.is_full = False
    store.may_book.clear()
    paying = asyncio.create_task(faithful.book({"day": CENT}) if step == "book" else faithful.spent(["day"]))
    await anyio.wait_all_tasks_blocked()
    paying.cancel()
    await asyncio.wait([paying])
    store.may_book.set()

    assert await faithful.spent(["day"]) == [6 * CENT if step == "book" else 5 * CENT]


@pytest.mark.parametrize(("is_full", "booked"), [(False, CENT), (True, 0)])
async def test_what_is_left_is_booked_at_the_end_if_it_can_be(is_full, booked):
    store = Broken()
    faithful = WriteBehindLedger(store, required=False)
    store.is_full = True
    await faithful.book({"day": CENT})
    await faithful.spent(["day"])
    store.is_full = is_full
    await faithful.aclose()

    assert await store.spent(["day"]) == [booked]


@pytest.mark.parametrize("fault", ["is_full", "is_away"])
async def test_where_the_store_is_required_nothing_is_spent_while_it_is_broken(fault):
    store = Broken()
    faithful = WriteBehindLedger(store, required=True)
    setattr(store, fault, True)
    await faithful.book({"day": CENT})
    with pytest.raises(JournalError):
        await faithful.spent(["day"])
    setattr(store, fault, False)

    assert await faithful.spent(["day"]) == [CENT]


@pytest.mark.parametrize(("said", "booked"), [(Decimal(-1), 0), (Decimal("1e300"), 1000)])
async def test_an_answer_that_lies_about_its_tokens_neither_gives_money_back_nor_stops_the_store(store, said, booked):
    account = f"said {said}"
    await store[0].book({account: said})

    assert await store[0].spent([account]) == [booked]


async def test_nobody_waits_for_ever_for_what_cannot_be_written(file):
    with pytest.raises(OverflowError), anyio.fail_after(5):
        await file.write([(ledger.ADD, ("day", 2**64, 0))])


async def test_a_file_that_cannot_be_used_is_named(tmp_path):
    file = SqliteFile(tmp_path)
    with pytest.raises(JournalError, match=f"The journal {tmp_path} cannot be used: "):
        await SqliteLedger(file).book({"day": CENT})
    await file.aclose()


async def test_a_redis_that_is_away_is_said():
    away = RedisLedger("redis://127.0.0.1:1/0")
    for step in (away.spent(["day"]), away.book({"day": CENT})):
        with pytest.raises(JournalError, match="The journal in Redis cannot be used: "):
            await step
    await away.aclose()
