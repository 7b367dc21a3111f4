"""Inducing outages beside each other, each on a worker of its own, and looking where they are seen."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from typing import Any

from catalyst_groq.sandbox.emulator import Emulator
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.outages.looks import Look, Seen
from support.outages.outage import Outage, Parts
from support.process_instance import Instance
from support.prometheus_server import PrometheusServer
from support.worker_process import WorkerProcess

PATIENCE_SECONDS = 60.0
LOOK_INTERVAL_SECONDS = 1.0
STARTS_AT_ONCE = 2
"""Workers; more would only take each other's CPU."""

SETTINGS = {"http_port": "0", "log_format": "json", "shutdown_timeout": "PT0S"}


@dataclass(frozen=True)
class OutageRunner:
    """Induces outages on one engine; without Prometheus no alert is seen."""

    process_client: ProcessClient
    rest_url: str
    groq: Emulator
    prometheus: PrometheusServer | None
    folder: Path
    starts: Semaphore = field(default_factory=lambda: Semaphore(STARTS_AT_ONCE))

    def run_all(self, outages: list[Outage]) -> Mapping[str, Seen]:
        """Induce all at the same time; returns where each was seen, by its name."""
        with ThreadPoolExecutor(len(outages)) as threads:
            return {seen.outage.name: seen for seen in threads.map(self._run, outages)}

    def _run(self, outage: Outage) -> Seen:
        """Let a worker complete a task, induce the outage, start its tasks, and look until it is seen everywhere."""
        topic = f"outage-{outage.name}"
        key, xml = diagram(topic=topic, **outage.diagram)
        self.process_client.deploy_texts({f"{key}.bpmn": xml})
        with ExitStack() as running:
            resource = running.enter_context(outage.resource(self.rest_url))
            with self.starts:
                worker = running.enter_context(self._worker(outage, topic, resource))
                first = self.process_client.start(key, {"userMessage": "before"})
                assert Instance(self.process_client, first, PATIENCE_SECONDS).task() == "Review"
            look = Look(outage, worker, self.prometheus)
            outage.induce(Parts(worker, self.groq, outage.name, resource))
            started = time.monotonic()
            for _ in range(outage.tasks):
                self.process_client.start(key, {"userMessage": outage.name})
            while not look.has_seen_all() and (seconds := time.monotonic() - started) < PATIENCE_SECONDS:
                look.take(seconds)
                time.sleep(LOOK_INTERVAL_SECONDS)
        return look.seen

    def _worker(self, outage: Outage, topic: str, resource: Any) -> WorkerProcess:
        worker = WorkerProcess(self.folder / outage.name, self.rest_url, self.groq.base_url)
        settings = {**SETTINGS, "topic": topic, "worker_id": topic, **outage.settings(resource)}
        worker.environ.update({f"CATALYST_{name.upper()}": value for name, value in settings.items()})
        if outage.faults:
            worker.inject_faults(outage.faults)
        return worker
