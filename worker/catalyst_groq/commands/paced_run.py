"""Changes in the engine, one by one: at a bounded rate, with progress, and with a stop between two of them."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from catalyst_groq.common.pace import Pace
from catalyst_groq.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost

T = TypeVar("T")
MAX_CONFLICTS = 3
"""Attempts of one change that others in the engine stand in the way of."""

GONE = "it is gone: it has ended meanwhile, or was cancelled"


@dataclass(slots=True)
class PacedResult(Generic[T]):
    """What became of the changes. Those that are in neither list were not begun."""

    done: list[T] = field(default_factory=list)
    refused: list[tuple[T, str]] = field(default_factory=list)
    """What the engine refused, and why."""
    is_interrupted: bool = False
    unreachable: str = ""
    """Why the engine could not be reached, which has ended the run."""


async def run_paced(
    items: Sequence[T], change: Callable[[T], Awaitable[None]], per_second: float, on_progress: Callable[[], None]
) -> PacedResult[T]:
    """Apply a change to each item, at most `per_second` of them. Ctrl-C lets the current one end, and is reported."""
    result = PacedResult[T]()
    pace = Pace(per_second)
    with _stop_on_interrupt() as stopping:
        for item in items:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pace.reserve())
            if stopping.is_set():
                result.is_interrupted = True
                break
            try:
                await repeat_on_conflict(partial(change, item))
            except EngineUnreachable as error:
                result.unreachable = str(error)
                break
            except EngineRefused as error:
                result.refused.append((item, describe_refusal(error)))
            else:
                result.done.append(item)
            on_progress()
    return result


async def repeat_on_conflict(change: Callable[[], Awaitable[None]]) -> None:
    """Make a change, up to `MAX_CONFLICTS` times while others in the engine stand in its way."""
    for attempts_left in reversed(range(MAX_CONFLICTS)):
        try:
            return await change()
        except EngineConflict:
            if not attempts_left:
                raise
    return None


def describe_refusal(refusal: EngineRefused) -> str:
    """Return why the engine refused a change."""
    return GONE if isinstance(refusal, TaskLost) else refusal.message


@contextmanager
def _stop_on_interrupt() -> Iterator[asyncio.Event]:
    """Return an event that the first Ctrl-C sets; the second one interrupts at once."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)

    with suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield stopping
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
