"""Replicas on one engine and on two engine nodes with one PostgreSQL; limits shared in Redis: `bench --replicas`.

The engine, its database and all workers share the machine, so that the sum of their CPU time is what limits the rate.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.client_under_test import THIS_WORKER, ClientProcesses, run_client, worker_id
from bench.engine import running_engine, warm_up_engine
from bench.environment import Batch, DeployedProcess, Environment
from bench.figures import Load
from bench.measure import BATCH_TIMEOUT_SECONDS, CONCURRENCY, SETTLE_SECONDS, run_batch, warm_up
from bench.servers import RedisFigures, postgresql_database, running_redis
from bench.stub_process import running_stub
from catalyst_groq.sandbox.process_client import ProcessClient
from catalyst_groq.sandbox.progress import OnProgress

POLL_SECONDS = 5
"""CATALYST_ASYNC_RESPONSE_TIMEOUT: its default."""

SHORT_POLL_SECONDS = 1
LATENCY_WARM_UP_TASKS = 20
WARM_UP_TASKS_PER_WORKER = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes to measure."""

    workers: Sequence[int]
    tasks: int
    tasks_per_worker: int
    """A batch has `tasks`, and so many more for each worker."""
    latency_seconds: float
    """For how long instances are started to measure the time until a worker has their tasks."""
    interval_seconds: float
    """Between their starts."""
    engine_batches: int
    """To warm up the engine."""


FULL = Sizes(
    workers=(1, 2, 4, 8), tasks=800, tasks_per_worker=600, latency_seconds=40, interval_seconds=0.25, engine_batches=6
)
QUICK = Sizes(workers=(2,), tasks=200, tasks_per_worker=50, latency_seconds=10, interval_seconds=0.25, engine_batches=1)


@dataclass(frozen=True, slots=True)
class ReplicasRun:
    """Some workers with one batch of tasks. The stub answers immediately."""

    nodes: int
    workers: int
    load: Load
    round_trips: float
    """To Redis, per task."""
    completed: Sequence[int]
    """Tasks by worker, while all of them had tasks: from the last worker's first completion to the first one's last."""
    first_task_seconds: float
    """From the first completion of any worker to the first one of the last worker."""

    @property
    def fairness(self) -> float:
        """The most tasks of a worker by the fewest."""
        return max(self.completed) / max(min(self.completed), 1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The engine nodes, all with one database, and what the workers need."""

    nodes: Sequence[Environment]
    redis_url: str

    def settings(self, nodes: int, poll_seconds: int = POLL_SECONDS) -> Sequence[Mapping[str, str]]:
        """Return the settings of workers that poll the first `nodes` nodes in turn."""
        return [
            {
                "CATALYST_ENGINE_URL": str(node.process_client.http.base_url).rstrip("/"),
                "CATALYST_LIMITS_REDIS_URL": self.redis_url,
                "CATALYST_ASYNC_RESPONSE_TIMEOUT": f"PT{poll_seconds}S",
            }
            for node in self.nodes[:nodes]
        ]


@contextmanager
def running_cluster(java_flags: tuple[str, ...], on_progress: OnProgress) -> Iterator[Cluster]:
    """Run two engine nodes on one PostgreSQL, the stub and Redis during the block."""
    with ExitStack() as started:
        database = started.enter_context(postgresql_database())
        stub = started.enter_context(running_stub())
        nodes = []
        for _ in range(2):  # the second one starts when the first one has made the tables
            engine = started.enter_context(running_engine(java_flags, on_progress, database))
            process_client = started.enter_context(ProcessClient(engine.rest_url))
            nodes.append(Environment(process_client, stub))
        yield Cluster(nodes, started.enter_context(running_redis()))


def measure_replicas(cluster: Cluster, sizes: Sizes, on_phase: Callable[[str], None]) -> Iterator[ReplicasRun]:
    """Yield the runs: numbers of workers on one node, and on two."""
    on_phase("Warming up both engine nodes")
    for node in cluster.nodes:
        warm_up_engine(node, sizes.engine_batches)
    for nodes in (1, 2):
        for workers in sizes.workers:
            on_phase(f"{workers} workers on {nodes} nodes")
            yield _measure_run(cluster, nodes, workers, sizes.tasks + sizes.tasks_per_worker * workers)


def _measure_run(cluster: Cluster, nodes: int, workers: int, tasks: int) -> ReplicasRun:
    environment = cluster.nodes[0]
    environment.stub.reset(0)
    with (
        environment.deployed_process() as process,
        _run_workers(cluster, process, cluster.settings(nodes), workers) as client_processes,
    ):
        ready = time.monotonic() + SETTLE_SECONDS
        warm_up(process, client_processes, WARM_UP_TASKS_PER_WORKER * workers)
        earlier = process.task_completions()
        batch = process.prepare(tasks)
        time.sleep(max(0.0, ready - time.monotonic()))
        before = RedisFigures.read(cluster.redis_url)
        load = run_batch(environment, client_processes, batch, CONCURRENCY * workers, delay=0)
        asked = RedisFigures.read(cluster.redis_url) - before
        times = _by_worker(process.task_completions()[len(earlier) :], process, workers)
    completed, first_task_seconds = shares_while_all_work(times)
    return ReplicasRun(nodes, workers, load, asked.round_trips / tasks, completed, first_task_seconds)


@contextmanager
def _run_workers(
    cluster: Cluster, process: DeployedProcess, settings: Sequence[Mapping[str, str]], workers: int
) -> Iterator[ClientProcesses]:
    with run_client(
        THIS_WORKER.command, cluster.nodes[0], process, concurrency=CONCURRENCY, processes=workers, settings=settings
    ) as client_processes:
        yield client_processes


def _by_worker(
    completions: Sequence[tuple[float, str]], process: DeployedProcess, workers: int
) -> Sequence[Sequence[float]]:
    """Return the sorted times at which each worker completed tasks."""
    ids = [worker_id(process, number) for number in range(1, workers + 1)]
    return [[at for at, completing in completions if completing == each] for each in ids]


def shares_while_all_work(times: Sequence[Sequence[float]]) -> tuple[Sequence[int], float]:
    """Return how many tasks each worker completed while all worked, and by how many seconds the last one began later.

    `times`: of each worker, the sorted times of its completions. A worker without one has a share of 0.
    """
    if not all(times):
        return [len(each) for each in times], float("inf")
    begin, end = max(each[0] for each in times), min(each[-1] for each in times)
    completed = [sum(begin <= at <= end for at in each) for each in times]
    return completed, begin - min(each[0] for each in times)


@dataclass(frozen=True, slots=True)
class FetchTimes:
    """How long instances lasted whose task is all that they wait for: until a worker has fetched and completed it."""

    creating_node: str
    poll_seconds: int
    seconds: Sequence[float]


def measure_fetch_times(cluster: Cluster, sizes: Sizes, on_phase: Callable[[str], None]) -> Iterator[FetchTimes]:
    """Yield the times of tasks that the worker's own node creates, and of those that the other node creates."""
    own, other = cluster.nodes
    for title, creator, poll_seconds in (
        ("the worker's node", own, POLL_SECONDS),
        ("another node", other, POLL_SECONDS),
        ("another node", other, SHORT_POLL_SECONDS),
    ):
        on_phase(f"Time until a task of {title} is fetched, polls of {poll_seconds} s")
        own.stub.reset(0)
        with (
            creator.deployed_process() as process,
            _run_workers(cluster, process, cluster.settings(1, poll_seconds), 1) as client_processes,
        ):
            ready = time.monotonic() + SETTLE_SECONDS
            warm_up(process, client_processes, LATENCY_WARM_UP_TASKS)
            time.sleep(max(0.0, ready - time.monotonic()))
            seconds = _start_at_intervals(process, client_processes, sizes)
        yield FetchTimes(title, poll_seconds, seconds)


def _start_at_intervals(process: DeployedProcess, client_processes: ClientProcesses, sizes: Sizes) -> Sequence[float]:
    """Start instances at random intervals; return how long each lasted, by the engine's clock."""
    pauses = random.Random(sizes.latency_seconds)  # noqa: S311 -- the same pauses in each run
    name, deadline, started = f"{process.topic}-singles", time.monotonic() + sizes.latency_seconds, 0
    while time.monotonic() < deadline:
        process.start_single(name)
        started += 1
        time.sleep(sizes.interval_seconds * pauses.uniform(0.5, 1.5))
    batch = Batch(process.http, name, started)
    batch.wait_until_finished(BATCH_TIMEOUT_SECONDS, client_processes.sample_memory)
    return [instance.seconds for instance in batch.finished_instances()]
