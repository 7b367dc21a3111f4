"""The measurements: one contender, alone at work, on tasks prepared beforehand."""

import random
import time
from dataclasses import dataclass

from bench.client_under_test import AtWork, Contender, at_work
from bench.environment import Batch, Process, Stage
from bench.figures import Load, Measured, rate

AT_ONCE = 50
SLOW = 0.5
"""Seconds the stub takes, in the second measurement."""

SETTLED = 6.0
"""Seconds from a contender's start to its measurement: this worker looks for leftovers of an earlier life for 5 s."""

PATIENCE = 120.0
SINGLE_PATIENCE = 30.0
SINGLES_SECONDS = 15.0
"""Where single instances take seconds each, as many as fit into this are enough."""

GAPS = (0.05, 0.15)
"""Seconds between single instances; they vary, so that no contender's rhythm is hit or missed."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: `share` of each contender's tasks, and so many single instances."""

    share: float
    singles: int

    def of(self, tasks: int) -> int:
        """Return the tasks of a batch."""
        return max(4, round(tasks * self.share))


def measure(stage: Stage, contender: Contender, sizes: Sizes) -> Measured:
    """Measure one contender once, in all respects."""
    stage.stub.begin(0)
    instant, slow = sizes.of(contender.instant), sizes.of(contender.slow)
    with stage.process() as process, at_work(contender.command, stage, process, at_once=AT_ONCE) as working:
        ready = time.monotonic() + SETTLED
        warm_up(process, working, contender.warm_up)
        batches = process.prepare(instant), process.prepare(slow)
        time.sleep(max(0.0, ready - time.monotonic()))
        at_full_speed = carry(stage, working, batches[0], AT_ONCE, delay=0)
        waiting = carry(stage, working, batches[1], AT_ONCE, delay=SLOW)
        added = singles(stage, process, working, sizes.singles)
        return Measured(at_full_speed.rate, at_full_speed.cpu, waiting.rate, waiting.cpu, added, working.peak_mb)


def warm_up(process: Process, working: AtWork, size: int) -> None:
    """Let connections, caches and just-in-time compilers settle."""
    batch = process.prepare(size)
    batch.release()
    batch.await_end(PATIENCE, working.look)


def carry(stage: Stage, working: AtWork, batch: Batch, at_once: int, delay: float) -> Load:
    """Release a batch and measure until its last instance has ended."""
    stage.stub.begin(delay)
    before = working.cpu()
    batch.release()
    released = time.time()
    batch.await_end(PATIENCE, working.look)
    taken = working.cpu() - before
    seen, ended = stage.stub.seen(), batch.ended()
    filling = seen.arrivals[min(at_once, len(seen.arrivals)) - 1]
    return Load(
        rate=rate([end.at for end in ended], at_once),
        cpu=taken / batch.size * 1000,
        most_at_once=seen.most_at_once,
        filled=max(0.0, filling - released),
    )


def singles(stage: Stage, process: Process, working: AtWork, count: int) -> tuple[float, ...]:
    """Start instances one at a time; return what each took on the engine's clock, in milliseconds.

    The stub tells when the next may begin, so that the engine is not asked meanwhile.
    """
    stage.stub.begin(0)
    pauses = random.Random(count)  # noqa: S311 -- the same gaps for everybody
    name, deadline = f"{process.topic}-singles", time.monotonic() + SINGLES_SECONDS
    started = 0
    while started < count and time.monotonic() < deadline:
        process.single(name)
        started += 1
        stage.stub.await_calls(started, SINGLE_PATIENCE)
        time.sleep(pauses.uniform(*GAPS))
    batch = Batch(process.http, name, started)
    batch.await_end(SINGLE_PATIENCE, working.look)
    return tuple(end.lasted * 1000 for end in batch.ended())


def load_of(  # noqa: PLR0913 -- what tells one growth measurement from another
    stage: Stage,
    contender: Contender,
    *,
    size: int,
    at_once: int,
    delay: float = 0,
    processes: int = 1,
    kilobytes: int = 0,
) -> Load:
    """Measure one contender with one batch: so many tasks at once, processes, and kilobytes of other variables."""
    stage.stub.begin(0)
    more = {"document": {"type": "Json", "value": f'{{"text": "{"x" * kilobytes * 1000}"}}'}} if kilobytes else None
    with (
        stage.process() as process,
        at_work(contender.command, stage, process, at_once=at_once, processes=processes) as working,
    ):
        ready = time.monotonic() + SETTLED
        warm_up(process, working, contender.warm_up)
        batch = process.prepare(size, more)
        time.sleep(max(0.0, ready - time.monotonic()))
        return carry(stage, working, batch, at_once * processes, delay)
