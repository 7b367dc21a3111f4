"""The parts of a fault test: a worker that reaches its engine through a proxy, and an emulator of Groq."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalyst_groq.sandbox.emulator import Emulator
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.journal_file import JournalFile
from support.process_instance import Instance, start
from support.tcp_proxy import Proxy
from support.worker_process import WorkerProcess

numbers = itertools.count(1)
VARIABLES = {"userMessage": "hello"}
PATIENCE = 60.0
"""Seconds for an instance to recover from a fault. The restart of an engine takes most of them."""


@dataclass
class FaultEnvironment:
    """One worker id, its topic and its journal, with the proxy and the emulator that it uses."""

    process_client: ProcessClient
    emulator: Emulator
    proxy: Proxy
    folder: Path
    topic: str = field(default_factory=lambda: f"faults-{next(numbers)}")

    @property
    def journal(self) -> JournalFile:
        return JournalFile(self.folder / "journal.sqlite")

    def worker(self, faults: Mapping[str, str] | None = None, **settings: str) -> WorkerProcess:
        """Return a worker that is not started yet. A second one has the same worker id and journal, as after a restart.

        `faults` are the environment variables that `fault_injection/sitecustomize.py` reads.
        """
        worker = WorkerProcess(
            self.folder,
            self.proxy.rest_url,
            self.emulator.base_url,
            **{"worker_id": self.topic, "topic": self.topic, "lock_duration": "PT10S", **settings},
        )
        if faults:
            worker.inject_faults(faults)
        return worker

    def instance(self, variables: Mapping[str, str] = VARIABLES, **parts: Any) -> Instance:
        """Start an instance of a new process; by default its task has three attempts without a wait between them."""
        parts.setdefault("properties", {"catalyst_retries": "R3/PT0S"})
        instance = start(self.process_client, diagram(topic=self.topic, **parts), None, **variables)
        instance.timeout_seconds = PATIENCE
        return instance
