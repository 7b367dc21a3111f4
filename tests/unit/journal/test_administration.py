"""What operators see and delete of a journal, in an SQLite file and in Redis, while a worker uses it."""

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import JournalKey, SqliteFile, SqliteJournal, SqliteLedger, make_cipher, open_administration
from catalyst_groq.journal.administration import EntryState, read_entry
from catalyst_groq.journal.redis_store import RedisJournal, RedisLedger
from support.factories import make_response
from support.ledger import CENT

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
FIRST, SECOND = JournalKey("task-1", "request-1"), JournalKey("task-2", "request-2")
FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Stores:
    """A worker's journal and ledger, and the administration of both."""

    def __init__(self, location, journal, ledger):
        self.location, self.journal, self.ledger = location, journal, ledger
        self.administration = open_administration(location, max_age=DAY)


@pytest.fixture(params=["sqlite", "redis"])
async def stores(request, tmp_path):
    if request.param == "sqlite":
        file = SqliteFile(tmp_path / "journal.sqlite")
        journal = SqliteJournal(file, cipher=make_cipher(None), max_age=DAY, max_bytes=10**6)
        made = Stores(str(tmp_path / "journal.sqlite"), journal, SqliteLedger(file))
    else:
        url = request.getfixturevalue("redis")
        made = Stores(url, RedisJournal(url, cipher=make_cipher(None), max_age=DAY), RedisLedger(url))
        for stored in await made.administration.entries([]):
            await made.administration.forget(stored.task_id)
        for entry in await made.administration.accounts(100):
            await made.administration.reset(entry.account)
    async with aclosing(made.journal), aclosing(made.ledger), aclosing(made.administration):
        yield made


async def read(administration, entry, key=None):
    [content] = await administration.load([entry])
    return read_entry(content, make_cipher(key), is_set_aside=entry.is_set_aside)


async def test_entries_are_listed_with_age_size_and_model(stores):
    await stores.journal.store(FIRST, make_response())
    await stores.journal.store(SECOND, make_response())
    entries = await stores.administration.entries([])
    reading = await read(stores.administration, entries[0])

    assert {(entry.task_id, entry.request_key) for entry in entries} == {
        ("task-1", "request-1"),
        ("task-2", "request-2"),
    }
    assert all(timedelta() <= datetime.now(UTC) - entry.stored_at < timedelta(minutes=1) for entry in entries)
    assert not any(entry.is_set_aside for entry in entries)
    assert (reading.state, reading.model) == (EntryState.STORED, "openai/gpt-oss-120b")
    assert [entry.size_bytes for entry in entries] == list(map(len, await stores.administration.load(entries)))


async def test_entries_are_loaded_together(stores):
    await stores.journal.store(FIRST, make_response())
    await stores.journal.store(JournalKey("task-1", "request-2"), make_response(500))
    await stores.journal.store(SECOND, make_response(429))
    await stores.journal.set_aside(SECOND)
    entries = await stores.administration.entries([])
    await stores.administration.forget("task-1")
    contents = await stores.administration.load(entries)

    found = {entry.task_id: content for entry, content in zip(entries, contents, strict=True) if content}
    assert set(found) == {"task-2"}
    assert read_entry(found["task-2"], make_cipher(None), is_set_aside=True).response.status == 429


async def test_entries_of_a_task_are_found(stores):
    await stores.journal.store(FIRST, make_response())
    await stores.journal.store(SECOND, make_response())

    assert len(await stores.administration.entries([])) == 2
    assert [entry.task_id for entry in await stores.administration.entries(["task-2"])] == ["task-2"]
    assert await stores.administration.entries(["task-3"]) == []


async def test_entries_that_cannot_be_read_say_why(stores):
    await stores.journal.store(FIRST, make_response())
    [entry] = await stores.administration.entries(["task-1"])
    unreadable = await read(stores.administration, entry, FERNET_KEY)
    await stores.journal.set_aside(FIRST)
    [entry] = await stores.administration.entries(["task-1"])
    set_aside, readable = await read(stores.administration, entry, FERNET_KEY), await read(stores.administration, entry)

    assert unreadable.state is EntryState.UNREADABLE
    assert unreadable.problem.startswith("it is not encrypted, and CATALYST_JOURNAL_KEY is set. ")
    assert (entry.request_key, set_aside.state) == ("request-1", EntryState.SET_ASIDE)
    assert (readable.state, readable.model) == (EntryState.READABLE_AGAIN, "openai/gpt-oss-120b")


async def test_entries_that_are_forgotten_are_not_replayed(stores):
    await stores.journal.store(FIRST, make_response())
    await stores.journal.store(SECOND, make_response())
    await stores.journal.set_aside(FIRST)
    await stores.journal.store(FIRST, make_response())

    assert await stores.administration.forget("task-1") == 2
    assert await stores.administration.forget("task-1") == 0
    assert await stores.journal.load(FIRST) is None
    assert await stores.journal.load(SECOND) == make_response()


async def test_accounts_show_the_instances_that_have_spent_most(stores):
    await stores.ledger.book({"day:2026-01-01": 6 * CENT, "definition:order:2026-01-01": 5 * CENT})
    await stores.ledger.book({"instance:a": CENT, "instance:b": 3 * CENT, "instance:c": 2 * CENT})

    found = {entry.account: entry.spent for entry in await stores.administration.accounts(2)}

    assert found == {
        "day:2026-01-01": 6 * CENT,
        "definition:order:2026-01-01": 5 * CENT,
        "instance:b": 3 * CENT,
        "instance:c": 2 * CENT,
    }
    assert list(found)[-2:] == ["instance:b", "instance:c"]


async def test_accounts_that_are_reset_count_from_nothing(stores):
    await stores.ledger.book({"instance:a": CENT})
    await stores.administration.reset("instance:a")

    assert await stores.administration.spent("instance:a") is None
    assert await stores.ledger.spent(["instance:a"]) == [Decimal()]
    await stores.ledger.book({"instance:a": CENT})
    assert await stores.administration.spent("instance:a") == CENT


async def test_administration_makes_no_journal(tmp_path):
    path = tmp_path / "missing.sqlite"

    with pytest.raises(JournalError, match="There is no journal"):
        await open_administration(str(path), max_age=DAY).entries([])
    assert not path.exists()


def test_administration_of_no_journal_is_refused():
    with pytest.raises(JournalError, match="CATALYST_JOURNAL is off"):
        open_administration("off", max_age=DAY)
