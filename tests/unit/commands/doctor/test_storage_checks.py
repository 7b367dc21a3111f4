"""What the doctor says of a journal that cannot be written."""

import pytest

from catalyst_groq.commands.doctor.storage_checks import check_journal
from catalyst_groq.config.settings import Settings

pytestmark = pytest.mark.anyio


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
