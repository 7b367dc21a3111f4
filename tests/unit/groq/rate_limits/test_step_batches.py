"""Steps that come while a call is under way go together in the next one."""

import asyncio

import pytest

from catalyst_groq.groq.rate_limits import step_batches
from catalyst_groq.groq.rate_limits.step_batches import StepBatches

pytestmark = pytest.mark.anyio


class Calls:
    """Records the calls; each waits until `release()`, and returns the steps as results or raises `error`."""

    def __init__(self):
        self.batches = []
        self.error = None
        self._released = asyncio.Semaphore(0)

    async def run(self, name, steps):
        self.batches.append((name, [step["number"] for step in steps]))
        await self._released.acquire()
        if self.error:
            raise self.error
        return steps

    def release(self, count=1):
        for _ in range(count):
            self._released.release()


async def start(batches, *numbers, name="queue"):
    """Start a step of each number; return their tasks when all have come."""
    tasks = [asyncio.create_task(batches.run(name, {"number": number})) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_step_batches_join_steps_that_come_during_a_call():
    calls = Calls()
    batches = StepBatches(calls.run)
    tasks = await start(batches, 1)
    tasks += await start(batches, 2, 3)
    calls.release(2)

    assert [result["number"] for result in await asyncio.gather(*tasks)] == [1, 2, 3]
    assert calls.batches == [("queue", [1]), ("queue", [2, 3])]


async def test_step_batches_of_another_queue_do_not_wait():
    calls = Calls()
    batches = StepBatches(calls.run)
    tasks = await start(batches, 1) + await start(batches, 2, name="other")
    assert calls.batches == [("queue", [1]), ("other", [2])]
    calls.release(2)
    await asyncio.gather(*tasks)


async def test_step_batches_are_bounded(monkeypatch):
    monkeypatch.setattr(step_batches, "MAX_BATCH_STEPS", 2)
    calls = Calls()
    batches = StepBatches(calls.run)
    tasks = await start(batches, 1)
    tasks += await start(batches, 2, 3, 4)
    calls.release(3)
    await asyncio.gather(*tasks)
    assert [numbers for _, numbers in calls.batches] == [[1], [2, 3], [4]]


async def test_step_batches_leave_out_cancelled_steps():
    calls = Calls()
    batches = StepBatches(calls.run)
    tasks = await start(batches, 1)
    cancelled, other = await start(batches, 2, 3)
    cancelled.cancel()
    calls.release(2)

    assert (await other)["number"] == 3
    assert [numbers for _, numbers in calls.batches] == [[1], [3]]
    await asyncio.gather(*tasks)


async def test_step_batches_fail_together_and_start_anew():
    calls = Calls()
    batches = StepBatches(calls.run)
    tasks = await start(batches, 1)
    tasks += await start(batches, 2)
    calls.error = ConnectionError("gone")
    calls.release()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in results] == ["gone", "gone"]
    assert len(calls.batches) == 1, "the second one does not wait for another failure"

    calls.error = None
    tasks = await start(batches, 3)
    calls.release()
    assert [result["number"] for result in await asyncio.gather(*tasks)] == [3]
