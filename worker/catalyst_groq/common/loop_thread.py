"""An event loop in a thread of its own, for programs that have none, or whose own one must not wait."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")

CLOSING_TIMEOUT_SECONDS = 10.0
"""How long the thread that closes a loop waits for what runs there."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a loop of uvloop if it is installed: that halves the worker's own CPU time per task."""
    try:
        import uvloop  # noqa: PLC0415 -- not on each platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class LoopThread(Generic[S]):
    """Opens a service on an event loop in a daemon thread, and runs coroutines beside it. For any thread.

    What opening raises is raised by the constructor.
    """

    def __init__(self, open_service: Callable[[], AbstractAsyncContextManager[S]], name: str) -> None:
        self._loop = new_event_loop()
        self._stopped = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        opened: Future[S] = Future()
        self._thread = threading.Thread(target=self._run, args=(open_service, opened), name=name, daemon=True)
        self._thread.start()
        self.service = opened.result()

    @property
    def is_open(self) -> bool:
        """Whether it takes coroutines."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop. Cancelling the result cancels the coroutine."""
        return asyncio.run_coroutine_threadsafe(self._track(work), self._loop)

    def cancel_work(self) -> None:
        """Cancel what runs, and wait until it has ended. At the end of a program this is possible, `close` is not."""
        if self._thread.is_alive():
            with suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(CLOSING_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Cancel what runs, close the service, and wait until the thread has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(CLOSING_TIMEOUT_SECONDS)

    async def _track(self, work: Coroutine[Any, Any, T]) -> T:
        current = asyncio.current_task()
        assert current is not None  # noqa: S101 -- a coroutine that was submitted is a task
        self._running.add(current)
        try:
            return await work
        finally:
            self._running.discard(current)

    async def _cancel(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _run(self, open_service: Callable[[], AbstractAsyncContextManager[S]], opened: "Future[S]") -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(open_service, opened))

    async def _serve(self, open_service: Callable[[], AbstractAsyncContextManager[S]], opened: "Future[S]") -> None:
        try:
            async with open_service() as service:
                opened.set_result(service)
                await self._stopped.wait()
                await self._cancel()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)
