"""Responses whose connection does not end as HTTP says: complete is what has arrived whole."""

import asyncio
import json
import re
import time
from contextlib import aclosing

import pytest

from catalyst_groq.groq.api import body_reader
from catalyst_groq.groq.api.body_reader import StreamTimeouts
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from support.groq_clients import make_request
from support.groq_server import read_request, running_server

pytestmark = pytest.mark.anyio
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\nconnection: close\r\n\r\n"
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
WHOLE = json.dumps({"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}], "usage": USAGE}).encode()
BRACKET = WHOLE.index(b"}") + 1
SSE, JSON, PLAIN = b"text/event-stream", b"application/json", b"text/plain"


def event(delta, finish_reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


CONTENT, FINISH, DONE = event({"content": "42"}), event({}, "stop"), b"data: [DONE]\n\n"
LATE_USAGE = b"data: %s\n\n" % json.dumps({"choices": [], "usage": USAGE}).encode()


def chunked(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def send_parts(*parts, then="keep open"):
    """Send bytes, wait some seconds (numbers), and keep the connection open, close or reset it."""

    async def serve(reader, writer):
        await read_request(reader)
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
        if then == "keep open":
            await asyncio.Event().wait()
        elif then == "reset":
            await asyncio.sleep(0.05)
            writer.transport.abort()
        else:
            writer.close()

    return serve


async def ask(serve, timeout=5.0, timeouts=None, **payload):
    client = HttpGroqClient(stream_timeouts=timeouts)
    async with running_server(serve) as address, aclosing(client) as groq_client:
        account = Account(f"http://{address}/openai/v1", "gsk_key7")
        return await groq_client.send(make_request(account, {"model": "m", "messages": [], **payload}, timeout))


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(body_reader, "USAGE_GRACE_SECONDS", 0.15)


ENDS = {
    "done, then open": send_parts(UNTIL_CLOSE % SSE, CONTENT + FINISH + DONE),
    "finished, then open": send_parts(UNTIL_CLOSE % SSE, CONTENT + FINISH),
    "finished, then pings": send_parts(UNTIL_CLOSE % SSE, CONTENT + FINISH, *[0.1, b": ping\n\n"] * 50),
    "finished, then reset": send_parts(CHUNKED % SSE, chunked(CONTENT + FINISH), then="reset"),
    "no last chunk": send_parts(CHUNKED % SSE, chunked(CONTENT + FINISH + DONE), then="close"),
    "no blank line": send_parts(UNTIL_CLOSE % SSE, CONTENT + FINISH.rstrip(), then="close"),
    "another content type": send_parts(UNTIL_CLOSE % PLAIN, CONTENT + FINISH + DONE),
}


@pytest.mark.slow
@pytest.mark.parametrize("serve", ENDS.values(), ids=ENDS)
async def test_stream_that_is_complete_is_the_response(serve):
    started = time.monotonic()
    response = await ask(serve, stream=True)
    assert isinstance(response, Response)
    assert response.choices[0]["message"]["content"] == "42"
    assert time.monotonic() - started < 3, "it does not wait for the timeout"


async def test_tokens_used_may_follow_the_finish_reason():
    response = await ask(send_parts(UNTIL_CLOSE % SSE, CONTENT + FINISH, 0.05, LATE_USAGE), stream=True)
    assert response.body["usage"] == USAGE


@pytest.mark.slow
async def test_stream_that_finishes_close_to_its_timeout_is_kept():
    response = await ask(send_parts(UNTIL_CLOSE % SSE, 0.4, CONTENT + FINISH), timeout=0.5, stream=True)
    assert response.choices[0]["message"]["content"] == "42"


@pytest.mark.slow
async def test_first_token_may_take_longer_than_the_pause_between_tokens():
    serve = send_parts(UNTIL_CLOSE % SSE, 0.4, CONTENT + FINISH + DONE)
    response = await ask(serve, timeouts=StreamTimeouts(idle=0.1), stream=True)
    assert response.choices[0]["message"]["content"] == "42"


@pytest.mark.slow
@pytest.mark.parametrize(
    "serve",
    [
        send_parts(),
        send_parts(UNTIL_CLOSE % SSE),
        send_parts(UNTIL_CLOSE % SSE, b": ping\n\n" * 3),
        send_parts(UNTIL_CLOSE % SSE, event({"role": "assistant", "content": ""})),
    ],
)
async def test_first_token_that_is_late_is_a_timeout(serve):
    result = await ask(serve, timeouts=StreamTimeouts(first_token=0.1), stream=True)
    assert (result.reason, result.sent) == (NoResponseReason.TIMEOUT, True)
    assert result.message == "no token of the stream within 0.1 s (CATALYST_STREAM_FIRST_TOKEN_TIMEOUT)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("serve", "stream"),
    [
        (send_parts(UNTIL_CLOSE % SSE, CONTENT, 0.3, FINISH + DONE), True),
        (send_parts(UNTIL_CLOSE % JSON, 0.3, WHOLE), True),
        (send_parts(0.3, UNTIL_CLOSE % JSON, WHOLE), False),
    ],
)
async def test_first_token_timeout_ends_with_it_and_is_for_streams(serve, stream):
    response = await ask(serve, timeouts=StreamTimeouts(first_token=0.15), stream=stream)
    assert response.choices[0]["message"]["content"] == "42"


async def test_first_token_timeout_is_no_longer_than_the_requests():
    result = await ask(send_parts(), timeout=0.1, timeouts=StreamTimeouts(first_token=9), stream=True)
    assert result.message == "nothing within 0.1 s"
    result = await ask(
        send_parts(UNTIL_CLOSE % SSE, CONTENT), timeout=0.1, timeouts=StreamTimeouts(idle=9), stream=True
    )
    assert result.message == "nothing within 0.1 s"


WHOLE_ENDS = {
    "chunks, then open": send_parts(CHUNKED % JSON, chunked(WHOLE)),
    "chunks, then closed": send_parts(CHUNKED % JSON, chunked(WHOLE), then="close"),
    "chunks, then reset": send_parts(CHUNKED % JSON, chunked(WHOLE), then="reset"),
    "no length, then open": send_parts(UNTIL_CLOSE % JSON, WHOLE + b"\n"),
    "byte order mark": send_parts(UNTIL_CLOSE % JSON, b"\xef\xbb\xbf" + WHOLE, then="close"),
    "as an event stream": send_parts(UNTIL_CLOSE % SSE, WHOLE),
    "blank lines before": send_parts(UNTIL_CLOSE % JSON, b"\n\n", 0.1, b" \n", WHOLE, then="close"),
    "pause after a bracket": send_parts(UNTIL_CLOSE % JSON, WHOLE[:BRACKET], 0.3, WHOLE[BRACKET:]),
}


@pytest.mark.slow
@pytest.mark.parametrize("serve", WHOLE_ENDS.values(), ids=WHOLE_ENDS)
async def test_json_that_is_complete_is_the_response(serve):
    response = await ask(serve)
    assert isinstance(response, Response)
    assert response.body == json.loads(WHOLE)


@pytest.mark.parametrize("headers", [b"content-security-policy: " + b"x" * 30_000, b"\r\n".join([b"x-h: v"] * 400)])
async def test_gateway_may_add_long_and_many_headers(headers):
    head = (UNTIL_CLOSE % JSON).removesuffix(b"\r\n") + headers + b"\r\n\r\n"
    assert (await ask(send_parts(head, WHOLE, then="close"))).body == json.loads(WHOLE)


async def test_server_that_ignores_the_stream_parameter():
    response = await ask(send_parts(UNTIL_CLOSE % JSON, WHOLE, then="close"), stream=True)
    assert (response.body, response.first_token) == (json.loads(WHOLE), None)


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_json_that_is_cut_off_is_incomplete(then):
    response = await ask(send_parts(CHUNKED % JSON, chunked(WHOLE[:-1]), then=then))
    assert isinstance(response, NoResponse)
    assert response.reason in (NoResponseReason.INCOMPLETE_RESPONSE, NoResponseReason.CONNECTION_RESET)


async def test_error_status_is_never_a_stream():
    head = b"HTTP/1.1 429 Too Many\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    error = json.dumps({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}).encode()
    response = await ask(send_parts(head, error, then="close"), stream=True)
    assert (response.status, response.message) == (429, "slow down")


async def test_error_event_of_a_stream_has_its_status():
    data = b'event: error\ndata: {"message": "No", "code": "rate_limit_exceeded"}\n\n'
    response = await ask(send_parts(UNTIL_CLOSE % SSE, data), stream=True)
    assert (response.status, response.message) == (429, "No")


async def test_connection_is_used_again_after_a_stream():
    connections = []

    async def serve(reader, writer):
        connections.append(writer)
        for _ in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))
            writer.write(CHUNKED % SSE + chunked(CONTENT + FINISH + DONE) + chunked(b""))

    async with running_server(serve) as address, aclosing(HttpGroqClient()) as groq_client:
        for _ in range(3):
            account = Account(f"http://{address}/openai/v1", "gsk_key7")
            response = await groq_client.send(make_request(account, {"model": "m", "stream": True}, 5.0))
            assert isinstance(response, Response)
    assert len(connections) == 1
