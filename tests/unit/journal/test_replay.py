"""A task's stored responses: Groq is called at most once per task and payload."""

import pytest

from catalyst_groq.errors import JournalError
from catalyst_groq.journal import BestEffortJournal, NullJournal, RequiredJournal, TaskResponses
from support.factories import make_response

pytestmark = pytest.mark.anyio
PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "Hi \ud83d"}]}
FOLLOW_UP = {**PAYLOAD, "messages": [*PAYLOAD["messages"], {"role": "user", "content": "JSON please"}]}


def responses(journal, payload=PAYLOAD, encoded=b"{}", task="task-1", url="http://groq"):
    return TaskResponses(journal, task, url, payload, encoded)


async def test_replay_loads_what_an_earlier_worker_stored(make_journal):
    response = make_response()
    assert await responses(make_journal()).store(PAYLOAD, response)
    assert await responses(make_journal()).load(PAYLOAD) == response


async def test_replay_distinguishes_payloads_tasks_and_urls(make_journal):
    journal = make_journal()
    await responses(journal).store(PAYLOAD, make_response())
    assert await responses(journal).load(FOLLOW_UP) is None
    assert await responses(journal, task="task-2").load(PAYLOAD) is None
    assert await responses(journal, url="http://other").load(PAYLOAD) is None
    assert await responses(journal, encoded=b"[]").load(PAYLOAD) is None


async def test_replay_never_answers_a_task_of_another_database_with_the_same_id(make_journal):
    journal = make_journal()
    of_today, of_yesterday = (
        TaskResponses(journal, "7", "http://groq", PAYLOAD, b"{}", created=created)
        for created in ("2026-11-21T10:00:00+00:00", "2026-11-20T10:00:00+00:00")
    )
    await of_yesterday.store(PAYLOAD, make_response())
    await of_yesterday.store(FOLLOW_UP, make_response())

    assert [await of_today.load(PAYLOAD), await of_today.load(FOLLOW_UP)] == [None, None]
    assert await of_yesterday.load(PAYLOAD)


async def test_replay_stores_a_follow_up_beside_the_first(make_journal):
    first, second = make_response(), make_response(body={"choices": [{}]})
    stored = responses(make_journal())
    await stored.store(PAYLOAD, first)
    await stored.store(FOLLOW_UP, second)
    again = responses(make_journal())
    assert [await again.load(FOLLOW_UP), await again.load(PAYLOAD)] == [second, first]


async def test_replay_without_journal_loads_nothing():
    stored = responses(NullJournal())
    assert await stored.store(PAYLOAD, make_response()) is False
    assert await stored.load(PAYLOAD) is None


async def test_replay_raises_while_a_required_journal_fails(make_journal, tmp_path):
    with pytest.raises(JournalError):
        await responses(make_journal(tmp_path)).load(PAYLOAD)


async def test_replay_continues_while_a_best_effort_journal_fails(make_journal, tmp_path, caplog):
    stored = responses(BestEffortJournal(make_journal(tmp_path)))
    assert [await stored.load(PAYLOAD) for _ in range(3)] == [None] * 3
    assert not await stored.store(PAYLOAD, make_response())
    assert caplog.text.count("Continuing without the journal") == 1


async def test_replay_with_full_disk_stops_calls_until_there_is_room(full_disk, caplog):
    stored = responses(RequiredJournal(full_disk))
    assert await stored.load(PAYLOAD) is None
    assert not await stored.store(PAYLOAD, make_response())
    with pytest.raises(JournalError, match="disk full"):
        await stored.load(PAYLOAD)
    full_disk.is_full = False
    assert await stored.load(PAYLOAD) is None
    assert await stored.store(PAYLOAD, make_response())
    assert "Task task-1: the response is not in the journal" in caplog.text
