"""The journal and the ledger in Redis. What all ledgers have in common is in test_ledger.py."""

from contextlib import aclosing
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import JournalKey, make_cipher
from catalyst_groq.journal.redis_store import ENTRY_PREFIX, SPENT_PREFIX, RedisJournal, RedisLedger
from support.factories import make_response
from support.ledger import CENT

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")

UNREACHABLE = "redis://127.0.0.1:1/0"


def make_journal(url):
    return RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1))


async def test_redis_journal_shares_responses_until_discarded(redis):
    async with aclosing(make_journal(redis)) as journal, aclosing(make_journal(redis)) as other:
        await journal.store(KEY, make_response())
        assert await other.load(KEY) == make_response()
        assert await other.load(JournalKey(KEY.task_id, "request-2")) is None
        await journal.discard(KEY.task_id)
        assert await other.load(KEY) is None


async def test_redis_journal_entries_expire(redis):
    async with aclosing(make_journal(redis)) as journal, Redis.from_url(redis) as server:
        await journal.store(KEY, make_response())

        assert 3590 < await server.ttl(ENTRY_PREFIX + KEY.task_id) <= 3600


async def test_redis_journal_that_is_unreachable_raises():
    async with aclosing(make_journal(UNREACHABLE)) as journal:
        for call in (journal.load(KEY), journal.store(KEY, make_response()), journal.discard("task-1")):
            with pytest.raises(JournalError, match="The journal in Redis cannot be used: "):
                await call


@pytest.mark.parametrize(
    ("account", "days"), [("day:2026-11-21", 2), ("definition:ask:2026-11-21", 2), ("instance:1", 30)]
)
async def test_redis_ledger_accounts_expire(redis, account, days):
    async with aclosing(RedisLedger(redis)) as ledger, Redis.from_url(redis) as server:
        await ledger.book({account: CENT})

        assert days * 86400 - 10 < await server.ttl(SPENT_PREFIX + account) <= days * 86400


async def test_redis_ledger_that_is_unreachable_raises():
    async with aclosing(RedisLedger(UNREACHABLE)) as ledger:
        for call in (ledger.spent(["day"]), ledger.book({"day": CENT})):
            with pytest.raises(JournalError, match="The journal in Redis cannot be used: "):
                await call
