"""Starts the stub as a process and controls it over HTTP."""

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

START_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class StubObservations:
    """Calls at the stub since the last reset."""

    arrivals: tuple[float, ...]
    """Arrival time of each call, in seconds since the epoch."""
    peak_concurrency: int
    """Largest number of concurrent calls."""


class Stub:
    """One running stub."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def api_url(self) -> str:
        """The base URL for `GROQ_API_URL`."""
        return f"{str(self._http.base_url).rstrip('/')}/openai/v1"

    def reset(self, delay: float) -> None:
        """Set the response delay in seconds and clear the observations."""
        self._http.post("/begin", json={"delay": delay}).raise_for_status()

    def wait_for_calls(self, count: int, timeout: float) -> StubObservations:
        """Wait until `count` calls have arrived. Raises `SandboxError` after `timeout` seconds."""
        try:
            return _parse_observations(self._http.get("/await", params={"calls": count}, timeout=timeout))
        except httpx.ReadTimeout as error:
            raise SandboxError(f"Timed out after {timeout:.0f} s waiting for call {count} at the stub.") from error

    def observations(self) -> StubObservations:
        """Return the observations since the last reset."""
        return _parse_observations(self._http.get("/seen"))


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Run a stub during the block."""
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        log = Path(folder) / "stub.log"
        child = ChildProcess([sys.executable, stub.__file__], folder=Path(folder), log=log, environment={})
        try:
            port = wait_for(
                "the stub's port", lambda: log.read_text().partition("\n")[0], timeout=START_TIMEOUT_SECONDS
            )
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                yield Stub(http)
        finally:
            child.kill()


def _parse_observations(response: httpx.Response) -> StubObservations:
    body = response.raise_for_status().json()
    return StubObservations(tuple(body["arrivals"]), body["peak_concurrency"])
