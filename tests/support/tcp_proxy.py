"""A TCP proxy between a worker and its engine: a test cuts the network, or holds back one request or its answer."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal

HOST = "127.0.0.1"
CHUNK = 65_536


class Proxy:
    """`held` is set once the request, or its answer, has come that is held back. For any thread."""

    def __init__(self, target_port):
        self.held = threading.Event()
        self._target_port = target_port
        self._request = self._answer = None
        self._is_cut = False
        self._connections = set()

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

    def hold_request(self, path):
        """Keep the next request whose path ends so from the engine."""
        self._request = path.encode() + b" HTTP"

    def hold_answer(self, path):
        """Keep the answer to the next request whose path ends so from the worker; the engine has done its part then."""
        self._answer = path.encode() + b" HTTP"

    def cut(self):
        """Break all connections, with what is held back on them, and let none through."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self):
        """Let everything through again."""
        self._is_cut, self._request, self._answer = False, None, None
        self.held.clear()

    def _drop(self):
        for connection in self._connections:
            connection.cancel()

    def _serve(self, worker_reader, worker_writer):
        connection = asyncio.ensure_future(self._join(worker_reader, worker_writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(lambda _: worker_writer.transport.abort())

    async def _join(self, worker_reader, worker_writer):
        if self._is_cut:
            return
        try:
            engine_reader, engine_writer = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            return
        silenced = asyncio.Event()
        ways = [
            asyncio.ensure_future(self._requests(worker_reader, engine_writer, silenced)),
            asyncio.ensure_future(self._answers(engine_reader, worker_writer, silenced)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            engine_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self, reader, writer, silenced):
        while chunk := await reader.read(CHUNK):
            if self._request and self._request in chunk:
                await self._hold()
            if self._answer and self._answer in chunk:
                silenced.set()
            writer.write(chunk)
            await writer.drain()

    async def _answers(self, reader, writer, silenced):
        while chunk := await reader.read(CHUNK):
            if silenced.is_set():
                await self._hold()
            writer.write(chunk)
            await writer.drain()

    async def _hold(self):
        self.held.set()
        await asyncio.Event().wait()


@contextmanager
def running_proxy(target_port):
    """Run a proxy in a thread of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Proxy(target_port).serving()) as proxy:
        yield proxy
