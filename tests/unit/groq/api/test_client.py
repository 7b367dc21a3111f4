"""One request to Groq over real sockets: its result, and whether Groq may have billed it."""

import asyncio
import gzip
import json
import re
import socket
from contextlib import aclosing, asynccontextmanager
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
async def groq_client():
    groq_client = HttpGroqClient()
    yield groq_client
    await groq_client.aclose()


@asynccontextmanager
async def running_server(serve):
    """A server that calls `serve` for each connection; it and all its connections end with the block."""
    writers, tasks = [], []

    async def serve_connection(reader, writer):
        writers.append(writer)
        tasks.append(asyncio.ensure_future(serve(reader, writer)))
        await tasks[-1]

    server = await asyncio.start_server(serve_connection, "127.0.0.1", 0, backlog=512)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    return head.decode(), await reader.readexactly(len(CONTENT))


def respond_with(data, *, then_close=True):
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(data)
        await writer.drain()
        if then_close:
            writer.close()

    return serve


def http_response(body, *headers, status="200 OK", length=None):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def send_to(serve, groq_client, scheme="http", timeout=5.0):
    async with running_server(serve) as address:
        return await groq_client.send(
            make_request(Account(f"{scheme}://{address}/openai/v1", "gsk_key"), PAYLOAD, timeout)
        )


async def test_client_sends_headers_and_body(groq_client):
    requests = []

    async def serve(reader, writer):
        requests.append(await read_request(reader))
        writer.write(http_response(json.dumps(REPLY).encode(), "X-Request-Id: req_7"))
        await writer.drain()

    response = await send_to(serve, groq_client)

    [(head, body)] = requests
    request_line, *lines = head.strip().lower().split("\r\n")
    assert request_line == "post /openai/v1/chat/completions http/1.1"
    assert {
        "authorization: bearer gsk_key",
        "content-type: application/json",
        "accept: application/json",
        f"user-agent: catalyst-groq-worker/{__version__}",
    } <= set(lines)
    assert body == CONTENT
    assert isinstance(response, Response)
    assert response.body == REPLY
    assert response.headers["x-request-id"] == "req_7"
    assert response.seconds > 0


async def test_client_sends_no_authorization_without_a_key(groq_client):
    requests = []

    async def serve(reader, writer):
        requests.append(await read_request(reader))
        writer.write(http_response(json.dumps(REPLY).encode()))
        await writer.drain()

    async with running_server(serve) as address:
        await groq_client.send(make_request(Account(f"http://{address}/v1", ""), PAYLOAD, 5))

    assert "authorization" not in requests[0][0].lower()


def endless(head, block):
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(block)
            await writer.drain()

    return serve


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
ZIPPED = gzip.compress(b"a" * 5_000_000)
TOO_LARGE = {
    "endless chunks": endless(CHUNKED + b"\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
    "endless line": endless(CHUNKED + b"Content-Type: text/event-stream\r\n\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
    "endless body": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 4096),
    "declared length": respond_with(http_response(b"{", length=10**10), then_close=False),
    "compressed": respond_with(http_response(ZIPPED, "Content-Encoding: gzip")),
    "an error": respond_with(http_response(b"a" * 2_000_000, status="500 Internal Server Error")),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
async def test_response_larger_than_its_bound_is_invalid(kind):
    async with aclosing(HttpGroqClient(max_response_bytes=1_000_000)) as groq_client:
        result = await send_to(TOO_LARGE[kind], groq_client)

    assert (result.reason, result.sent) == (NoResponseReason.INVALID_RESPONSE, True)
    assert re.fullmatch(
        r"the response of http://127\.0\.0\.1:\d+ is larger than 1,000,000 bytes \(CATALYST_MAX_RESPONSE_BYTES\)",
        result.message,
    )


@pytest.mark.parametrize("size", [999_999, 1_000_000])
async def test_response_of_its_bound_is_read(size):
    async with aclosing(HttpGroqClient(max_response_bytes=1_000_000)) as groq_client:
        body = gzip.compress(b"a" * size)
        response = await send_to(respond_with(http_response(body, "Content-Encoding: gzip")), groq_client)

    assert response.content == b"a" * size


async def test_headers_without_end_are_invalid(groq_client):
    result = await send_to(endless(b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"a" * 1000 + b"\r\n"), groq_client)

    assert (result.reason, result.sent) == (NoResponseReason.INVALID_RESPONSE, True)


async def test_body_compressed_twice_is_not_decompressed_twice(groq_client):
    body = gzip.compress(gzip.compress(b"a" * 5_000_000))
    response = await send_to(respond_with(http_response(body, "Content-Encoding: gzip, gzip")), groq_client)

    assert len(response.content) < 10_000


async def test_key_in_a_response_is_masked():
    groq_client = HttpGroqClient(mask=lambda value: json.loads(json.dumps(value).replace("gsk_key", "***")))
    body = json.dumps({"key": "gsk_key"}).encode()
    stream = b'data: {"choices": [{"index": 0, "delta": {"content": "gsk_"}}]}\n\n'
    stream += b'data: {"choices": [{"index": 0, "delta": {"content": "key"}, "finish_reason": "stop"}]}\n\n'
    responses = [
        await send_to(respond_with(http_response(body, "X-Echo: gsk_key")), groq_client),
        await send_to(respond_with(http_response(stream, EVENT_STREAM)), groq_client),
        await send_to(respond_with(b"gsk_key\r\n\r\n"), groq_client),
    ]
    await groq_client.aclose()

    assert [("***" in repr(response), "gsk_key" in repr(response)) for response in responses] == [(True, False)] * 3


@pytest.mark.parametrize(
    "status", ["302 Found", "401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"]
)
async def test_client_returns_any_status_and_follows_no_redirect(groq_client, status):
    response = await send_to(
        respond_with(http_response(b"no", "Location: http://127.0.0.1:1/", status=status)), groq_client
    )
    assert (response.status, response.text) == (int(status[:3]), "no")


async def test_compressed_response_is_decompressed(groq_client):
    response = await send_to(
        respond_with(http_response(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip")), groq_client
    )
    assert response.body == {"a": 1}


async def test_invalid_utf_8_in_a_response_is_replaced(groq_client):
    response = await send_to(
        respond_with(http_response(b'{"a": "\xff"}', "Content-Type: application/json; charset=nonsense")), groq_client
    )
    assert response.body == {"a": "\N{REPLACEMENT CHARACTER}"}


async def reset_at_once(_, writer):
    writer.transport.abort()


async def reset_after_reading(reader, writer):
    await read_request(reader)
    writer.transport.abort()


async def never_respond(reader, _):
    await reader.read()
    await asyncio.Event().wait()


EVENT_STREAM = "Content-Type: text/event-stream"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n'
FAULTS = {
    "reset before the request is read": (reset_at_once, NoResponseReason.CONNECTION_RESET, True),
    "reset after the request is read": (reset_after_reading, NoResponseReason.CONNECTION_RESET, True),
    "closed after the request is read": (respond_with(b""), NoResponseReason.CONNECTION_RESET, True),
    "head cut": (respond_with(b"HTTP/1.1 200 OK\r\nContent-Le"), NoResponseReason.CONNECTION_RESET, True),
    "body cut": (respond_with(http_response(b'{"id": "chat', length=500)), NoResponseReason.INCOMPLETE_RESPONSE, True),
    "chunk cut": (
        respond_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        NoResponseReason.INCOMPLETE_RESPONSE,
        True,
    ),
    "another protocol": (respond_with(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), NoResponseReason.INVALID_RESPONSE, True),
    "broken compression": (
        respond_with(http_response(b"hello", "Content-Encoding: gzip")),
        NoResponseReason.INVALID_RESPONSE,
        True,
    ),
    "stream without its end": (
        respond_with(http_response(EVENT, EVENT_STREAM)),
        NoResponseReason.INCOMPLETE_RESPONSE,
        True,
    ),
    "stream of something else": (
        respond_with(http_response(b"data: <html>\n\n", EVENT_STREAM)),
        NoResponseReason.INVALID_RESPONSE,
        True,
    ),
    "no response": (never_respond, NoResponseReason.TIMEOUT, True),
    "half a body, then nothing": (
        respond_with(http_response(b"{", length=500), then_close=False),
        NoResponseReason.TIMEOUT,
        True,
    ),
}


@pytest.mark.parametrize(("serve", "reason", "sent"), FAULTS.values(), ids=FAULTS)
async def test_broken_connection_gives_a_reason_and_may_be_sent(groq_client, serve, reason, sent):
    result = await send_to(serve, groq_client, timeout=0.3 if reason is NoResponseReason.TIMEOUT else 5)
    assert isinstance(result, NoResponse)
    assert (result.reason, result.sent) == (reason, sent)
    assert result.message
    assert "\n" not in result.message
    assert result.seconds < 5


async def test_timeout_message_gives_the_seconds(groq_client):
    assert (await send_to(never_respond, groq_client, timeout=0.1)).message == "nothing within 0.1 s"


async def test_refused_connection_sends_nothing(groq_client):
    async with running_server(never_respond) as address:
        pass
    result = await groq_client.send(make_request(Account(f"http://{address}", "gsk_key"), PAYLOAD))
    assert (result.reason, result.sent) == (NoResponseReason.CONNECTION_REFUSED, False)
    assert result.message.startswith(f"Cannot connect to host {address}")


async def test_unknown_host_sends_nothing(groq_client):
    result = await groq_client.send(make_request(Account("http://nohost.invalid", "gsk_key"), PAYLOAD))
    assert (result.reason, result.sent) == (NoResponseReason.DNS_FAILURE, False)
    assert "nohost.invalid" in result.message


async def test_failed_tls_handshake_sends_nothing(groq_client):
    async def respond_without_tls(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    result = await send_to(respond_without_tls, groq_client, scheme="https")
    assert (result.reason, result.sent) == (NoResponseReason.TLS_FAILURE, False)


async def test_connect_timeout_sends_nothing(groq_client, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        sockets = [socket.socket() for _ in range(4)]
        for queued in sockets:
            queued.setblocking(False)  # noqa: FBT003 -- the socket's own interface
            queued.connect_ex(address)
        result = await groq_client.send(make_request(Account(f"http://127.0.0.1:{address[1]}", "gsk_key"), PAYLOAD))
        for queued in sockets:
            queued.close()
    assert (result.reason, result.sent) == (NoResponseReason.CONNECT_TIMEOUT, False)


def test_other_network_error_may_have_sent_the_request():
    assert classify_network_error(aiohttp.ClientOSError(104, "reset")) == (NoResponseReason.CONNECTION_RESET, True)


async def test_connections_are_not_limited_by_a_pool(groq_client):
    count, all_are_connected = 0, asyncio.Event()

    async def respond_when_all_are_connected(reader, writer):
        nonlocal count
        await read_request(reader)
        count += 1
        if count == 120:
            all_are_connected.set()
        await all_are_connected.wait()
        writer.write(http_response(b"{}"))
        await writer.drain()

    async with running_server(respond_when_all_are_connected) as address:
        request = make_request(Account(f"http://{address}", "k"), PAYLOAD)
        responses = await asyncio.gather(*(groq_client.send(request) for _ in range(120)))
    assert {response.text for response in responses} == {"{}"}


async def test_cancelled_request_ends_at_once(groq_client):
    async with running_server(never_respond) as address:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(groq_client.send(make_request(Account(f"http://{address}", "k"), PAYLOAD, 60)), 0.05)


async def test_cookie_of_a_response_is_not_sent(groq_client):
    heads = []

    async def serve(reader, writer):
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: session=1\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()

    async with running_server(serve) as address:
        account = Account(f"http://{address.replace('127.0.0.1', 'localhost')}", "gsk_the_key_of_the_test")
        for _ in range(2):
            assert isinstance(await groq_client.send(make_request(account, PAYLOAD, 10)), Response)
    assert "cookie" not in heads[1].lower()
