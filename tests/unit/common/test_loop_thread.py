"""An event loop in a thread of its own."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from catalyst_groq.common.loop_thread import LoopThread


@asynccontextmanager
async def service(events):
    events.append("opened")
    yield threading.current_thread().name
    events.append("closed")


def test_loop_thread_runs_coroutines_beside_its_service():
    events: list[str] = []
    thread = LoopThread(lambda: service(events), "beside")

    async def name():
        return threading.current_thread().name

    assert thread.submit(name()).result(5) == thread.service == "beside"
    thread.close()
    thread.close()
    assert events == ["opened", "closed"]
    assert not thread.is_open


def test_loop_thread_raises_what_opening_raises():
    @asynccontextmanager
    async def refused():
        raise ValueError("no port")
        yield

    with pytest.raises(ValueError, match="no port"):
        LoopThread(refused, "refused")


def test_loop_thread_cancels_what_runs_before_it_closes():
    events: list[str] = []
    thread, started = LoopThread(lambda: service(events), "closing"), threading.Event()

    async def work():
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            events.append("unlocked")
            raise

    result = thread.submit(work())
    started.wait(5)
    thread.close()

    assert result.cancelled()
    assert events == ["opened", "unlocked", "closed"]
