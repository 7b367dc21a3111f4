"""The real workers of camunda-external-task-client-python3, with a fake engine and the Groq emulator."""

import asyncio
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task import ExternalTask
from camunda.external_task.external_task_worker import ExternalTaskWorker

from catalyst_groq.config.settings import Settings
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.integrations.camunda_client import groq_handler
from support.contract_diagram import Diagram
from support.engine_rules import Task
from support.worker_harness import wait_until
from support.worker_process import ENV_KEY

numbers = itertools.count(1)
TOPIC = "catalyst-groq"
OPTIONS = {"asyncResponseTimeout": 200, "sleepSeconds": 0, "maxTasks": 1}


@dataclass
class LibraryHarness:
    """Tasks of a fake engine, and a handler for the library's workers."""

    backend: Any
    emulator: Any
    folder: Path
    worker_id: str = field(default_factory=lambda: f"library-{next(numbers)}")  # each has its own definitions
    handlers: list[Any] = field(default_factory=list)

    @property
    def engine(self):
        return self.backend.engine

    def settings(self, **values):
        return Settings(
            **{
                "engine_url": "http://127.0.0.1:9/engine-rest",  # not the worker's: it has to be asked for
                "GROQ_API_URL": self.emulator.base_url,
                "journal": str(self.folder / "journal.sqlite"),
                "limits": "off",
                **values,
            }
        )

    def handler(self, worker=None, *, key=ENV_KEY, extensions=None, **values):
        options = {"extensions": extensions} if extensions else {}
        settings = self.settings(**values)
        handler = groq_handler(worker, settings=settings, environ={"GROQ_API_KEY": key}, **options)
        self.handlers.append(handler)
        return handler

    def worker(self, **options):
        return ExternalTaskWorker(self.worker_id, self.backend.rest_url, OPTIONS | options)

    def async_worker(self, **options):
        return AsyncExternalTaskWorker(self.worker_id, self.backend.rest_url, OPTIONS | options)

    def create(self, properties=None, *, variables=None, **kind):
        """Let a process with these properties in its diagram arrive at a task; return the fake engine's task."""
        diagram = Diagram(topic=TOPIC, properties=tuple((properties or {}).items()))
        self.engine.bpmn = diagram.bpmn("contract").replace("{}", "").encode()
        typed = Encoder().encode_all({"userMessage": "hello"} | (variables or {}))
        task = Task(topic=TOPIC, variables=typed, extension_properties=properties or {}, **kind)
        return self.backend.run(self._create(task))

    async def _create(self, task):
        return self.engine.create(task)

    def close(self):
        for handler in self.handlers:
            handler.close()

    def fetch(self):
        """Fetch a task as a program does that has no worker of the library."""
        [context] = self.worker().client.fetch_and_lock(TOPIC)
        return ExternalTask(context)

    def run(self, handle, **options):
        """Let a synchronous worker process one task."""
        self.worker(**options).fetch_and_execute(TOPIC, handle)

    def run_async(self, handle, until, **options):
        """Let an asynchronous worker process tasks until a condition holds, then stop it."""

        async def work():
            worker = self.async_worker(**options)
            subscription = asyncio.create_task(worker.subscribe({TOPIC: handle}))
            await wait_until(until)
            await worker.stop()
            await subscription
            await wait_until(lambda: not self.engine.waiting_polls)  # a poll that was given up still gets a task

        asyncio.run(work())
