"""The measurements: one client at a time, on prepared tasks."""

import random
import time
from dataclasses import dataclass

from bench.client_under_test import ClientProcesses, ClientUnderTest, run_client
from bench.environment import Batch, DeployedProcess, Environment
from bench.figures import Load, Measurement, rate

CONCURRENCY = 50
SLOW_RESPONSE_SECONDS = 0.5
"""Response time of the stub in the second measurement."""

SETTLE_SECONDS = 6.0
"""Seconds from a client's start to its measurement: this worker looks for orphaned tasks during its first 5 s."""

BATCH_TIMEOUT_SECONDS = 120.0
SINGLE_TIMEOUT_SECONDS = 30.0
MAX_SINGLES_SECONDS = 15.0
"""Time limit for starting single instances: some clients need seconds for each."""

GAP_SECONDS = (0.05, 0.15)
"""Range of the pause between single instances. It is random, so that it does not match a client's poll interval."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size of a measurement: the `share` of each client's tasks, and the number of single instances."""

    share: float
    singles: int

    def batch_size(self, tasks: int) -> int:
        """Return the number of tasks in a batch."""
        return max(4, round(tasks * self.share))


def measure(environment: Environment, client: ClientUnderTest, sizes: Sizes) -> Measurement:
    """Run all measurements of one client once."""
    environment.stub.reset(0)
    instant, slow = sizes.batch_size(client.instant_tasks), sizes.batch_size(client.slow_tasks)
    with (
        environment.deployed_process() as process,
        run_client(client.command, environment, process, concurrency=CONCURRENCY) as client_processes,
    ):
        ready = time.monotonic() + SETTLE_SECONDS
        warm_up(process, client_processes, client.warm_up_tasks)
        batches = process.prepare(instant), process.prepare(slow)
        time.sleep(max(0.0, ready - time.monotonic()))
        at_full_speed = run_batch(environment, client_processes, batches[0], CONCURRENCY, delay=0)
        waiting = run_batch(environment, client_processes, batches[1], CONCURRENCY, delay=SLOW_RESPONSE_SECONDS)
        added = measure_durations(environment, process, client_processes, sizes.singles)
        return Measurement(
            at_full_speed.rate, at_full_speed.cpu, waiting.rate, waiting.cpu, added, client_processes.peak_mb
        )


def warm_up(process: DeployedProcess, client_processes: ClientProcesses, size: int) -> None:
    """Warm up connections, caches and just-in-time compilers."""
    batch = process.prepare(size)
    batch.release()
    batch.wait_until_finished(BATCH_TIMEOUT_SECONDS, client_processes.sample_memory)


def run_batch(
    environment: Environment, client_processes: ClientProcesses, batch: Batch, concurrency: int, delay: float
) -> Load:
    """Release a batch, and measure until its last instance has ended."""
    environment.stub.reset(delay)
    before = client_processes.cpu_seconds()
    batch.release()
    released = time.time()
    batch.wait_until_finished(BATCH_TIMEOUT_SECONDS, client_processes.sample_memory)
    taken = client_processes.cpu_seconds() - before
    seen, ended = environment.stub.observations(), batch.finished_instances()
    filling = seen.arrivals[min(concurrency, len(seen.arrivals)) - 1]
    return Load(
        rate=rate([end.ended_at for end in ended], concurrency),
        cpu=taken / batch.size * 1000,
        peak_concurrency=seen.peak_concurrency,
        ramp_up_seconds=max(0.0, filling - released),
    )


def measure_durations(
    environment: Environment, process: DeployedProcess, client_processes: ClientProcesses, count: int
) -> tuple[float, ...]:
    """Start instances one at a time. Returns their durations by the engine's clock, in milliseconds.

    Waits for the call at the stub before starting the next instance, so that it does not query the engine meanwhile.
    """
    environment.stub.reset(0)
    pauses = random.Random(count)  # noqa: S311 -- the same pauses for all clients
    name, deadline = f"{process.topic}-singles", time.monotonic() + MAX_SINGLES_SECONDS
    started = 0
    while started < count and time.monotonic() < deadline:
        process.start_single(name)
        started += 1
        environment.stub.wait_for_calls(started, SINGLE_TIMEOUT_SECONDS)
        time.sleep(pauses.uniform(*GAP_SECONDS))
    batch = Batch(process.http, name, started)
    batch.wait_until_finished(SINGLE_TIMEOUT_SECONDS, client_processes.sample_memory)
    return tuple(end.seconds * 1000 for end in batch.finished_instances())


def measure_load(  # noqa: PLR0913 -- the parameters of a scaling measurement
    environment: Environment,
    client: ClientUnderTest,
    *,
    size: int,
    concurrency: int,
    delay: float = 0,
    processes: int = 1,
    kilobytes: int = 0,
) -> Load:
    """Measure one client with one batch of `size` tasks. `kilobytes` is the size of an extra process variable."""
    environment.stub.reset(0)
    extra = {"document": {"type": "Json", "value": f'{{"text": "{"x" * kilobytes * 1000}"}}'}} if kilobytes else None
    with (
        environment.deployed_process() as process,
        run_client(
            client.command, environment, process, concurrency=concurrency, processes=processes
        ) as client_processes,
    ):
        ready = time.monotonic() + SETTLE_SECONDS
        warm_up(process, client_processes, client.warm_up_tasks)
        batch = process.prepare(size, extra)
        time.sleep(max(0.0, ready - time.monotonic()))
        return run_batch(environment, client_processes, batch, concurrency * processes, delay)
