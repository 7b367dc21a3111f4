"""Entries that cannot be read are kept, and returned as soon as they can be read. In SQLite and in Redis."""

from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from catalyst_groq.errors import JournalError, UnreadableEntry
from catalyst_groq.journal import BestEffortJournal, JournalKey, RequiredJournal, SqliteFile, make_cipher
from catalyst_groq.journal.redis_administration import RedisAdministration
from catalyst_groq.journal.redis_store import SET_ASIDE_PREFIX, RedisJournal
from catalyst_groq.journal.sqlite_administration import SqliteAdministration
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "redis"])
async def open_store(request, make_journal):
    """Open journals in one place with different keys, as a worker does after a restart."""
    if request.param == "sqlite":
        yield lambda key: make_journal(key=key)
        return
    url = request.getfixturevalue("redis")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Redis.from_url(url))
        await server.flushall()

        def connect(key):
            journal = RedisJournal(url, cipher=make_cipher(key), max_age=HOUR)
            stack.push_async_callback(journal.aclose)
            return journal

        yield connect


@pytest.fixture
async def administration(request, open_store, tmp_path):
    """The administration of the place that `open_store` uses."""
    if "sqlite" in request.node.callspec.id:
        yield SqliteAdministration(tmp_path / "state" / "journal.sqlite")
        return
    async with aclosing(RedisAdministration(request.getfixturevalue("redis"), max_age=HOUR)) as administration:
        yield administration


async def test_unreadable_entry_is_raised_once_and_kept(open_store):
    await open_store(OLD).store(KEY, make_response())
    required = RequiredJournal(open_store(NEW))
    with pytest.raises(UnreadableEntry):
        await required.load(KEY)

    assert await required.load(KEY) is None
    assert await RequiredJournal(open_store(f"{NEW},{OLD}")).load(KEY) == make_response()


async def test_unreadable_entry_does_not_make_the_journal_unavailable(open_store, caplog):
    await open_store(OLD).store(KEY, make_response())
    journal = BestEffortJournal(open_store(NEW))

    assert await journal.load(KEY) is None
    assert journal.is_available
    [message] = caplog.messages
    assert message.startswith("Task task-1: its stored response cannot be read, Groq is asked again: it was encrypted")
    assert await open_store(OLD).load(KEY) == make_response()


async def test_entry_that_is_replayed_is_set_aside_no_longer(open_store, administration):
    await open_store(OLD).store(KEY, make_response())
    journal = RequiredJournal(open_store(f"{NEW},{OLD}"))
    await journal.set_aside(KEY)
    await journal.load(KEY)

    [entry] = await administration.entries([])
    assert not entry.is_set_aside


async def test_entry_that_is_replayed_goes_with_its_task(open_store, administration):
    await open_store(OLD).store(KEY, make_response())
    journal = open_store(OLD)
    await journal.set_aside(KEY)
    await journal.load(KEY)
    await journal.discard(KEY.task_id)
    await journal.store(JournalKey("task-2", "request-1"), make_response())  # writes the deletion too

    assert [entry.task_id for entry in await administration.entries([])] == ["task-2"]


async def test_entry_is_replayed_also_where_the_disk_is_full(make_journal, monkeypatch):
    journal = make_journal(key=OLD)
    await journal.store(KEY, make_response())
    await journal.set_aside(KEY)

    async def fail(*_):
        raise JournalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteFile, "write", fail)
        assert await journal.load(KEY) == make_response()


async def test_new_entry_is_used_instead_of_one_that_was_set_aside(open_store):
    await open_store(OLD).store(KEY, make_response())
    journal = BestEffortJournal(open_store(NEW))
    await journal.load(KEY)
    await journal.store(KEY, make_response(body="new"))

    assert (await open_store(f"{NEW},{OLD}").load(KEY)).content == b"new"


async def test_entry_that_was_set_aside_survives_the_end_of_its_task(open_store):
    await open_store(OLD).store(KEY, make_response())
    journal = BestEffortJournal(open_store(NEW))
    await journal.load(KEY)
    await journal.discard(KEY.task_id)
    await journal.store(JournalKey("task-2", "request-1"), make_response())  # writes the deletion too

    assert await open_store(OLD).load(KEY) == make_response()


async def test_entry_that_was_set_aside_expires_in_redis(redis):
    async with (
        aclosing(RedisJournal(redis, cipher=make_cipher(OLD), max_age=HOUR)) as journal,
        Redis.from_url(redis) as server,
    ):
        await journal.store(KEY, make_response())
        await journal.set_aside(KEY)

        assert 3590 < await server.ttl(SET_ASIDE_PREFIX + KEY.task_id) <= 3600


async def test_entry_that_was_set_aside_is_pruned_by_age(make_journal):
    await make_journal(key=OLD).store(KEY, make_response())
    await make_journal(key=OLD).set_aside(KEY)
    other = JournalKey("task-2", "request-1")
    await make_journal(key=OLD, max_age=timedelta()).store(other, make_response())

    assert await make_journal(key=OLD).load(KEY) is None
