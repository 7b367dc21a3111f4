"""Streams over real sockets, from the emulator: the same answer, and every way in which one can break."""

import pytest

from catalyst_groq.groq.api import client
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponseReason, Response
from support.groq_clients import make_request

pytestmark = pytest.mark.anyio
TOOL = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"type": "object", "properties": {"order": {"type": "string"}}}},
}


@pytest.fixture
async def ask(groq_emulator):
    groq = HttpGroqClient()

    async def ask(*, within=5.0, **more):
        payload = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}], **more}
        return await groq.send(make_request(Account(groq_emulator.base_url, "gsk_x"), payload, within))

    yield ask
    await groq.aclose()


@pytest.mark.parametrize("order", [{"answer": "Grüße\u2028\r\n"}, {"tool_calls": [{"name": "look_up"}]}])
async def test_stream_gives_the_response_that_is_sent_as_a_whole(ask, groq_emulator, order):
    groq_emulator.next(count=2, **order)
    whole, streamed = await ask(tools=[TOOL]), await ask(tools=[TOOL], stream=True)

    def said(answer):
        [choice] = answer.body["choices"]
        for call in choice["message"].get("tool_calls", ()):
            del call["id"]
        return choice["message"], choice["finish_reason"], answer.body["usage"]["completion_tokens"]

    assert said(streamed) == said(whole)
    assert streamed.request_id
    assert whole.first_token is None
    assert 0 < streamed.first_token <= streamed.seconds


async def test_stream_error_has_its_own_status(ask, groq_emulator):
    groq_emulator.next(fault="stream_error")
    answer = await ask(stream=True)

    assert isinstance(answer, Response)
    assert answer.status == 500
    assert classify(answer).kind is ErrorKind.TRANSIENT


async def test_stream_that_is_cut_off_is_an_incomplete_response(ask, groq_emulator):
    groq_emulator.next(fault="cut")
    assert (await ask(stream=True)).reason is NoResponseReason.INCOMPLETE_RESPONSE


async def test_stream_that_is_idle_times_out(ask, groq_emulator, monkeypatch):
    monkeypatch.setattr(client, "STREAM_IDLE_TIMEOUT_SECONDS", 0.1)
    groq_emulator.set(tokens_per_second=1)
    nothing = await ask(stream=True)

    assert (nothing.reason, nothing.message) == (NoResponseReason.TIMEOUT, "the stream sent nothing for 0.1 s")
    assert nothing.seconds < 3


async def test_stream_ends_within_the_request_timeout(ask, groq_emulator):
    groq_emulator.set(tokens_per_second=1)
    assert (await ask(stream=True, within=0.2)).message == "nothing within 0.2 s"


async def test_stream_that_is_refused_has_the_status(ask, groq_emulator):
    groq_emulator.next(status=503)
    assert (await ask(stream=True)).status == 503
