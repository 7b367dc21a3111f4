"""The journal: what was paid for is not paid for again."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psutil
import pytest
from cryptography.fernet import Fernet

from catalyst_groq.errors import JournalError, SettingsError
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import CallResult
from catalyst_groq.journal import (
    BestEffortJournal,
    JournalKey,
    NullJournal,
    RequiredJournal,
    SqliteFile,
    SqliteJournal,
    make_cipher,
    open_journal,
    replay_or_call,
    request_key,
)
from catalyst_groq.journal.availability import PROBE, check_writable
from support.factories import make_answer

pytestmark = pytest.mark.anyio

ENTRY = JournalKey("task-1", request_key("https://groq/chat", b"{}"))
DAY = timedelta(days=1)


@pytest.fixture
async def make_journal(tmp_path):
    """Open journals on one file; all of them are closed with the test."""
    journals = []

    def opened(path=tmp_path / "state" / "journal.sqlite", *, key=None, longest=DAY, largest=10**6):
        journal = SqliteJournal(SqliteFile(path), cipher=make_cipher(key), max_age=longest, max_bytes=largest)
        journals.append(journal)
        return journal

    yield opened
    for journal in journals:
        await journal.aclose()


class Asking:
    """Counts how often Groq is asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        return CallResult(self.answer, classify(self.answer), attempts=1, seconds=0.5, waited=0)


async def test_an_answer_is_recalled_by_another_life_of_the_worker(make_journal):
    await make_journal().store(ENTRY, make_answer())

    assert await make_journal().load(ENTRY) == make_answer()


async def test_an_answer_is_recalled_only_for_its_task_and_request(make_journal):
    journal = make_journal()
    await journal.store(ENTRY, make_answer())

    assert await journal.load(JournalKey("task-2", ENTRY.request)) is None
    assert await journal.load(JournalKey("task-1", request_key("https://groq/chat", b"{ }"))) is None
    assert await journal.load(JournalKey("task-1", request_key("https://other/chat", b"{}"))) is None


async def test_a_forgotten_task_leaves_nothing(make_journal):
    journal = make_journal()
    await journal.store(ENTRY, make_answer())
    await journal.discard("task-1")

    assert await journal.load(ENTRY) is None


async def test_old_answers_go(make_journal):
    await make_journal().store(ENTRY, make_answer())
    await make_journal(longest=timedelta()).store(JournalKey("task-2", "r"), make_answer())

    assert await make_journal().load(ENTRY) is None


async def test_the_oldest_answers_go_when_there_are_too_many(make_journal):
    journal = make_journal(largest=1)
    await journal.store(ENTRY, make_answer())

    assert await journal.load(ENTRY) is None


async def test_only_the_workers_user_can_read_the_file(make_journal, tmp_path):
    await make_journal().store(ENTRY, make_answer())

    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


async def test_workers_that_make_the_file_at_the_same_moment_do_not_get_in_each_others_way(make_journal, tmp_path):
    with ThreadPoolExecutor(8) as workers:
        for number in range(20):
            files = [SqliteFile(tmp_path / f"journal-{number}.sqlite") for _ in range(8)]
            assert all(workers.map(lambda file: file.connect().close() is None, files))


async def test_a_sealed_answer_opens_with_its_key_only(make_journal, tmp_path):
    key = Fernet.generate_key().decode()
    await make_journal(key=key).store(ENTRY, make_answer())

    assert b"Hello" not in b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    assert await make_journal(key=key).load(ENTRY) == make_answer()
    with pytest.raises(JournalError, match="sealed with another CATALYST_JOURNAL_KEY"):
        await make_journal(key=Fernet.generate_key().decode()).load(ENTRY)


def test_a_key_that_is_none_is_said_at_the_start():
    with pytest.raises(SettingsError, match="CATALYST_JOURNAL_KEY is no Fernet key"):
        make_cipher("secret")


def test_redis_where_it_is_not_installed_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    monkeypatch.delitem(sys.modules, "catalyst_groq.journal.redis_store", raising=False)
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL=redis://… needs: pip install '.*\[redis\]'"):
        open_journal("redis://localhost", cipher=make_cipher(None), max_age=DAY, max_bytes=10**6, required=False)


def test_encryption_where_it_is_not_installed_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL_KEY needs: pip install '.*\[encryption\]'"):
        make_cipher("a key")


async def test_a_file_that_is_no_journal_is_an_error_that_names_it(make_journal, tmp_path):
    file = tmp_path / "text"
    file.write_text("not a database, but long enough to be taken for one " * 100)

    with pytest.raises(JournalError, match=f"The journal {file} cannot be used: ") as raised:
        await make_journal(file).load(ENTRY)

    assert raised.tb, "what it holds would still be open"
    assert str(file) not in [opened.path for opened in psutil.Process().open_files()]


async def test_what_was_answered_is_not_asked_again(make_journal):
    ask = Asking(make_answer())
    first = await replay_or_call(make_journal(), ENTRY, ask)
    second = await replay_or_call(make_journal(), ENTRY, ask)

    assert (first.kept, first.replayed, second.kept, second.replayed) == (True, False, True, True)
    assert second.response == first.response
    assert ask.asked == 1


@pytest.mark.parametrize(
    "answer", [make_answer(503, {}), NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=1)]
)
async def test_what_is_no_answer_is_asked_again(make_journal, answer):
    ask = Asking(answer)
    await replay_or_call(make_journal(), ENTRY, ask)
    await replay_or_call(make_journal(), ENTRY, ask)

    assert ask.asked == 2


async def test_without_a_journal_every_try_is_asked():
    ask = Asking(make_answer())
    exchange = await replay_or_call(NullJournal(), ENTRY, ask)

    assert not exchange.kept


async def test_a_required_journal_that_is_broken_asks_nothing(make_journal, tmp_path):
    ask = Asking(make_answer())
    with pytest.raises(JournalError):
        await replay_or_call(make_journal(tmp_path), ENTRY, ask)

    assert ask.asked == 0


async def test_a_tolerant_journal_that_is_broken_asks_and_says_so_once(make_journal, tmp_path, caplog):
    ask = Asking(make_answer())
    journal = BestEffortJournal(make_journal(tmp_path))
    exchanges = [await replay_or_call(journal, ENTRY, ask) for _ in range(3)]

    assert ask.asked == 3
    assert not any(exchange.kept for exchange in exchanges)
    assert caplog.text.count("Going on without the journal") == 1


class FullDisk(NullJournal):
    """It can be read; whether it can be written to is up to the test."""

    is_available = True

    def __init__(self):
        self.is_full = True

    async def store(self, key, response):  # noqa: ARG002 -- the protocol's
        if self.is_full:
            raise JournalError("disk full")


@pytest.mark.parametrize("kind", [BestEffortJournal, RequiredJournal])
async def test_a_journal_that_cannot_be_written_is_said_once_before_there_is_an_answer_to_lose(kind, tmp_path, caplog):
    (tmp_path / "file").touch()
    journal = SqliteJournal(
        SqliteFile(tmp_path / "file" / "j.sqlite"), cipher=make_cipher(None), max_age=DAY, max_bytes=10**6
    )
    await check_writable(kind(journal))
    await journal.aclose()

    [said] = caplog.messages
    assert said.startswith(f"The journal {tmp_path / 'file' / 'j.sqlite'} cannot be used: ")


async def test_a_journal_that_works_is_tried_out_in_silence_and_keeps_nothing_of_it(make_journal, caplog):
    journal = make_journal()
    await check_writable(RequiredJournal(journal))

    assert caplog.messages == []
    assert await journal.load(PROBE) is None


async def test_a_required_journal_with_a_full_disk_asks_for_nothing_more_until_there_is_room(caplog):
    disk, ask = FullDisk(), Asking(make_answer())
    journal = RequiredJournal(disk)
    first = await replay_or_call(journal, ENTRY, ask)
    with pytest.raises(JournalError, match="disk full"):
        await replay_or_call(journal, ENTRY, ask)
    disk.is_full = False
    second = await replay_or_call(journal, ENTRY, ask)

    assert (first.kept, second.kept, ask.asked) == (False, True, 2)
    assert "is not kept" in caplog.text


async def test_a_tolerant_journal_with_a_full_disk_says_once_that_it_is_broken_and_once_that_it_works(caplog):
    disk, ask = FullDisk(), Asking(make_answer())
    journal = BestEffortJournal(disk)
    for is_full in (True, True, False, False):
        disk.is_full = is_full
        await replay_or_call(journal, ENTRY, ask)

    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_a_required_journal_that_was_probed_keeps_no_probe(make_journal):
    real = make_journal()
    journal = RequiredJournal(real)
    journal._unkept = make_answer()
    await journal.load(ENTRY)

    assert await real.load(PROBE) is None
