"""Stored responses in the router: replayed without a request, and stored as they came."""

import pytest

from catalyst_groq.errors import JournalError
from support.factories import make_response
from support.groq_clients import FakeEndpoints, InMemoryResponses
from support.groq_responses import BUSY, HELLO, IN_JSON, JSON, completion_with

pytestmark = pytest.mark.anyio


async def test_replay_sends_nothing():
    endpoints = FakeEndpoints(a=[HELLO])
    first, again = await endpoints.call(), await endpoints.call()
    assert len(endpoints.requests) == 1
    assert (first.replayed, again.replayed, again.stored) == (False, True, True)
    assert (again.attempt_count, again.cost) == (0, first.cost)


async def test_replay_includes_the_follow_up():
    endpoints = FakeEndpoints(a=[completion_with("Sorry."), IN_JSON])
    await endpoints.call(**JSON)
    again = await endpoints.call(**JSON)
    assert len(endpoints.requests) == 2
    assert (again.error, again.replayed) == (None, True)


async def test_replay_without_the_follow_up_sends_only_that():
    endpoints = FakeEndpoints(a=[completion_with("Sorry."), IN_JSON])
    await endpoints.call(**JSON)
    endpoints.responses.stored.pop()
    again = await endpoints.call(**JSON)
    assert (len(endpoints.requests), again.error, again.attempt_count) == (3, None, 1)
    assert len(endpoints.payloads[-1]["messages"]) == 3


async def test_response_is_stored_as_it_came():
    raw = completion_with("<think>hm</think>```json\n{}\n```")
    endpoints = FakeEndpoints(a=[raw])
    result = await endpoints.call(**JSON)
    [(_, stored)] = endpoints.responses.stored
    assert stored is raw
    assert result.response.content != raw.content


async def test_response_that_is_no_result_is_not_stored():
    endpoints = FakeEndpoints(a=[make_response(200, "<html>"), BUSY])
    await endpoints.call()
    assert endpoints.responses.stored == []


async def test_journal_that_cannot_be_read_stops_the_call():
    class BrokenResponses(InMemoryResponses):
        async def load(self, _):
            raise JournalError("broken")

    endpoints = FakeEndpoints(a=[HELLO])
    endpoints.responses = BrokenResponses()
    with pytest.raises(JournalError):
        await endpoints.call()
    assert endpoints.requests == []
