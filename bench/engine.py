"""The engine of the measurements: that of the sandbox, but with the compiler that servers run with."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from bench.client_under_test import FLOOR, at_work
from bench.environment import Stage
from bench.measure import AT_ONCE, carry
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.engine.java import JVM_FLAGS as SANDBOX_FLAGS
from catalyst_groq.sandbox.progress import OnProgress

SERVER_FLAGS = ("-XX:+UseSerialGC", "-Xmx3g", "-XX:-UsePerfData")
"""Both compilers, and room for the history of all runs, which is kept in memory."""

WARM_UP_BATCH = 500


def flags(*, sandbox: bool) -> tuple[str, ...]:
    """Return Java's options: as the sandbox starts its engine (C1 only), or as a server does (C1 and C2)."""
    return (*SANDBOX_FLAGS, "-Xmx2g") if sandbox else SERVER_FLAGS


@contextmanager
def running_engine(java_flags: tuple[str, ...], on_progress: OnProgress) -> Iterator[EngineProcess]:
    """Run the engine of the sandbox, in memory, with other options for Java."""
    with (
        patch("catalyst_groq.sandbox.engine.process.JVM_FLAGS", java_flags),
        EngineProcess(on_progress=on_progress) as engine,
    ):
        yield engine


def warm_engine(stage: Stage, batches: int) -> list[float]:
    """Let Java compile what it will need; returns the rates of the batches, which show whether it has."""
    with stage.process() as process, at_work(FLOOR.command, stage, process, at_once=AT_ONCE) as working:
        prepared = (process.prepare(WARM_UP_BATCH) for _ in range(batches))
        return [carry(stage, working, batch, AT_ONCE, delay=0).rate for batch in prepared]
