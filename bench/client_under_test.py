"""A client under test: its command, its number of tasks, and its processes."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.environment import DeployedProcess, Environment
from bench.javascript import javascript_command
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess

ROOT = Path(__file__).parents[1]
STUB_API_KEY = "gsk_bench_key_for_the_stub_only"
STOP_TIMEOUT_SECONDS = 8.0
"""This worker waits up to 5 s for its last poll to return."""

MAX_LOG_CHARS = 2000
INHERITED_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, slots=True)
class ClientUnderTest:
    """One client for external tasks.

    `instant_tasks` and `slow_tasks` are the process instances that it gets when the stub answers at once and after
    half a second. They take about five seconds, so that slow clients do not take most of the run.
    """

    name: str
    command: Sequence[str]
    instant_tasks: int = 800
    slow_tasks: int = 400
    warm_up_tasks: int = 200
    """Tasks before the measurement, until the CPU time per task is stable. A worker runs for months."""


JAVASCRIPT_WARM_UP_TASKS = 2500
"""Node's compiler halves the client's CPU time per task during its first two thousand tasks."""


def _module(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", *arguments)


THIS_WORKER = ClientUnderTest("catalyst-groq run", _module("catalyst_groq", "run"))
LIBRARY_ASYNC = ClientUnderTest("python3 client, async worker", _module("bench.clients.library_async"), 150, 150)
LIBRARY_SYNC = ClientUnderTest("python3 client, sync worker", _module("bench.clients.library_sync"), 300, 8)
BARE_HTTPX = ClientUnderTest("bare loop, httpx", _module("bench.clients.bare", "httpx"), 400, 400)
BARE_LOOP = ClientUnderTest("bare loop, httpx on aiohttp + uvloop", _module("bench.clients.bare", "aiohttp"))
JAVASCRIPT = "official JavaScript client 3.1"


def clients_under_test() -> list[ClientUnderTest]:
    """Return the clients that can run on this machine. Installs the JavaScript client on first use."""
    javascript = javascript_command()
    official = [ClientUnderTest(JAVASCRIPT, javascript, warm_up_tasks=JAVASCRIPT_WARM_UP_TASKS)] if javascript else []
    return [THIS_WORKER, *official, LIBRARY_ASYNC, LIBRARY_SYNC, BARE_HTTPX, BARE_LOOP]


class ClientProcesses:
    """The running processes of a client: their CPU time and memory, including child processes."""

    def __init__(self, children: Sequence[ChildProcess]) -> None:
        self._children = children
        self.peak_mb = 0.0

    def cpu_seconds(self) -> float:
        """CPU seconds used so far, user and system."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def sample_memory(self) -> None:
        """Update `peak_mb` with the current memory. Raises `SandboxError` if a process has ended."""
        self.peak_mb = max(self.peak_mb, sum(process.memory_info().rss for process in self._processes()) / 1e6)

    def _processes(self) -> Iterator[psutil.Process]:
        for child in self._children:
            if not child.running:
                raise SandboxError("A client process ended unexpectedly.")
            parent = psutil.Process(child.pid)
            yield parent
            yield from parent.children(recursive=True)


@contextmanager
def run_client(  # noqa: PLR0913 -- the parameters of a measurement
    command: Sequence[str],
    environment: Environment,
    process: DeployedProcess,
    *,
    concurrency: int,
    processes: int = 1,
    settings: Sequence[Mapping[str, str]] = (),
) -> Iterator[ClientProcesses]:
    """Run a client on a deployed process during the block, with `concurrency` tasks in each of its `processes`.

    `settings`: further environment variables of each process in turn; with them, each has a journal of its own.

    Adds the end of the client's log to a `SandboxError` raised in the block.
    """
    with ExitStack() as started:
        children, logs = [], []
        shared = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="catalyst-bench-")))
        for number in range(1, processes + 1):
            folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="catalyst-bench-")))
            journal = (folder if settings else shared) / "journal.sqlite"
            variables = _variables(environment, process, concurrency, number) | {"CATALYST_JOURNAL": str(journal)}
            if settings:
                variables |= settings[(number - 1) % len(settings)]
            log = folder / "client.log"
            child = ChildProcess(command, folder=folder, log=log, environment=variables)
            started.callback(child.terminate, STOP_TIMEOUT_SECONDS)
            children.append(child)
            logs.append(log)
        try:
            yield ClientProcesses(children)
        except SandboxError as error:
            log_text = logs[0].read_text(encoding="utf-8", errors="replace")[-MAX_LOG_CHARS:]
            raise SandboxError(f"{error} The end of the client's log:\n{log_text}") from error


def worker_id(process: DeployedProcess, number: int) -> str:
    """Return the worker id of one of the processes, which count from 1."""
    return f"{process.topic}-worker-{number}"


def _variables(environment: Environment, process: DeployedProcess, concurrency: int, number: int) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "CATALYST_ENGINE_URL": str(process.http.base_url).rstrip("/"),
        "CATALYST_TOPIC": process.topic,
        "CATALYST_WORKER_ID": worker_id(process, number),
        "CATALYST_CONCURRENCY": str(concurrency),
        "CATALYST_HTTP_PORT": "0",
        "GROQ_API_URL": environment.stub.api_url,
        "GROQ_API_KEY": STUB_API_KEY,
    }
