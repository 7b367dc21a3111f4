"""Steps of shared queues, several in one call when they come faster than Redis answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

MAX_BATCH_STEPS = 50
"""Of one call: Redis does nothing else meanwhile."""

Step = Mapping[str, Any]
Result = Mapping[str, Any]
RunSteps = Callable[[str, Sequence[Step]], Awaitable[Sequence[Result]]]
"""Runs steps of the queue of that name in their order; returns a result for each."""


class StepBatches:
    """At most one call per queue at a time. Steps that come meanwhile go together in the next one.

    So a worker needs one connection for each queue, and fewer round trips the slower Redis is.
    """

    def __init__(self, run_steps: RunSteps) -> None:
        self._run_steps = run_steps
        self._pending: dict[str, list[tuple[Step, asyncio.Future[Result]]]] = {}
        """By queue, the steps that wait for a call; a queue without a call under way has no entry."""
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self, name: str, step: Step) -> Result:
        """Return the result of a step of a queue. Raises the error of its call."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if name in self._pending:
            self._pending[name].append((step, result))
        else:
            self._pending[name] = [(step, result)]
            call = asyncio.create_task(self._run_pending(name))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return await result

    async def _run_pending(self, name: str) -> None:
        """Run the steps of a queue until none is left. When a call fails, so do those that wait for the next one."""
        pending = self._pending[name]
        batch: list[tuple[Step, asyncio.Future[Result]]] = []
        try:
            while batch := _take(pending):
                results = await self._run_steps(name, [step for step, _ in batch])
                for (_, waiting), result in zip(batch, results, strict=True):
                    if not waiting.done():
                        waiting.set_result(result)
        except Exception as error:  # noqa: BLE001 -- the callers handle it
            for _, waiting in [*batch, *pending]:
                if not waiting.done():
                    waiting.set_exception(error)
        finally:
            del self._pending[name]


def _take(pending: list[tuple[Step, asyncio.Future[Result]]]) -> list[tuple[Step, asyncio.Future[Result]]]:
    """Remove and return the next steps, without those whose callers were cancelled."""
    batch: list[tuple[Step, asyncio.Future[Result]]] = []
    while pending and len(batch) < MAX_BATCH_STEPS:
        step, waiting = pending.pop(0)
        if not waiting.done():
            batch.append((step, waiting))
    return batch
