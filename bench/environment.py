"""Engine and stub, and the process instances that contenders work on."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bench.process import RELEASE, diagram
from bench.stub_process import Stub
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.process_client import ProcessClient

STARTERS = 4
"""Instances that are started at the same time."""

SLOW_CALL = 180.0
"""Seconds for what the engine does in one transaction for all instances."""

BETWEEN_LOOKS = 0.2
QUESTION = {"userMessage": {"type": "String", "value": 'Why is the sky "blue"? Answer in one sentence.'}}
numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ended:
    """One finished instance, on the engine's clock."""

    at: float
    """Seconds since the epoch."""
    lasted: float
    """Seconds since its start."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where contenders perform."""

    people: ProcessClient
    stub: Stub

    @contextmanager
    def process(self) -> Iterator["Process"]:
        """Deploy the process with a topic of its own; afterwards it goes with all its instances and their history.

        A contender that is killed leaves its poll behind in the engine. With its own topic that locks nobody's tasks.
        """
        topic = f"bench-{next(numbers)}"
        gated, direct = f"{topic}-gated", f"{topic}-direct"
        deployment = self.people.deploy_texts(
            {f"{gated}.bpmn": diagram(gated, topic, gated=True), f"{direct}.bpmn": diagram(direct, topic, gated=False)}
        )
        try:
            yield Process(self.people.http, topic, gated, direct)
        finally:
            path, whole = f"/deployment/{deployment}", {"cascade": "true"}
            self.people.http.delete(path, params=whole, timeout=SLOW_CALL).raise_for_status()


@dataclass(frozen=True, slots=True)
class Process:
    """The deployed process."""

    http: httpx.Client
    topic: str
    gated: str
    direct: str

    def prepare(self, size: int, more: Mapping[str, Any] | None = None) -> "Batch":
        """Start instances that wait at the gate. `more`: typed process variables that nobody asks for."""
        batch = Batch(self.http, f"batch-{next(numbers)}", size)
        with ThreadPoolExecutor(STARTERS) as pool:
            list(pool.map(lambda _: _start(self.http, self.gated, batch.name, more or {}), range(size)))
        return batch

    def single(self, batch: str) -> None:
        """Start one instance whose task is offered at once."""
        _start(self.http, self.direct, batch, {})


@dataclass(frozen=True, slots=True)
class Batch:
    """Instances that are released, and looked at, together; the engine knows them by their business key."""

    http: httpx.Client
    name: str
    size: int

    def release(self) -> None:
        """Let all of them pass the gate in one transaction: their tasks are offered at the same moment."""
        message = {"messageName": RELEASE, "businessKey": self.name, "all": True}
        self.http.post("/message", json=message, timeout=SLOW_CALL).raise_for_status()

    def await_end(self, within: float, meanwhile: Callable[[], object]) -> None:
        """Wait until all have ended, however they ended. Raises `SandboxError` when they do not."""
        deadline = time.monotonic() + within
        while (finished := self._finished()) < self.size:
            meanwhile()
            if time.monotonic() > deadline:
                raise SandboxError(f"{finished} of {self.size} instances ended within {within:.0f} s.")
            time.sleep(BETWEEN_LOOKS)

    def ended(self) -> list[Ended]:
        """Return the finished instances in the order of their ends."""
        found = self.http.get("/history/process-instance", params=self._query, timeout=SLOW_CALL).raise_for_status()
        ends = (Ended(_seconds(entry["endTime"]), entry["durationInMillis"] / 1000) for entry in found.json())
        return sorted(ends, key=lambda ended: ended.at)

    @property
    def _query(self) -> dict[str, str]:
        return {"processInstanceBusinessKey": self.name, "finished": "true"}

    def _finished(self) -> int:
        found = self.http.get("/history/process-instance/count", params=self._query).raise_for_status().json()
        return int(found["count"])


def _start(http: httpx.Client, process: str, batch: str, more: Mapping[str, Any]) -> None:
    content = {"businessKey": batch, "variables": {**QUESTION, **more}}
    http.post(f"/process-definition/key/{process}/start", json=content, timeout=SLOW_CALL).raise_for_status()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
