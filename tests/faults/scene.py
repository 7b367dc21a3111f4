"""What a fault test plays on: one worker between an engine, that it reaches through a proxy, and Groq."""

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diagrams import diagram
from instances import Instance, start
from journal_file import JournalFile
from proxy import Proxy
from worker_process import WorkerProcess

from worker.sandbox.emulator import Emulator
from worker.sandbox.people import People

numbers = itertools.count(1)
HANDICAPS = str(Path(__file__).with_name("handicaps"))
ASKED = {"userMessage": "hello"}
PATIENCE = 60.0
"""Seconds for an instance to get over a fault: an engine that restarts takes most of it."""


@dataclass
class Scene:
    """One worker id, its topic and its journal, between an engine and Groq."""

    people: People
    groq: Emulator
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
            self.groq.base_url,
            **{"worker_id": self.topic, "topic": self.topic, "lock_duration": "PT10S", **settings},
        )
        if handicaps:
            worker.environ["PYTHONPATH"] = os.pathsep.join([HANDICAPS, worker.environ["PYTHONPATH"]])
            worker.environ.update(handicaps)
        return worker

    def instance(self, variables: Mapping[str, str] = ASKED, **parts) -> Instance:
        """Start an instance of a new process, with three tries at once if nothing else is said."""
        parts.setdefault("properties", {"catalyst_retries": "R3/PT0S"})
        instance = start(self.people, diagram(topic=self.topic, **parts), **variables)
        instance.patience = PATIENCE
        return instance
