"""Broken connections to Groq: their reason, and whether Groq may have billed the request."""

import socket

import aiohttp
import pytest

from catalyst_groq.groq.api import client
from catalyst_groq.groq.api.client import classify_network_error
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from support.groq_clients import make_request
from support.groq_server import (
    EVENT_STREAM,
    PAYLOAD,
    http_response,
    never_respond,
    read_request,
    respond_with,
    running_server,
    send_to,
)

pytestmark = pytest.mark.anyio


async def reset_at_once(_, writer):
    writer.transport.abort()


async def reset_after_reading(reader, writer):
    await read_request(reader)
    writer.transport.abort()


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
        NoResponseReason.UNREADABLE,
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


@pytest.mark.slow
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
