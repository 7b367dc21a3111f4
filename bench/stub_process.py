"""The stub from outside: started, set, and asked what it saw."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import stub
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.process_client import wait_for

START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the stub saw since a measurement began."""

    arrivals: tuple[float, ...]
    """When each call came, in seconds since the epoch."""
    most_at_once: int
    """How many were under way at the same moment, at most."""


class Stub:
    """One running stub."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def api_url(self) -> str:
        """What a worker takes for Groq's API."""
        return f"{str(self._http.base_url).rstrip('/')}/openai/v1"

    def begin(self, delay: float) -> None:
        """Answer after `delay` seconds from now on, and forget what was seen."""
        self._http.post("/begin", json={"delay": delay}).raise_for_status()

    def await_calls(self, count: int, within: float) -> Seen:
        """Wait for that many calls. Raises `SandboxError` when they do not come `within` seconds."""
        try:
            return _seen(self._http.get("/await", params={"calls": count}, timeout=within))
        except httpx.ReadTimeout as error:
            raise SandboxError(f"The stub waited {within:.0f} s in vain for call {count}.") from error

    def seen(self) -> Seen:
        """Say what was seen."""
        return _seen(self._http.get("/seen"))


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Run a stub for as long as the block."""
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        log = Path(folder) / "stub.log"
        child = ChildProcess([sys.executable, stub.__file__], folder=Path(folder), log=log, environment={})
        try:
            port = wait_for("the stub's port", lambda: log.read_text().partition("\n")[0], timeout=START_SECONDS)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                yield Stub(http)
        finally:
            child.kill()


def _seen(response: httpx.Response) -> Seen:
    found = response.raise_for_status().json()
    return Seen(tuple(found["arrivals"]), found["most_at_once"])
