"""Who is measured: a command, how many tasks suit it, and the processes it becomes."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.environment import Process, Stage
from bench.javascript import javascript_worker
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess

ROOT = Path(__file__).parents[1]
KEY = "gsk_bench_key_for_the_stub_only"
STOP_SECONDS = 8.0
"""This worker lets its last poll return, up to 5 s."""

LOG_END = 2000
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to work on external tasks.

    `instant` and `slow` are the instances it gets when the stub answers at once and after half a second: some five
    seconds' worth, so that the slow ones do not take all the time.
    """

    name: str
    command: Sequence[str]
    instant: int = 800
    slow: int = 400
    warm_up: int = 200
    """Tasks before anything is measured, until CPU per task falls no more: a worker runs for months."""


JAVASCRIPT_WARM_UP = 2500
"""Node's compiler halves the client's CPU per task in the course of its first two thousand tasks."""


def _module(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", *arguments)


OURS = Contender("catalyst-groq run", _module("catalyst_groq", "run"))
LIBRARY_ASYNC = Contender("python3 client, async worker", _module("bench.clients.library_async"), 150, 150)
LIBRARY_SYNC = Contender("python3 client, sync worker", _module("bench.clients.library_sync"), 300, 8)
BARE_HTTPX = Contender("bare loop, httpx", _module("bench.clients.bare", "httpx"), 400, 400)
FLOOR = Contender("bare loop, httpx on aiohttp + uvloop", _module("bench.clients.bare", "aiohttp"))
JAVASCRIPT = "official JavaScript client 3.1"


def contenders() -> list[Contender]:
    """Return all that can run here; installs the JavaScript client on first use."""
    javascript = javascript_worker()
    official = [Contender(JAVASCRIPT, javascript, warm_up=JAVASCRIPT_WARM_UP)] if javascript else []
    return [OURS, *official, LIBRARY_ASYNC, LIBRARY_SYNC, BARE_HTTPX, FLOOR]


class AtWork:
    """A contender's running processes, and what they take of the machine, their children included."""

    def __init__(self, children: Sequence[ChildProcess]) -> None:
        self._children = children
        self.peak_mb = 0.0

    def cpu(self) -> float:
        """Seconds of CPU taken so far, user and system."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def look(self) -> None:
        """Look at the memory (the most ever seen counts). Raises `SandboxError` if a process has ended."""
        self.peak_mb = max(self.peak_mb, sum(process.memory_info().rss for process in self._processes()) / 1e6)

    def _processes(self) -> Iterator[psutil.Process]:
        for child in self._children:
            if not child.running:
                raise SandboxError("A contender has ended by itself.")
            parent = psutil.Process(child.pid)
            yield parent
            yield from parent.children(recursive=True)


@contextmanager
def at_work(
    command: Sequence[str], stage: Stage, process: Process, *, at_once: int, processes: int = 1
) -> Iterator[AtWork]:
    """Let a contender work on a process, `at_once` tasks in each of its `processes`, for as long as the block.

    To a `SandboxError` in the block it adds what the contender has said.
    """
    with ExitStack() as started:
        children, logs = [], []
        journal = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="catalyst-bench-"))) / "journal.sqlite"
        for number in range(1, processes + 1):
            folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="catalyst-bench-")))
            environment = _environment(stage, process, at_once, number) | {"CATALYST_JOURNAL": str(journal)}
            log = folder / "contender.log"
            child = ChildProcess(command, folder=folder, log=log, environment=environment)
            started.callback(child.terminate, STOP_SECONDS)
            children.append(child)
            logs.append(log)
        try:
            yield AtWork(children)
        except SandboxError as error:
            said = logs[0].read_text(encoding="utf-8", errors="replace")[-LOG_END:]
            raise SandboxError(f"{error} The end of the contender's log:\n{said}") from error


def _environment(stage: Stage, process: Process, at_once: int, number: int) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "CATALYST_ENGINE_URL": str(process.http.base_url).rstrip("/"),
        "CATALYST_TOPIC": process.topic,
        "CATALYST_WORKER_ID": f"{process.topic}-worker-{number}",
        "CATALYST_CONCURRENCY": str(at_once),
        "CATALYST_HTTP_PORT": "0",
        "GROQ_API_URL": stage.stub.api_url,
        "GROQ_API_KEY": KEY,
    }
