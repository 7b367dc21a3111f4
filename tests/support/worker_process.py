"""The worker as operators run it: a process of its own, with keys in all places where keys can be."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

import catalyst_groq
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.process_client import wait_for

FAULT_INJECTION = str(Path(__file__).with_name("fault_injection"))
ENV_KEY = "gsk_key_from_the_environment"
FILE_KEY = "gsk_key_from_a_secret_file"
PROPERTIES_KEY = "gsk_key_from_a_properties_file"
VARIABLE_KEY = "gsk_key_from_the_process"
ENDPOINT_KEY = "key-of-an-endpoint"
TASK_KEY = "password-of-somebody-1"
"""A task's own key, which has not the form of Groq's keys."""

KEYS = (ENV_KEY, FILE_KEY, PROPERTIES_KEY, VARIABLE_KEY, ENDPOINT_KEY, TASK_KEY)
ORGANIZATIONS = {key: f"org_{number}" for number, key in enumerate(KEYS)}


class WorkerProcess:
    """One worker; what it logs is in `log`."""

    arguments: tuple[str, ...] = ("-m", "catalyst_groq", "run")
    first_line = "fetches"
    """A part of the first line that it logs when it works."""

    def __init__(self, folder: Path, engine_url: str, groq_url: str, *options: str, **settings: str) -> None:
        self._folder = folder
        self._options = options
        (folder / "secrets").mkdir(parents=True, exist_ok=True)
        (folder / "secrets" / "groq_api_key").write_text(f"{FILE_KEY}\n")
        (folder / "catalyst-secrets.properties").write_text(f"groq_api_key = {PROPERTIES_KEY}\n")
        self._log_path = folder / "worker.log"
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(catalyst_groq.__file__).parents[1]),  # the very code under test
            "GROQ_API_KEY": f" {ENV_KEY}\n",
            "GROQ_API_URL": groq_url,
            "ENDPOINT_KEY": ENDPOINT_KEY,
            "CATALYST_ENGINE_URL": engine_url,
            "CATALYST_SECRETS_DIR": str(folder / "secrets"),
            "CATALYST_ASYNC_RESPONSE_TIMEOUT": "PT1S",
            "CATALYST_JOURNAL": str(folder / "journal.sqlite"),
            # A refusal on order would teach limits that the emulator does not have.
            "CATALYST_LIMITS": "off",
            # Coverage measures the worker too where a test run is measured.
            **{name: os.environ[name] for name in ("COVERAGE_PROCESS_CONFIG",) if name in os.environ},
            **{f"CATALYST_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "WorkerProcess":
        with self._log_path.open("ab") as log:
            command = [sys.executable, "-P", *self.arguments, *self._options]
            self._process = subprocess.Popen(command, cwd=self._folder, env=self.environ, stdout=log, stderr=log)
        try:
            wait_for(
                "the worker's first line",
                lambda: self.first_line in self.log or self._process.poll() is not None,
                timeout=20,
            )
        except SandboxError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop in order: a killed worker's last poll would lock the next test's tasks."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def inject_faults(self, faults: Mapping[str, str]) -> None:
        """Give it the environment variables that `fault_injection/sitecustomize.py` reads. Before its start."""
        self.environ["PYTHONPATH"] = os.pathsep.join([FAULT_INJECTION, self.environ["PYTHONPATH"]])
        self.environ.update(faults)
        # Its own data would not fit the full disk.
        self.environ.pop("COVERAGE_PROCESS_CONFIG", None)

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    def http_port(self) -> int:
        """Where it serves health and metrics; with `http_port="0"` it has chosen one."""
        found = wait_for("the port", lambda: re.search(r"metrics at port (\d+)", self.log), timeout=20)
        return int(found[1])

    def memory(self) -> int:
        """Bytes of memory in use."""
        return psutil.Process(self._process.pid).memory_info().rss

    def peak_memory(self) -> int:
        """Most bytes of memory that were in use at any moment (Linux)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def open_files(self) -> int:
        """How many file descriptors are open."""
        return psutil.Process(self._process.pid).num_fds()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children()

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def wait(self, within: float = 30) -> int:
        """Wait until it has ended by itself; returns its exit code."""
        return self._process.wait(within)
