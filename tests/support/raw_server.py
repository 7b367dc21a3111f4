"""A server that sends any bytes, in a thread: what other servers than Groq send, and what networks make of it."""

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from anyio.from_thread import start_blocking_portal

API_PATH = "/openai/v1"
MAX_HEAD_BYTES = 2**20
PROXY = "proxy"
"""The name under which requests to a proxy are counted."""


class Ending(Enum):
    """What happens to the connection instead of being closed."""

    KEEP_OPEN = "it stays open until the client closes it"
    RESET = "it is reset"


Step = bytes | float | Ending
"""Bytes to send, seconds to wait, or the end of the connection."""

Answer = bytes | Sequence[Step]


class Received(NamedTuple):
    """A request: how many there were under its name, with it; its body, and the seconds since the one before."""

    number: int
    content: bytes
    seconds_since_last: float

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.content)


@dataclass(slots=True)
class Exchange:
    """One request and what was sent for it."""

    name: str
    head: str
    content: bytes
    sent: bytes
    moment: float = field(default_factory=time.monotonic)


Respond = Callable[[str, Received], Answer]


@dataclass
class RawServer:
    """Answers each request by the name in its path, `/openai/v1/NAME/…`; `exchanges` are in their order."""

    respond: Respond
    exchanges: list[Exchange] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{API_PATH}"

    def exchanges_of(self, name: str) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.name == name]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            content = await _read_body(reader, head)
            await self._answer(_name_of(head), head, content, reader, writer)
        writer.close()

    async def _answer(
        self, name: str, head: str, content: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        earlier = self.exchanges_of(name)
        since = time.monotonic() - earlier[-1].moment if earlier else 0.0
        answer = self.respond(name, Received(len(earlier) + 1, content, since))
        steps = [answer] if isinstance(answer, bytes) else answer
        sent = b"".join(step for step in steps if isinstance(step, bytes))
        self.exchanges.append(Exchange(name, head, content, sent))
        for step in steps:
            await _take(step, reader, writer)


async def _take(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match step:
        case bytes():
            writer.write(step)
            await writer.drain()
        case Ending.KEEP_OPEN:
            await reader.read()
        case Ending.RESET:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        case _:
            await asyncio.sleep(step)


def _name_of(head: str) -> str:
    method, target = head.split(" ")[:2]
    if method == "CONNECT" or target.startswith("http://"):
        return PROXY
    return target.removeprefix(API_PATH).strip("/").split("/")[0]


async def _read_body(reader: asyncio.StreamReader, head: str) -> bytes:
    if length := re.search(r"(?im)^content-length: *(\d+)", head):
        return await reader.readexactly(int(length[1]))
    body = b""
    if re.search(r"(?im)^transfer-encoding: *chunked", head):
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return body


@contextmanager
def running_raw_server(respond: Respond) -> Iterator[RawServer]:
    """Run a server until the block ends; its connections end with it."""
    raw = RawServer(respond)

    @asynccontextmanager
    async def listen():
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader, writer):
            task = asyncio.current_task()
            tasks.add(task)
            try:
                await raw.serve(reader, writer)
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES, backlog=512)
        raw.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(listen()):
        yield raw
