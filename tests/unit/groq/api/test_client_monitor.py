"""What the client tells the monitor of unresponsive endpoints, over real sockets."""

import asyncio
from contextlib import aclosing, asynccontextmanager

import pytest

from catalyst_groq.groq.api import unresponsive_endpoints
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.unresponsive_endpoints import ResponseMonitor
from support.groq_clients import make_request
from support.groq_server import (
    EVENT_STREAM,
    PAYLOAD,
    http_response,
    never_respond,
    read_request,
    respond_with,
    running_server,
)

pytestmark = pytest.mark.anyio
WAIT_SECONDS = 0.1


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch):
    monkeypatch.setattr(unresponsive_endpoints, "MIN_WAIT_SECONDS", WAIT_SECONDS)
    monkeypatch.setattr(unresponsive_endpoints, "TIMEOUT_SHARE", 0.0)


@asynccontextmanager
async def sending(serve, timeout=30.0):
    """Send a request; yields the monitor and the task that waits for the response."""
    monitor = ResponseMonitor()
    async with running_server(serve) as address, aclosing(HttpGroqClient(monitor=monitor)) as client:
        sent = asyncio.create_task(client.send(make_request(Account(f"http://{address}/v1", "k"), PAYLOAD, timeout)))
        yield monitor, sent
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)


def names(monitor):
    return [name for name, seconds in monitor.unresponsive_seconds().items() if seconds]


async def test_client_shows_a_server_that_never_responds():
    async with sending(never_respond) as (monitor, _), asyncio.timeout(10):
        while names(monitor) != ["groq"]:  # noqa: ASYNC110 -- a state, not an event
            await asyncio.sleep(WAIT_SECONDS / 10)


@pytest.mark.parametrize("end", ["timeout", "cancelled"])
async def test_client_ends_a_request_without_a_response(end):
    async with sending(never_respond, timeout=WAIT_SECONDS / 10 if end == "timeout" else 30) as (monitor, sent):
        await asyncio.sleep(WAIT_SECONDS / 5)
        if end == "cancelled":
            sent.cancel()
        await asyncio.wait([sent])
        await asyncio.sleep(WAIT_SECONDS)
        assert names(monitor) == []


async def test_client_shows_a_response_at_its_first_bytes():
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(http_response(b"data: ", EVENT_STREAM, length=1000))
        await writer.drain()
        await asyncio.Event().wait()

    async with sending(serve) as (monitor, sent):
        async with asyncio.timeout(10):
            while not monitor.unresponsive_seconds():  # noqa: ASYNC110 -- a state, not an event
                await asyncio.sleep(0)
        await asyncio.sleep(WAIT_SECONDS)
        assert names(monitor) == []
        assert not sent.done(), "it is being received"


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
async def test_client_shows_any_response(status):
    async with sending(respond_with(http_response(b"{}", status=status))) as (monitor, sent):
        await sent
        waiting = monitor.begin("groq", 1)
        assert waiting.sent_at - monitor._endpoints["groq"].last_response < WAIT_SECONDS
        assert monitor._endpoints["groq"].receiving == 0
