"""Scaling: more concurrent calls, more processes, larger variables. One run each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.client_under_test import BARE_LOOP, JAVASCRIPT, THIS_WORKER, ClientUnderTest
from bench.environment import Environment
from bench.figures import Load
from bench.measure import CONCURRENCY, measure_load

RESPONSE_SECONDS = 2.0
TASKS_PER_SLOT = 3
"""Tasks per concurrency slot. The first round only fills the slots."""

VARIABLE_TASKS = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes to measure."""

    concurrency: Sequence[int]
    processes: Sequence[int]
    kilobytes: Sequence[int]
    process_tasks: int
    """Tasks of all processes together."""


ALL = Sizes(
    concurrency=(1, 10, 50, 200, 300, 500), processes=(1, 2, 3, 4), kilobytes=(0, 10, 100, 1000), process_tasks=800
)
QUICK = Sizes(concurrency=(300,), processes=(2,), kilobytes=(100,), process_tasks=200)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Measured loads by client and size."""

    concurrency: Mapping[tuple[str, int], Load]
    processes: Mapping[tuple[str, int], Load]
    kilobytes: Mapping[tuple[str, int], Load]


def measure_scaling(
    environment: Environment, clients: Sequence[ClientUnderTest], sizes: Sizes, on_phase: Callable[[str], None]
) -> Scaling:
    """Measure this worker and the bare loop; with large variables also the JavaScript client."""
    others = [client for client in clients if client in (THIS_WORKER, BARE_LOOP) or client.name == JAVASCRIPT]
    concurrency, processes, kilobytes = {}, {}, {}
    for calls in sizes.concurrency:
        for client in (THIS_WORKER, BARE_LOOP):
            on_phase(f"{calls} concurrent calls, {RESPONSE_SECONDS:g} s each: {client.name}")
            concurrency[client.name, calls] = measure_load(
                environment, client, size=TASKS_PER_SLOT * calls, concurrency=calls, delay=RESPONSE_SECONDS
            )
    for count in sizes.processes:
        on_phase(f"{count} processes: {THIS_WORKER.name}")
        processes[THIS_WORKER.name, count] = measure_load(
            environment, THIS_WORKER, size=sizes.process_tasks, concurrency=CONCURRENCY, processes=count
        )
    for size in sizes.kilobytes:
        for client in others:
            on_phase(f"{size} KB of other variables: {client.name}")
            kilobytes[client.name, size] = measure_load(
                environment, client, size=VARIABLE_TASKS, concurrency=CONCURRENCY, kilobytes=size
            )
    return Scaling(concurrency, processes, kilobytes)
