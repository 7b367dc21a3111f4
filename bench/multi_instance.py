"""Many items at once: one multi-instance beside separate process instances, and what the engine itself needs.

The engine executes one completion of a process instance at a time, and each takes longer the more items there are. So a
bare completer, which asks nobody and completes one task after the other, shows the engine's floor.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bench.client_under_test import JAVASCRIPT, THIS_WORKER, ClientProcesses, ClientUnderTest, run_client
from bench.clients.work import LOCK_MS, output_variables
from bench.environment import Batch, DeployedProcess, Environment
from bench.measure import CONCURRENCY, SETTLE_SECONDS, warm_up
from bench.process import PLAIN, SHAPES, Shape
from catalyst_groq.errors import SandboxError

FLOOR = "bare sequential completer"
FULL_ITEMS = 1000
QUICK_ITEMS = 40
SECONDS_PER_ITEM = 0.3
"""Time limit of a run, by its items."""

MIN_LIMIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ItemsRun:
    """One client with all items of one shape."""

    items: int
    seconds: float
    """From the release of the items to the end of the last one; the time limit if they did not all end."""
    completed: int
    calls: int
    """Requests to the stub."""
    failures: int
    """Failures that were reported to the engine."""
    has_ended: bool = True
    """Whether the last item ended within the time limit."""


ItemsRuns = Mapping[tuple[str, str], ItemsRun]
"""By client and shape."""


def measure_multi_instance(
    environment: Environment, clients: Sequence[ClientUnderTest], items: int, on_phase: Callable[[str], None]
) -> ItemsRuns:
    """Measure the engine's floor, this worker and the JavaScript client, with every shape."""
    runs: dict[tuple[str, str], ItemsRun] = {}
    for shape in SHAPES:
        on_phase(f"{items} items, {shape.name}: {FLOOR}")
        runs[FLOOR, shape.name] = _measure_floor(environment, shape, items)
    for client in clients:
        if client.name in {THIS_WORKER.name, JAVASCRIPT}:
            for shape in SHAPES:
                on_phase(f"{items} items, {shape.name}: {client.name}")
                runs[client.name, shape.name] = _measure_client(environment, client, shape, items)
    return runs


def _measure_client(environment: Environment, client: ClientUnderTest, shape: Shape, items: int) -> ItemsRun:
    """Run one client with one shape.

    The client ends before its process is deleted: the engine deletes no instance of which it completes a task.
    """
    with (
        environment.deployed_process() as plain,
        environment.deployed_process(shape, plain.topic) as process,
        run_client(client.command, environment, plain, concurrency=CONCURRENCY) as client_processes,
    ):
        ready = time.monotonic() + SETTLE_SECONDS
        warm_up(plain, client_processes, min(client.warm_up_tasks, items))
        batch = _prepare(process, shape, items)
        time.sleep(max(0.0, ready - time.monotonic()))
        environment.stub.reset(0)
        batch.release()
        return _observe(environment, process, batch, client_processes, items)


def _observe(
    environment: Environment, process: DeployedProcess, batch: Batch, client_processes: ClientProcesses, items: int
) -> ItemsRun:
    started, limit = time.time(), max(MIN_LIMIT_SECONDS, items * SECONDS_PER_ITEM)
    has_ended = True
    try:
        batch.wait_until_finished(limit, client_processes.sample_memory)
        seconds = batch.finished_instances()[-1].ended_at - started
    except SandboxError:  # some clients do not get through
        seconds, has_ended = limit, False
    return ItemsRun(
        items=items,
        seconds=seconds,
        completed=process.count("history/external-task-log", successLog="true"),
        calls=len(environment.stub.observations().arrivals),
        failures=process.count("history/external-task-log", failureLog="true"),
        has_ended=has_ended,
    )


def _measure_floor(environment: Environment, shape: Shape, items: int) -> ItemsRun:
    """Complete all tasks one after the other, with variables like those of the clients."""
    body = httpx.post(f"{environment.stub.api_url}/chat/completions", json={}, trust_env=False).text
    with environment.deployed_process(shape) as process:
        batch = _prepare(process, shape, items)
        batch.release()
        started, completed = time.time(), 0
        while completed < items:
            for task in _fetch(process):
                report = {"workerId": FLOOR, "variables": output_variables(200, body)}
                process.http.post(f"/external-task/{task['id']}/complete", json=report).raise_for_status()
                completed += 1
        batch.wait_until_finished(MIN_LIMIT_SECONDS, lambda: None)  # asynchronous continuations
        return ItemsRun(items, batch.finished_instances()[-1].ended_at - started, completed, 0, 0)


def _fetch(process: DeployedProcess) -> list[dict[str, Any]]:
    topic = {"topicName": process.topic, "lockDuration": LOCK_MS, "variables": []}
    body = {"workerId": FLOOR, "maxTasks": CONCURRENCY, "asyncResponseTimeout": 1000, "topics": [topic]}
    fetched: list[dict[str, Any]] = (
        process.http.post("/external-task/fetchAndLock", json=body).raise_for_status().json()
    )
    return fetched


def _prepare(process: DeployedProcess, shape: Shape, items: int) -> Batch:
    if shape is PLAIN:
        return process.prepare(items)
    return process.prepare(1, {"items": {"type": "Integer", "value": items}})
