"""What a fault test plays on: one worker between an engine, that it reaches through a proxy, and Groq."""

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalyst_groq.sandbox.emulator import Emulator
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.journal_file import JournalFile
from support.process_instance import Instance, start
from support.tcp_proxy import Proxy
from support.worker_process import WorkerProcess

numbers = itertools.count(1)
FAULT_INJECTION = str(Path(__file__).with_name("fault_injection"))
ASKED = {"userMessage": "hello"}
PATIENCE = 60.0
"""Seconds for an instance to get over a fault: an engine that restarts takes most of it."""


@dataclass
class FaultEnvironment:
    """One worker id, its topic and its journal, between an engine and Groq."""

    process_client: ProcessClient
    emulator: Emulator
    proxy: Proxy
    folder: Path
    topic: str = field(default_factory=lambda: f"faults-{next(numbers)}")

    @property
    def journal(self) -> JournalFile:
        return JournalFile(self.folder / "journal.sqlite")

    def worker(self, handicaps: Mapping[str, str] | None = None, **settings: str) -> WorkerProcess:
        """Make the worker; a second one is its next life. `handicaps` are those of `handicaps/sitecustomize.py`."""
        worker = WorkerProcess(
            self.folder,
            self.proxy.rest_url,
            self.emulator.base_url,
            **{"worker_id": self.topic, "topic": self.topic, "lock_duration": "PT10S", **settings},
        )
        if handicaps:
            worker.environ["PYTHONPATH"] = os.pathsep.join([FAULT_INJECTION, worker.environ["PYTHONPATH"]])
            worker.environ.update(handicaps)
        return worker

    def instance(self, variables: Mapping[str, str] = ASKED, **parts) -> Instance:
        """Start an instance of a new process, with three tries at once if nothing else is said."""
        parts.setdefault("properties", {"catalyst_retries": "R3/PT0S"})
        instance = start(self.process_client, diagram(topic=self.topic, **parts), **variables)
        instance.patience = PATIENCE
        return instance
