"""A server in Groq's place that responds with any bytes."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

from catalyst_groq.groq.api.requests import Account
from support.groq_clients import make_request

PAYLOAD: dict[str, Any] = {"messages": []}
CONTENT = b'{"messages":[]}'


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
            make_request(Account(f"{scheme}://{address}/openai/v1", "gsk_key7"), PAYLOAD, timeout)
        )


async def never_respond(reader, _):
    await reader.read()
    await asyncio.Event().wait()


EVENT_STREAM = "Content-Type: text/event-stream"
