"""What variables cost the engine: completions per second of a client that does nothing else."""

import sys
from collections import deque
from collections.abc import Callable, Mapping

from bench.client_under_test import run_client
from bench.environment import Environment
from bench.figures import Range, rate
from bench.measure import BATCH_TIMEOUT_SECONDS, CONCURRENCY, warm_up

VARIABLE_COUNTS = (0, 1, 5, 10)
"""5 are the mapped variables of the template alone (`onFailure`), 10 those and the standard ones (`always`)."""

FULL_ROUNDS_AND_TASKS = (5, 1000)
QUICK_ROUNDS_AND_TASKS = (1, 100)
WARM_UP_TASKS = 100


def measure_completions(
    environment: Environment, rounds: int, tasks: int, on_phase: Callable[[str], None]
) -> Mapping[int, Range]:
    """Return the completions per second by the number of variables, over rounds that rotate the order."""
    rates: dict[int, list[float]] = {count: [] for count in VARIABLE_COUNTS}
    order = deque(VARIABLE_COUNTS)
    for number in range(rounds):
        for count in order:
            on_phase(f"Round {number + 1} of {rounds}: {count} variables")
            rates[count].append(_measure(environment, count, tasks))
        order.rotate(-1)
    return {count: Range.from_values(values) for count, values in rates.items()}


def _measure(environment: Environment, count: int, tasks: int) -> float:
    command = (sys.executable, "-m", "bench.clients.completer", str(count))
    with (
        environment.deployed_process() as process,
        run_client(command, environment, process, concurrency=CONCURRENCY) as client_processes,
    ):
        warm_up(process, client_processes, WARM_UP_TASKS)
        batch = process.prepare(tasks)
        batch.release()
        batch.wait_until_finished(BATCH_TIMEOUT_SECONDS, client_processes.sample_memory)
        return rate([instance.ended_at for instance in batch.finished_instances()], CONCURRENCY)
