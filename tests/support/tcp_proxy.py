"""A TCP proxy between a worker and its engine: a test cuts the network, or blocks one request or its response."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal

HOST = "127.0.0.1"
CHUNK = 65_536


class Proxy:
    """`blocked` is set once the request or the response that is to be blocked has arrived. Thread-safe."""

    def __init__(self, target_port):
        self.blocked = threading.Event()
        self._target_port = target_port
        self._request: bytes | None = None
        self._response: bytes | None = None
        self._is_cut = False
        self._connections: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def serving(self):
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self._drop()
            await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def rest_url(self):
        return f"http://{HOST}:{self.port}/engine-rest"

    def block_request(self, path):
        """Keep the next request whose path ends with `path` from the engine."""
        self._request = path.encode() + b" HTTP"

    def block_response(self, path):
        """Keep the response to the next request whose path ends with `path` from the worker; the engine has done it."""
        self._response = path.encode() + b" HTTP"

    def cut(self):
        """Break all connections, with the blocked data on them, and accept no new ones."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop)

    def restore(self):
        """Let all data pass again."""
        self._is_cut, self._request, self._response = False, None, None
        self.blocked.clear()

    def _drop(self):
        for connection in self._connections:
            connection.cancel()

    def _serve(self, worker_reader, worker_writer):
        connection = asyncio.ensure_future(self._forward(worker_reader, worker_writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(lambda _: worker_writer.transport.abort())

    async def _forward(self, worker_reader, worker_writer):
        if self._is_cut:
            return
        try:
            engine_reader, engine_writer = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            return
        is_silent = asyncio.Event()
        directions = [
            asyncio.ensure_future(self._forward_requests(worker_reader, engine_writer, is_silent)),
            asyncio.ensure_future(self._forward_responses(engine_reader, worker_writer, is_silent)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            engine_writer.transport.abort()
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _forward_requests(self, reader, writer, is_silent):
        while chunk := await reader.read(CHUNK):
            if self._request and self._request in chunk:
                await self._block()
            if self._response and self._response in chunk:
                is_silent.set()
            writer.write(chunk)
            await writer.drain()

    async def _forward_responses(self, reader, writer, is_silent):
        while chunk := await reader.read(CHUNK):
            if is_silent.is_set():
                await self._block()
            writer.write(chunk)
            await writer.drain()

    async def _block(self):
        self.blocked.set()
        await asyncio.Event().wait()


@contextmanager
def running_proxy(target_port):
    """Run a proxy in a thread of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Proxy(target_port).serving()) as proxy:
        yield proxy
