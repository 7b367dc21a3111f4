"""Arbitrary response bytes: the engine client raises EngineError, the Groq client returns a value."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.common.transport import make_transport
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineError
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, Response

ANY_NETWORK = make_transport()
MINUTE = timedelta(minutes=1)
PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 999 \xff\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: //\xff:x\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/event-stream\r\n",
    b"Content-Type: \xff; charset=\xff\r\n",
    b"Set-Cookie: \xff=\xff; expires=never\r\n",
    b"X-Request-Id: \xff" + b"x" * 10_000 + b"\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b'{"choices": [{}]}',
    b"data: {}\n\n",
    b"data: [DONE]\n\n",
]
answers = st.lists(st.sampled_from(PIECES) | st.binary(max_size=10), max_size=8).map(b"".join)
sometimes_valid = answers | answers.map(PIECES[0].__add__)


async def result_of(data, send):
    """Call a server that responds with `data` and closes the connection, and return the result."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        return await send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def send_to_groq(url):
    groq = HttpGroqClient(ANY_NETWORK)
    try:
        return await groq.send(
            GroqRequest(CHAT_COMPLETION, Account(url, "gsk_key"), {"messages": []}, timeout=5, caller="task")
        )
    finally:
        await groq.aclose()


async def query_engine(url, definition_id="ask:1:d1"):
    engine = EngineClient(
        url, "worker", lock_duration=MINUTE, async_response_timeout=MINUTE, encoder=Encoder(), transport=ANY_NETWORK
    )
    try:
        return await engine.definition_xml(definition_id)
    except EngineError as error:
        return error
    finally:
        await engine.aclose()


@pytest.mark.slow
@given(sometimes_valid)
@settings(max_examples=40)
def test_groq_client_returns_a_value_for_any_bytes(data):
    assert isinstance(asyncio.run(result_of(data, send_to_groq)), Response | NoResponse)


@pytest.mark.slow
@given(sometimes_valid)
@settings(max_examples=40)
def test_engine_client_raises_only_engine_errors(data):
    assert isinstance(asyncio.run(result_of(data, query_engine)), bytes | EngineError)


@pytest.mark.parametrize("odd", ["a b", "a/b", "ü", "a\r\nX: y", "\ud800", "?x#y", "%", ""])
def test_engine_client_rejects_malformed_ids(odd):
    assert isinstance(asyncio.run(result_of(b"HTTP/1.1 404 \r\n\r\n", lambda url: query_engine(url, odd))), EngineError)
