"""Groq is called at most once per task and request."""

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.retry import CallResult
from catalyst_groq.journal import BestEffortJournal, JournalKey, NullJournal, RequiredJournal, replay_or_call
from support.factories import make_answer

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")


class FakeCall:
    """A call to Groq that returns one response and counts its calls."""

    def __init__(self, response):
        self.response = response
        self.count = 0

    async def __call__(self):
        self.count += 1
        return CallResult(self.response, classify(self.response), attempts=1, seconds=0.5, waited=0)


async def test_replay_returns_stored_response(make_journal):
    call = FakeCall(make_answer())
    first = await replay_or_call(make_journal(), KEY, call)
    second = await replay_or_call(make_journal(), KEY, call)

    assert (first.kept, first.replayed, second.kept, second.replayed) == (True, False, True, True)
    assert second.response == first.response
    assert call.count == 1


@pytest.mark.parametrize(
    "response", [make_answer(503, {}), NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=1)]
)
async def test_replay_stores_no_errors(make_journal, response):
    call = FakeCall(response)
    await replay_or_call(make_journal(), KEY, call)
    await replay_or_call(make_journal(), KEY, call)

    assert call.count == 2


async def test_replay_without_journal_calls_every_time():
    call = FakeCall(make_answer())
    results = [await replay_or_call(NullJournal(), KEY, call) for _ in range(2)]

    assert [result.kept for result in results] == [False, False]
    assert call.count == 2


async def test_replay_calls_nothing_while_required_journal_fails(make_journal, tmp_path):
    call = FakeCall(make_answer())
    with pytest.raises(JournalError):
        await replay_or_call(make_journal(tmp_path), KEY, call)

    assert call.count == 0


async def test_replay_continues_while_best_effort_journal_fails(make_journal, tmp_path, caplog):
    call = FakeCall(make_answer())
    journal = BestEffortJournal(make_journal(tmp_path))
    results = [await replay_or_call(journal, KEY, call) for _ in range(3)]

    assert call.count == 3
    assert not any(result.kept for result in results)
    assert caplog.text.count("Continuing without the journal") == 1


async def test_replay_with_full_disk_stops_calls_until_there_is_room(full_disk, caplog):
    call = FakeCall(make_answer())
    journal = RequiredJournal(full_disk)
    first = await replay_or_call(journal, KEY, call)
    with pytest.raises(JournalError, match="disk full"):
        await replay_or_call(journal, KEY, call)
    full_disk.is_full = False
    second = await replay_or_call(journal, KEY, call)

    assert (first.kept, second.kept, call.count) == (False, True, 2)
    assert "The response for task task-1 is not in the journal" in caplog.text
