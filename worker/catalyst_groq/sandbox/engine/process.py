"""A real engine as a child process."""

import json
import os
import shutil
import socket
import tempfile
import time
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.engine.databases import parse_database
from catalyst_groq.sandbox.engine.flavours import PASSWORD, USER, Flavour, application_properties
from catalyst_groq.sandbox.engine.jars import engine_title, install
from catalyst_groq.sandbox.engine.java import JVM_FLAGS, MAIN_CLASS, AotCache, Java
from catalyst_groq.sandbox.progress import Done, OnProgress, Phase, ignore_event

HOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 20.0
RECORDING_STOP_TIMEOUT_SECONDS = 90.0
POLL_INTERVAL_SECONDS = 0.05
MAX_LOG_LINES = 25
INHERITED_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ")
"""Environment variables that the engine inherits: its scripts must not see keys, nor Spring the user's SPRING_…"""


class EngineProcess:
    """An engine that runs during the `with` block. On Linux it ends even when this process is killed.

    It can be stopped or killed, and started again on the same port and database. Its output goes to `log_path`, which
    exists as long as this object.

    Args:
        flavour: Which engine.
        port: Port on 127.0.0.1; 0 chooses a free port, which later starts reuse.
        database: An H2 file, a PostgreSQL or JDBC URL, or None for a database in memory.
        spin: Whether to include the JSON data format.
        records_cache: Whether to record the startup cache if there is none; the stop takes seconds longer then.
        on_progress: Receives downloads and phases.

    """

    def __init__(  # noqa: PLR0913 -- its options
        self,
        flavour: Flavour = Flavour.CAMUNDA,
        *,
        port: int = 0,
        database: str | None = None,
        spin: bool = True,
        records_cache: bool = True,
        on_progress: OnProgress = ignore_event,
    ) -> None:
        self.flavour = flavour
        self.port = port
        self._database = parse_database(database)
        self._spin = spin
        self._records_cache = records_cache
        self._on_progress = on_progress
        self._folder = Path(tempfile.mkdtemp(prefix="catalyst-engine-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._child: ChildProcess | None = None
        self._cache: AotCache | None = None
        self.lacks_cache = False
        """Whether it started without a startup cache, and records none."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The engine's base URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def rest_url(self) -> str:
        """The URL of its REST API."""
        return f"{self.base_url}/engine-rest"

    @property
    def cockpit_url(self) -> str:
        """The URL of Cockpit."""
        return f"{self.base_url}{self.flavour.app_path('cockpit')}"

    @property
    def tasklist_url(self) -> str:
        """The URL of Tasklist."""
        return f"{self.base_url}{self.flavour.app_path('tasklist')}"

    @property
    def log_path(self) -> Path:
        """The log of all its starts."""
        return self._folder / "engine.log"

    @property
    def pid(self) -> int | None:
        """The process id of its Java process, or None."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.running

    def start(self) -> None:
        """Install missing jars, start, and wait for the REST API. Raises `SandboxError` with the end of the log."""
        if self.running:
            raise RuntimeError("The engine is already running")
        java = Java.find()
        class_path = install(self.flavour, spin=self._spin, on_progress=self._on_progress)
        title = engine_title(self.flavour)
        self._require_free_port()
        self._on_progress(Phase(f"Starting {title}"))
        # Recording the cache takes seconds. It pays off only for the usual class path, with Spin.
        self._cache = AotCache(self.flavour, java, class_path) if self._spin else None
        if self._cache and self._cache.is_recording and not self._records_cache:
            self._cache, self.lacks_cache = None, True
        try:
            self._child = self._spawn(java, class_path)
            self._wait_until_ready(title)
        except BaseException:
            self.kill()
            raise
        self._on_progress(Done())

    def stop(self) -> None:
        """Shut it down gracefully. The first stop takes some seconds longer: it writes the cache for later starts."""
        if self._child is None:
            return
        is_recording = self._cache is not None and self._cache.is_recording
        if is_recording:
            self._on_progress(Phase("Writing the startup cache, once"))
        try:
            ended_in_time = self._child.terminate(
                RECORDING_STOP_TIMEOUT_SECONDS if is_recording else STOP_TIMEOUT_SECONDS
            )
            if self._cache and ended_in_time:
                self._cache.publish()
            self._on_progress(Done())
        finally:
            self._clear_child()

    def kill(self) -> None:
        """Kill it, as kill -9 does."""
        if self._child is not None:
            self._child.kill()
        self._clear_child()

    def wait(self) -> None:
        """Wait until it ends, which is unexpected. Raises `SandboxError` with the end of the log."""
        if self._child is not None:
            self._child.wait()
            raise SandboxError(self._with_log("The engine ended unexpectedly"))

    def check_running(self) -> None:
        """Raise `SandboxError` with the end of the log if it has ended."""
        if not self.running:
            raise SandboxError(self._with_log("The engine ended unexpectedly"))

    def _clear_child(self) -> None:
        if self._cache:
            self._cache.discard()
        self._child = None

    @property
    def _port_file(self) -> Path:
        return self._folder / "port"

    def _require_free_port(self) -> None:
        with socket.socket() as probe:
            # Java does so too: closed connections of a previous engine must not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise SandboxError(
                    f"Port {self.port} cannot be used: {error.strerror}. Stop the program that uses it, or choose "
                    "another --port (0 chooses a free one)."
                ) from error

    def _spawn(self, java: Java, class_path: list[Path]) -> ChildProcess:
        self._port_file.unlink(missing_ok=True)
        command = [
            str(java.program),
            *JVM_FLAGS,
            *([self._cache.flag] if self._cache else []),
            f"-Djava.io.tmpdir={self._folder}",
            f"-DPORTFILE={self._port_file}",
            "-classpath",
            os.pathsep.join(map(str, class_path)),
            MAIN_CLASS,
        ]
        # It contains a password. Other users can read the command line, but not the environment.
        environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        properties = application_properties(self.flavour, self.port, self._database)
        environment["SPRING_APPLICATION_JSON"] = json.dumps(properties)
        return ChildProcess(command, folder=self._folder, log=self.log_path, environment=environment)

    def _wait_until_ready(self, title: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with httpx.Client(trust_env=False) as client:
            while not self._is_ready(client):
                if not self.running:
                    raise SandboxError(self._with_log(f"{title} did not start"))
                if time.monotonic() > deadline:
                    raise SandboxError(self._with_log(f"{title} did not respond within {START_TIMEOUT_SECONDS:.0f} s"))
                time.sleep(POLL_INTERVAL_SECONDS)

    def _is_ready(self, client: httpx.Client) -> bool:
        """Send a query that needs the engine itself; /version responds even without one."""
        try:
            self.port = int(self._port_file.read_text())
            # An engine that asks for no user ignores the one here.
            return client.get(f"{self.rest_url}/external-task/count", auth=(USER, PASSWORD)).is_success
        except (OSError, ValueError, httpx.TransportError):
            return False

    def _with_log(self, message: str) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        shown = [line for line in lines if not line.startswith(("\tat ", "\t... "))]
        return "\n".join([f"{message}. The end of its log:", *shown[-MAX_LOG_LINES:]])
