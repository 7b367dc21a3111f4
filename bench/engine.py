"""The engine of the benchmark: the sandbox engine with the Java compilers that servers use."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from bench.client_under_test import BARE_LOOP, run_client
from bench.environment import Environment
from bench.measure import CONCURRENCY, run_batch
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.engine.java import JVM_FLAGS as SANDBOX_FLAGS
from catalyst_groq.sandbox.progress import OnProgress

SERVER_FLAGS = ("-XX:+UseSerialGC", "-Xmx3g", "-XX:-UsePerfData")
"""Both compilers, and enough heap for the history of all runs: the H2 database is in memory."""

WARM_UP_BATCH_TASKS = 500


def java_flags_for(*, sandbox: bool) -> tuple[str, ...]:
    """Return the Java options of the sandbox (compiler C1 only) or of a server (C1 and C2)."""
    return (*SANDBOX_FLAGS, "-Xmx2g") if sandbox else SERVER_FLAGS


@contextmanager
def running_engine(
    java_flags: tuple[str, ...], on_progress: OnProgress, database: str | None = None
) -> Iterator[EngineProcess]:
    """Run the sandbox engine with other Java options; its database is in memory if none is given."""
    with (
        patch("catalyst_groq.sandbox.engine.process.JVM_FLAGS", java_flags),
        EngineProcess(database=database, on_progress=on_progress) as engine,
    ):
        yield engine


def warm_up_engine(environment: Environment, batches: int) -> list[float]:
    """Run batches until Java has compiled the hot code. Returns the tasks per second of each batch."""
    with (
        environment.deployed_process() as process,
        run_client(BARE_LOOP.command, environment, process, concurrency=CONCURRENCY) as client_processes,
    ):
        prepared = (process.prepare(WARM_UP_BATCH_TASKS) for _ in range(batches))
        return [run_batch(environment, client_processes, batch, CONCURRENCY, delay=0).rate for batch in prepared]
