"""What the doctor says of a journal that cannot be written, or not kept."""

from contextlib import aclosing

import pytest

from catalyst_groq.commands.doctor.storage_checks import check_journal
from catalyst_groq.common.redis_client import connect
from catalyst_groq.config.settings import Settings
from support.redis_server import MISSING, find_program, running_redis

pytestmark = pytest.mark.anyio


NO_CONFIG = "-config"
"""Rules of Redis's access lists, as managed services have them."""


@pytest.fixture
def program():
    return find_program() or pytest.skip(MISSING)


async def check_redis(program, *options, rules=()):
    """Return the findings beside that the journal can be written, as status and text."""
    with running_redis(program, options=options) as url:
        async with aclosing(connect(url, 5)) as redis:
            await redis.execute_command("ACL", "SETUSER", "worker", "on", ">pw", "~*", "+@all", *rules)
        journal = url.replace("//", "//worker:pw@")
        findings = [finding async for finding in check_journal(Settings(journal=journal))]
    assert findings[0].text.endswith("can be written")
    assert all(finding.fix for finding in findings if finding.status == "hint")
    return [(finding.status.value, finding.text) for finding in findings[1:]]


async def find_fault(**settings):
    [fault] = [finding async for finding in check_journal(Settings(**settings)) if finding.status == "fault"]
    return fault


async def test_journal_in_redis_that_is_away_is_not_moved():
    fault = await find_fault(journal="redis://127.0.0.1:1/0")

    assert fault.text.startswith("the journal redis://127.0.0.1:1/0 cannot be written")
    assert fault.fix.startswith("Start Redis, or correct CATALYST_JOURNAL. ")
    assert "a file" not in fault.fix


async def test_journal_file_that_cannot_be_made_gets_another_place(tmp_path):
    (tmp_path / "file").touch()
    fault = await find_fault(journal=str(tmp_path / "file" / "journal.sqlite"))

    assert fault.fix.startswith("Set CATALYST_JOURNAL to a file in a folder that the worker may write")


@pytest.mark.parametrize("rules", [(), (NO_CONFIG,)])
async def test_redis_that_keeps_the_journal_is_fine(program, rules):
    assert await check_redis(program, "--appendonly", "yes", rules=rules) == [
        ("ok", "Redis keeps the journal when it restarts, and evicts nothing")
    ]


async def test_redis_that_stores_nothing_is_a_hint(program):
    [(status, text)] = await check_redis(program)

    assert (status, text) == (
        "hint",
        "a restart of Redis loses the stored responses and the sums of budgets (appendonly no, save '')",
    )


async def test_redis_with_snapshots_only_is_a_hint(program):
    [(status, text)] = await check_redis(program, "--save", "3600 1")

    assert (status, text) == (
        "hint",
        "a crash of Redis loses what was stored since its last snapshot (appendonly no, save '3600 1')",
    )


async def test_redis_whose_snapshots_cannot_be_read_is_a_hint(program):
    [(status, text)] = await check_redis(program, "--save", "3600 1", rules=(NO_CONFIG,))

    assert status == "hint"
    assert text.startswith("a crash of Redis loses what was stored since its last snapshot, or all (appendonly no, ")
    assert text.endswith("save unknown: CONFIG is forbidden)")


@pytest.mark.parametrize("rules", [(), (NO_CONFIG,)])
async def test_redis_that_evicts_entries_is_a_hint(program, rules):
    options = ("--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru")

    assert await check_redis(program, *options, rules=rules) == [
        ("hint", "Redis may delete stored responses for lack of memory (maxmemory-policy volatile-lru)")
    ]


async def test_eviction_without_a_limit_of_memory_never_happens(program):
    [(status, _)] = await check_redis(program, "--appendonly", "yes", "--maxmemory-policy", "allkeys-lru")

    assert status == "ok"


async def test_redis_that_says_nothing_of_itself_is_unknown(program):
    [(status, text)] = await check_redis(program, rules=(NO_CONFIG, "-info"))

    assert status == "unknown"
    assert text == "whether Redis keeps the journal cannot be read: its user may use neither CONFIG GET nor INFO"
