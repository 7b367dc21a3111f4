"""What the worker does while the journal fails."""

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import BestEffortJournal, JournalKey, RequiredJournal
from catalyst_groq.journal.availability import PROBE_KEY, check_writable
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")


@pytest.mark.parametrize("kind", [BestEffortJournal, RequiredJournal])
async def test_check_writable_logs_a_broken_journal_once(kind, make_journal, tmp_path, caplog):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "j.sqlite"
    await check_writable(kind(make_journal(path)))

    [message] = caplog.messages
    assert message.startswith(f"The journal {path} cannot be used: ")


async def test_check_writable_logs_and_leaves_nothing_if_it_works(make_journal, caplog):
    journal = make_journal()
    await check_writable(RequiredJournal(journal))

    assert caplog.messages == []
    assert await journal.load(PROBE_KEY) is None


async def test_best_effort_journal_logs_an_outage_once(full_disk, caplog):
    caplog.set_level("INFO")
    journal = BestEffortJournal(full_disk)
    availability = []
    for is_full in (True, True, False, False):
        full_disk.is_full = is_full
        await journal.store(KEY, make_response())
        availability.append(journal.is_available)

    assert availability == [False, False, True, True]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


async def test_best_effort_journal_stays_unavailable_if_only_readable(full_disk):
    journal = BestEffortJournal(full_disk)
    await journal.store(KEY, make_response())
    await journal.load(KEY)
    await journal.discard(KEY.task_id)

    assert not journal.is_available


async def test_best_effort_journal_hides_all_errors(make_journal, tmp_path):
    journal = BestEffortJournal(make_journal(tmp_path))
    await journal.store(KEY, make_response())

    assert await journal.load(KEY) is None
    await journal.discard(KEY.task_id)


async def test_required_journal_loads_nothing_while_disk_is_full(full_disk):
    journal = RequiredJournal(full_disk)
    await journal.load(KEY)
    with pytest.raises(JournalError, match="disk full"):
        await journal.store(KEY, make_response())
    with pytest.raises(JournalError, match="disk full"):
        await journal.load(KEY)
    full_disk.is_full = False

    assert await journal.load(KEY) is None


async def test_required_journal_logs_an_outage_once(full_disk, caplog):
    caplog.set_level("INFO")
    journal = RequiredJournal(full_disk)
    for _ in range(2):
        with pytest.raises(JournalError):
            await journal.store(KEY, make_response())
    with pytest.raises(JournalError):
        await journal.load(KEY)
    full_disk.is_full = False
    for _ in range(2):
        await journal.load(KEY)

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "disk full. No request is sent to Groq until the journal works."),
        ("INFO", "Journal available again."),
    ]


async def test_required_journal_discards_its_probe_entry(full_disk):
    journal = RequiredJournal(full_disk)
    with pytest.raises(JournalError):
        await journal.store(KEY, make_response())
    full_disk.is_full = False
    for _ in range(2):
        await journal.load(KEY)

    assert full_disk.stored_keys == [PROBE_KEY]
    assert full_disk.discarded_ids == [PROBE_KEY.task_id]


async def test_status_names_the_problem_until_the_journal_works_again(full_disk):
    for journal, is_required in ((BestEffortJournal(full_disk), False), (RequiredJournal(full_disk), True)):
        full_disk.is_full = True
        await check_writable(journal)
        broken = journal.status()
        assert broken.problem
        assert broken.is_required is is_required
        full_disk.is_full = False
        await journal.load(KEY)
        await journal.store(KEY, make_response())
        assert not journal.status().problem


async def test_status_counts_entries_and_bytes(make_journal):
    journal = RequiredJournal(make_journal())
    await journal.store(KEY, make_response())
    assert journal.status().entries == 1
    assert journal.status().bytes > 1000
    await journal.discard(KEY.task_id)
    assert journal.status().entries == 0


async def test_status_of_a_file_that_cannot_be_read_is_its_last_problem(make_journal, tmp_path):
    journal = BestEffortJournal(make_journal(tmp_path))
    assert (journal.status().problem, journal.status().entries) == ("", None)
    await journal.store(KEY, make_response())
    assert journal.status().problem
