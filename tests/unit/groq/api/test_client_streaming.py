"""Streamed responses over real sockets, from the emulator: complete ones, and ones that end early."""

import pytest

from catalyst_groq.groq.api.body_reader import StreamTimeouts
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponseReason, Response
from support.groq_clients import make_request

pytestmark = pytest.mark.anyio
TOOL = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"type": "object", "properties": {"order": {"type": "string"}}}},
}


@pytest.fixture
async def send(groq_emulator):
    groq_client = HttpGroqClient(stream_timeouts=StreamTimeouts(idle=0.5))

    async def send(*, timeout=5.0, **more):
        payload = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}], **more}
        return await groq_client.send(make_request(Account(groq_emulator.base_url, "gsk_x"), payload, timeout))

    yield send
    await groq_client.aclose()


@pytest.mark.parametrize("script", [{"answer": "Grüße\u2028\r\n"}, {"tool_calls": [{"name": "look_up"}]}])
async def test_stream_gives_the_response_that_is_sent_as_a_whole(send, groq_emulator, script):
    groq_emulator.next(count=2, **script)
    unstreamed, streamed = await send(tools=[TOOL]), await send(tools=[TOOL], stream=True)

    def content_of(response):
        [choice] = response.body["choices"]
        for call in choice["message"].get("tool_calls", ()):
            del call["id"]
        return choice["message"], choice["finish_reason"], response.body["usage"]["completion_tokens"]

    assert content_of(streamed) == content_of(unstreamed)
    assert streamed.request_id
    assert unstreamed.first_token is None
    assert 0 < streamed.first_token <= streamed.seconds


async def test_stream_error_has_its_own_status(send, groq_emulator):
    groq_emulator.next(fault="stream_error")
    response = await send(stream=True)

    assert isinstance(response, Response)
    assert response.status == 500
    assert classify(response).kind is ErrorKind.TRANSIENT


async def test_stream_that_is_cut_off_is_an_incomplete_response(send, groq_emulator):
    groq_emulator.next(fault="cut")
    assert (await send(stream=True)).reason is NoResponseReason.INCOMPLETE_RESPONSE


@pytest.mark.slow
async def test_stream_that_is_idle_times_out(send, groq_emulator):
    groq_emulator.set(tokens_per_second=1)
    result = await send(stream=True)

    assert (result.reason, result.message) == (NoResponseReason.TIMEOUT, "the stream sent nothing for 0.5 s")
    assert result.seconds < 3


async def test_stream_ends_within_the_request_timeout(send, groq_emulator):
    groq_emulator.set(tokens_per_second=1)
    assert (await send(stream=True, timeout=0.2)).message == "nothing within 0.2 s"


async def test_stream_that_is_refused_has_the_status(send, groq_emulator):
    groq_emulator.next(status=503)
    assert (await send(stream=True)).status == 503
