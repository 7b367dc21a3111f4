"""Interleaved measurement: all clients run, and process small batches in turn.

So load that other processes put on the machine affects all of them.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from bench.client_under_test import ClientUnderTest, run_client
from bench.environment import Environment
from bench.figures import Load, MedianInterval
from bench.measure import CONCURRENCY, SETTLE_SECONDS, run_batch, warm_up

InterleavedLoads = Mapping[str, Sequence[Load]]
"""The loads of each client, one per turn. The stub answers immediately."""


def measure_interleaved(
    environment: Environment, clients: Sequence[ClientUnderTest], count: int, tasks: int
) -> InterleavedLoads:
    """Let each client process a batch of `tasks` tasks in each of `count` turns. The others wait in a long poll."""
    environment.stub.reset(0)
    turns: dict[str, list[Load]] = {client.name: [] for client in clients}
    with ExitStack() as started:
        ready = time.monotonic() + SETTLE_SECONDS
        running_clients = []
        for client in clients:
            process = started.enter_context(environment.deployed_process())
            client_processes = started.enter_context(
                run_client(client.command, environment, process, concurrency=CONCURRENCY)
            )
            warm_up(process, client_processes, client.warm_up_tasks)
            running_clients.append((client, process, client_processes))
        time.sleep(max(0.0, ready - time.monotonic()))
        for number in range(count):
            for client, process, client_processes in running_clients if number % 2 else reversed(running_clients):
                turns[client.name].append(
                    run_batch(environment, client_processes, process.prepare(tasks), CONCURRENCY, delay=0)
                )
    return turns


def median_ratios(turns: InterleavedLoads, mine: str, theirs: str) -> tuple[MedianInterval, MedianInterval]:
    """Return the ratios of `mine` to `theirs` in tasks per second and in CPU per task: medians over all turns."""
    pairs = list(zip(turns[mine], turns[theirs], strict=True))
    return MedianInterval.from_values([own.rate / other.rate for own, other in pairs]), MedianInterval.from_values(
        [own.cpu / other.cpu for own, other in pairs]
    )
