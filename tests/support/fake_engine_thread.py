"""A fake engine on an event loop of its own, for tests that block theirs."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from support.engine_backends import FakeEngineBackend
from support.fake_engine import FakeEngine

T = TypeVar("T")


class FakeEngineThread(FakeEngineBackend):
    """Tasks of a fake engine that runs in another thread."""

    def __init__(self, engine: FakeEngine, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(engine)
        self._loop = loop

    async def create_task(self, topic, **kind):
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(super().create_task(topic, **kind), self._loop)
        )

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the engine's thread, and block until it has ended."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


@contextmanager
def running_fake_engine_thread() -> Iterator[FakeEngineThread]:
    """Run a fake engine in a thread for as long as the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake engine")
    thread.start()
    backend = FakeEngineThread(FakeEngine(), loop)
    try:
        backend.run(backend.engine.start())
        yield backend
        backend.run(backend.engine.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
