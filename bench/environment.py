"""The test environment: engine, stub, and the process instances that clients work on."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bench.process import PLAIN, RELEASE_MESSAGE, Shape, diagram
from bench.stub_process import Stub
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.process_client import ProcessClient

START_THREADS = 4
"""Threads that start process instances."""

BULK_TIMEOUT_SECONDS = 900.0
"""Timeout of a request that the engine executes in one transaction for all instances."""

POLL_INTERVAL_SECONDS = 0.2
INPUT_VARIABLES = {"userMessage": {"type": "String", "value": 'Why is the sky "blue"? Answer in one sentence.'}}
counter = itertools.count(1)


@dataclass(frozen=True, slots=True)
class FinishedInstance:
    """One finished process instance, by the engine's clock."""

    ended_at: float
    """Seconds since the epoch."""
    seconds: float
    """Duration in seconds."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The engine and the Groq stub that all clients use."""

    process_client: ProcessClient
    stub: Stub

    @contextmanager
    def deployed_process(self, shape: Shape = PLAIN, topic: str = "") -> Iterator["DeployedProcess"]:
        """Deploy the process with a new topic, unless one is given.

        Deletes it afterwards, with all its instances and their history.

        A killed client leaves its long poll pending in the engine. With a new topic, that poll cannot lock the tasks of
        the next client.
        """
        name = f"bench-{next(counter)}"
        topic = topic or name
        gated, direct = f"{name}-gated", f"{name}-direct"
        deployment = self.process_client.deploy_texts(
            {
                f"{gated}.bpmn": diagram(gated, topic, gated=True, shape=shape),
                f"{direct}.bpmn": diagram(direct, topic, gated=False, shape=shape),
            }
        )
        try:
            yield DeployedProcess(self.process_client.http, topic, gated, direct)
        finally:
            path, query = f"/deployment/{deployment}", {"cascade": "true"}
            self.process_client.http.delete(path, params=query, timeout=BULK_TIMEOUT_SECONDS).raise_for_status()


@dataclass(frozen=True, slots=True)
class DeployedProcess:
    """The deployed process."""

    http: httpx.Client
    topic: str
    gated_key: str
    direct_key: str

    def prepare(self, size: int, extra_variables: Mapping[str, Any] | None = None) -> "Batch":
        """Start instances that wait at the gate. `extra_variables`: typed process variables that no client fetches."""
        batch = Batch(self.http, f"batch-{next(counter)}", size)
        with ThreadPoolExecutor(START_THREADS) as pool:
            list(pool.map(lambda _: _start(self.http, self.gated_key, batch.name, extra_variables or {}), range(size)))
        return batch

    def count(self, path: str, **query: str) -> int:
        """Return how many entries of a history query belong to this process."""
        found = self.http.get(f"/{path}/count", params={"processDefinitionKey": self.gated_key, **query})
        return int(found.raise_for_status().json()["count"])

    def task_completions(self) -> list[tuple[float, str]]:
        """Return when tasks of batches were completed, in seconds since the epoch, and by which worker id."""
        query = {"successLog": "true", "sortBy": "timestamp", "sortOrder": "asc"}
        found = self.http.get(
            "/history/external-task-log",
            params={"processDefinitionKey": self.gated_key, **query},
            timeout=BULK_TIMEOUT_SECONDS,
        )
        return [(_seconds(entry["timestamp"]), entry["workerId"]) for entry in found.raise_for_status().json()]

    def start_single(self, batch: str) -> None:
        """Start one instance whose task is available immediately."""
        _start(self.http, self.direct_key, batch, {})


@dataclass(frozen=True, slots=True)
class Batch:
    """Instances that are released and queried together. They share a business key."""

    http: httpx.Client
    name: str
    size: int

    def release(self) -> None:
        """Let all instances pass the gate in one transaction, so that their tasks become available at the same time."""
        message = {"messageName": RELEASE_MESSAGE, "businessKey": self.name, "all": True}
        self.http.post("/message", json=message, timeout=BULK_TIMEOUT_SECONDS).raise_for_status()

    def wait_until_finished(self, timeout: float, on_poll: Callable[[], object]) -> None:
        """Wait until all instances have ended, in any state. Raises `SandboxError` after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (finished := self._count_finished()) < self.size:
            on_poll()
            if time.monotonic() > deadline:
                raise SandboxError(f"Timed out after {timeout:.0f} s: {finished} of {self.size} instances have ended.")
            time.sleep(POLL_INTERVAL_SECONDS)

    def finished_instances(self) -> list[FinishedInstance]:
        """Return the finished instances, sorted by end time."""
        response = self.http.get(
            "/history/process-instance", params=self._query, timeout=BULK_TIMEOUT_SECONDS
        ).raise_for_status()
        ends = (
            FinishedInstance(_seconds(entry["endTime"]), entry["durationInMillis"] / 1000) for entry in response.json()
        )
        return sorted(ends, key=lambda ended: ended.ended_at)

    @property
    def _query(self) -> dict[str, str]:
        return {"processInstanceBusinessKey": self.name, "finished": "true"}

    def _count_finished(self) -> int:
        body = self.http.get("/history/process-instance/count", params=self._query).raise_for_status().json()
        return int(body["count"])


def _start(http: httpx.Client, process: str, batch: str, extra_variables: Mapping[str, Any]) -> None:
    content = {"businessKey": batch, "variables": {**INPUT_VARIABLES, **extra_variables}}
    http.post(f"/process-definition/key/{process}/start", json=content, timeout=BULK_TIMEOUT_SECONDS).raise_for_status()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
