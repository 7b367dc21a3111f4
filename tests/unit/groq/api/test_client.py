"""One request to Groq over real sockets: what comes of it, and whether Groq may have been paid for it."""

import asyncio
import gzip
import json
import socket
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from catalyst_groq import __version__
from catalyst_groq.groq.api import client
from catalyst_groq.groq.api.client import HttpGroqClient, classify_network_error
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from support.factories import REPLY
from support.groq_clients import make_request

pytestmark = pytest.mark.anyio

PAYLOAD: dict[str, Any] = {"messages": []}
CONTENT = b'{"messages":[]}'


@pytest.fixture
async def groq():
    groq = HttpGroqClient()
    yield groq
    await groq.aclose()


@asynccontextmanager
async def serving(serve):
    """A server that does with each connection what it is told; it and all its connections end with the block."""
    writers, serving = [], []

    async def connected(reader, writer):
        writers.append(writer)
        serving.append(asyncio.ensure_future(serve(reader, writer)))
        await serving[-1]

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    return head.decode(), await reader.readexactly(len(CONTENT))


def answering(data, *, then_close=True):
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(data)
        await writer.drain()
        if then_close:
            writer.close()

    return serve


def http(body, *headers, status="200 OK", length=None):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def post(groq, serve, scheme="http", within=5.0):
    async with serving(serve) as address:
        return await groq.send(make_request(Account(f"{scheme}://{address}/openai/v1", "gsk_key"), PAYLOAD, within))


async def test_client_sends_headers_and_body(groq):
    seen = []

    async def serve(reader, writer):
        seen.append(await read_request(reader))
        writer.write(http(json.dumps(REPLY).encode(), "X-Request-Id: req_7"))
        await writer.drain()

    answer = await post(groq, serve)

    [(head, body)] = seen
    request_line, *lines = head.strip().lower().split("\r\n")
    assert request_line == "post /openai/v1/chat/completions http/1.1"
    assert {
        "authorization: bearer gsk_key",
        "content-type: application/json",
        "accept: application/json",
        f"user-agent: catalyst-groq-worker/{__version__}",
    } <= set(lines)
    assert body == CONTENT
    assert isinstance(answer, Response)
    assert answer.body == REPLY
    assert answer.headers["x-request-id"] == "req_7"
    assert answer.seconds > 0


async def test_client_sends_no_authorization_without_a_key(groq):
    seen = []

    async def serve(reader, writer):
        seen.append(await read_request(reader))
        writer.write(http(json.dumps(REPLY).encode()))
        await writer.drain()

    async with serving(serve) as address:
        await groq.send(make_request(Account(f"http://{address}/v1", ""), PAYLOAD, 5))

    assert "authorization" not in seen[0][0].lower()


async def test_key_in_a_response_is_masked():
    groq = HttpGroqClient(mask=lambda answered: json.loads(json.dumps(answered).replace("gsk_key", "***")))
    said = json.dumps({"key": "gsk_key"}).encode()
    streamed = b'data: {"choices": [{"index": 0, "delta": {"content": "gsk_"}}]}\n\n'
    streamed += b'data: {"choices": [{"index": 0, "delta": {"content": "key"}, "finish_reason": "stop"}]}\n\n'
    answers = [
        await post(groq, answering(http(said, "X-Echo: gsk_key"))),
        await post(groq, answering(http(streamed, EVENT_STREAM))),
        await post(groq, answering(b"gsk_key\r\n\r\n")),
    ]
    await groq.aclose()

    assert [("***" in repr(answer), "gsk_key" in repr(answer)) for answer in answers] == [(True, False)] * 3


@pytest.mark.parametrize(
    "status", ["302 Found", "401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"]
)
async def test_client_returns_any_status_and_follows_no_redirect(groq, status):
    answer = await post(groq, answering(http(b"no", "Location: http://127.0.0.1:1/", status=status)))
    assert (answer.status, answer.text) == (int(status[:3]), "no")


async def test_compressed_response_is_decompressed(groq):
    answer = await post(groq, answering(http(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip")))
    assert answer.body == {"a": 1}


async def test_invalid_utf_8_in_a_response_is_replaced(groq):
    answer = await post(groq, answering(http(b'{"a": "\xff"}', "Content-Type: application/json; charset=nonsense")))
    assert answer.body == {"a": "\N{REPLACEMENT CHARACTER}"}


async def hang_up_at_once(_, writer):
    writer.transport.abort()


async def hang_up_after_reading(reader, writer):
    await read_request(reader)
    writer.transport.abort()


async def never_answer(reader, _):
    await reader.read()
    await asyncio.Event().wait()


EVENT_STREAM = "Content-Type: text/event-stream"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n'
FAULTS = {
    "reset before the request is read": (hang_up_at_once, NoResponseReason.CONNECTION_RESET, True),
    "reset after the request is read": (hang_up_after_reading, NoResponseReason.CONNECTION_RESET, True),
    "closed after the request is read": (answering(b""), NoResponseReason.CONNECTION_RESET, True),
    "head cut": (answering(b"HTTP/1.1 200 OK\r\nContent-Le"), NoResponseReason.CONNECTION_RESET, True),
    "body cut": (answering(http(b'{"id": "chat', length=500)), NoResponseReason.INCOMPLETE_RESPONSE, True),
    "chunk cut": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        NoResponseReason.INCOMPLETE_RESPONSE,
        True,
    ),
    "another protocol": (answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), NoResponseReason.INVALID_RESPONSE, True),
    "broken compression": (
        answering(http(b"hello", "Content-Encoding: gzip")),
        NoResponseReason.INVALID_RESPONSE,
        True,
    ),
    "a stream without its end": (answering(http(EVENT, EVENT_STREAM)), NoResponseReason.INCOMPLETE_RESPONSE, True),
    "a stream of something else": (
        answering(http(b"data: <html>\n\n", EVENT_STREAM)),
        NoResponseReason.INVALID_RESPONSE,
        True,
    ),
    "never": (never_answer, NoResponseReason.TIMEOUT, True),
    "half a body and then nothing": (
        answering(http(b"{", length=500), then_close=False),
        NoResponseReason.TIMEOUT,
        True,
    ),
}


@pytest.mark.parametrize(("serve", "loss", "sent"), FAULTS.values(), ids=FAULTS)
async def test_broken_connection_gives_a_reason_and_may_be_sent(groq, serve, loss, sent):
    nothing = await post(groq, serve, within=0.3 if loss is NoResponseReason.TIMEOUT else 5)
    assert isinstance(nothing, NoResponse)
    assert (nothing.reason, nothing.sent) == (loss, sent)
    assert nothing.message
    assert "\n" not in nothing.message
    assert nothing.seconds < 5


async def test_timeout_message_gives_the_seconds(groq):
    assert (await post(groq, never_answer, within=0.1)).message == "nothing within 0.1 s"


async def test_refused_connection_sends_nothing(groq):
    async with serving(never_answer) as address:
        pass
    nothing = await groq.send(make_request(Account(f"http://{address}", "gsk_key"), PAYLOAD, 5))
    assert (nothing.reason, nothing.sent) == (NoResponseReason.CONNECTION_REFUSED, False)
    assert nothing.message.startswith(f"Cannot connect to host {address}")


async def test_unknown_host_sends_nothing(groq):
    nothing = await groq.send(make_request(Account("http://nohost.invalid", "gsk_key"), PAYLOAD, 5))
    assert (nothing.reason, nothing.sent) == (NoResponseReason.DNS_FAILURE, False)
    assert "nohost.invalid" in nothing.message


async def test_failed_tls_handshake_sends_nothing(groq):
    async def speak_plainly(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    nothing = await post(groq, speak_plainly, scheme="https")
    assert (nothing.reason, nothing.sent) == (NoResponseReason.TLS_FAILURE, False)


async def test_connect_timeout_sends_nothing(groq, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for queued in waiting:
            queued.setblocking(False)  # noqa: FBT003 -- the socket's own interface
            queued.connect_ex(address)
        nothing = await groq.send(make_request(Account(f"http://127.0.0.1:{address[1]}", "gsk_key"), PAYLOAD, 5))
        for queued in waiting:
            queued.close()
    assert (nothing.reason, nothing.sent) == (NoResponseReason.CONNECT_TIMEOUT, False)


def test_other_network_error_may_have_sent_the_request():
    assert classify_network_error(aiohttp.ClientOSError(104, "reset")) == (NoResponseReason.CONNECTION_RESET, True)


async def test_connections_are_not_limited_by_a_pool(groq):
    calls, all_are_here = 0, asyncio.Event()

    async def answer_when_all_have_asked(reader, writer):
        nonlocal calls
        await read_request(reader)
        calls += 1
        if calls == 120:
            all_are_here.set()
        await all_are_here.wait()
        writer.write(http(b"{}"))
        await writer.drain()

    async with serving(answer_when_all_have_asked) as address:
        answers = await asyncio.gather(*(groq.send(make_request(Account(f"http://{address}", "k"), PAYLOAD, 5)) for _ in range(120)))
    assert {answer.text for answer in answers} == {"{}"}


async def test_cancelled_request_ends_at_once(groq):
    async with serving(never_answer) as address:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(groq.send(make_request(Account(f"http://{address}", "k"), PAYLOAD, 60)), 0.05)


async def test_cookie_of_a_response_is_not_sent(groq):
    heads = []

    async def serve(reader, writer):
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: of=one\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()

    async with serving(serve) as address:
        account = Account(f"http://{address.replace('127.0.0.1', 'localhost')}", "gsk_the_key_of_the_test")
        for _ in range(2):
            assert isinstance(await groq.send(make_request(account, PAYLOAD, 10)), Response)
    assert "cookie" not in heads[1].lower()
