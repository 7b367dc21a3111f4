"""The journal in an SQLite file."""

import stat
from datetime import timedelta

import psutil
import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import JournalKey, SqliteFile
from catalyst_groq.journal.sqlite_store import DISCARD_BATCH_TASKS
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")


async def test_journal_loads_what_an_earlier_process_stored(make_journal):
    await make_journal().store(KEY, make_response())

    assert await make_journal().load(KEY) == make_response()


@pytest.mark.parametrize("other", [JournalKey("task-2", "request-1"), JournalKey("task-1", "request-2")])
async def test_journal_loads_only_same_task_and_request(make_journal, other):
    journal = make_journal()
    await journal.store(KEY, make_response())

    assert await journal.load(other) is None


async def test_journal_does_not_load_discarded_task(make_journal):
    journal = make_journal()
    await journal.store(KEY, make_response())
    await journal.discard("task-1")

    assert await journal.load(KEY) is None


async def test_journal_writes_discards_with_next_response(make_journal):
    journal, other = make_journal(), make_journal()
    await journal.store(KEY, make_response())
    await journal.discard("task-1")
    assert await other.load(KEY)
    await journal.store(JournalKey("task-2", "request-1"), make_response())

    assert await other.load(KEY) is None


async def test_journal_writes_discards_in_batches(make_journal):
    journal, other = make_journal(), make_journal()
    await journal.store(KEY, make_response())
    for number in range(1, DISCARD_BATCH_TASKS + 1):
        await journal.discard(f"task-{number}")

    assert await other.load(KEY) is None


async def test_journal_prunes_responses_by_age(make_journal):
    await make_journal().store(KEY, make_response())
    await make_journal(max_age=timedelta()).store(JournalKey("task-2", "request-1"), make_response())

    assert await make_journal().load(KEY) is None


async def test_journal_prunes_responses_by_size(make_journal):
    journal = make_journal(max_bytes=1)
    await journal.store(KEY, make_response())

    assert await journal.load(KEY) is None


async def test_journal_file_is_readable_by_its_user_only(make_journal, tmp_path):
    await make_journal().store(KEY, make_response())

    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


async def test_journal_reads_a_file_of_the_first_format(make_journal, tmp_path):
    path = tmp_path / "old.sqlite"
    file = SqliteFile(path)
    entry = b'{"status":200,"headers":{"x-request-id":"req_1"},"text":"{\\"a\\": 1}","seconds":0.5}'
    await file.write([("INSERT INTO answer VALUES ('task-1', 'request-1', 0, ?)", (entry,))])
    await file.aclose()
    response = await make_journal(path).load(KEY)

    assert (response.status, response.text, response.request_id) == (200, '{"a": 1}', "req_1")


async def test_journal_names_a_file_that_is_no_database(make_journal, tmp_path):
    file = tmp_path / "text"
    file.write_text("not a database, but long enough to be taken for one " * 100)

    with pytest.raises(JournalError, match=f"The journal {file} cannot be used: ") as raised:
        await make_journal(file).load(KEY)

    assert raised.tb, "otherwise the frames that refer to the connection would be gone"
    assert str(file) not in [open_file.path for open_file in psutil.Process().open_files()]
