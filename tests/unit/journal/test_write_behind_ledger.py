"""Charges that are booked in the background, also through outages of the ledger."""

import asyncio

import anyio
import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import MemoryLedger, WriteBehindLedger
from support.ledger import CENT

pytestmark = pytest.mark.anyio


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
    caplog.set_level("INFO")
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
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


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
