"""Checks of Redis in the background, with a server that is stopped and started again."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import pytest

from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend
from catalyst_groq.journal import BestEffortJournal, JournalKey, NullJournal, RequiredJournal, make_cipher
from catalyst_groq.journal.redis_store import RedisJournal
from catalyst_groq.observability import background_checks
from catalyst_groq.observability.background_checks import list_checks, repeated_checks
from support.redis_server import find_program, running_redis

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not find_program(), reason="needs a Redis server"),
]
DEADLINE_SECONDS = 10


async def until(condition):
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 -- a state, not an event
            await asyncio.sleep(0.01)


def open_journal(url, kind=RequiredJournal):
    return kind(RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1)))


@pytest.mark.parametrize("kind", [RequiredJournal, BestEffortJournal])
async def test_outage_of_redis_and_its_end_are_seen_without_a_task(kind, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(background_checks, "CHECK_INTERVAL_SECONDS", 0.05)
    async with AsyncExitStack() as parts:
        with running_redis(find_program()) as url:
            journal = await parts.enter_async_context(aclosing(open_journal(url, kind)))
            backend = await parts.enter_async_context(aclosing(FallbackBackend(RedisBackend(url), InMemoryBackend())))
            checks = list_checks(journal, backend, is_journal_in_redis=True)
            await parts.enter_async_context(repeated_checks(checks))
            await asyncio.sleep(0.2)
            assert (backend.is_shared, journal.status().problem) == (True, "")
        await until(lambda: journal.status().problem and not backend.is_shared)
        with running_redis(find_program(), int(url.split(":")[-1].split("/")[0])):
            await until(lambda: backend.is_shared and not journal.status().problem)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("catalyst_groq")]
    assert sorted(line.split(":")[0].split(",")[0] for line in lines) == [
        "Journal available again.",
        "Rate limits are shared with the other workers again",
        "Shared rate limits unavailable",
        "The journal in Redis cannot be used",
    ]


async def test_pooled_connections_work_after_a_restart_of_redis():
    keys = [JournalKey(str(number), "request") for number in range(4)]
    async with AsyncExitStack() as parts:
        with running_redis(find_program()) as url:
            journal = await parts.enter_async_context(aclosing(open_journal(url)))
            await asyncio.gather(*map(journal.load, keys))
        with running_redis(find_program(), int(url.split(":")[-1].split("/")[0])):
            assert await asyncio.gather(*map(journal.load, keys)) == [None] * 4


async def test_check_that_fails_stops_no_other(monkeypatch, caplog):
    monkeypatch.setattr(background_checks, "CHECK_INTERVAL_SECONDS", 0.0)
    calls = []

    async def fail():
        raise ValueError("a mistake")

    async def count():
        calls.append(1)

    async with repeated_checks([fail, count]):
        await until(lambda: len(calls) > 2)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_journal_in_a_file_is_not_checked():
    assert list_checks(NullJournal(), InMemoryBackend(), is_journal_in_redis=False) == []
