"""The demo: runs an example process on a real engine and shows each step."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from catalyst_groq.camunda.instances import Instances
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.tables import print_pairs, print_text
from catalyst_groq.common.transport import make_transport
from catalyst_groq.config.validation import PREFIX
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.demo_examples import Example
from catalyst_groq.sandbox.demo_view import (
    ACTIVE,
    describe_end,
    describe_next_steps,
    describe_start,
    find_command,
    show_variables,
)
from catalyst_groq.sandbox.emulator import running_emulator
from catalyst_groq.sandbox.engine import PASSWORD, USER, EngineProcess, Flavour
from catalyst_groq.sandbox.engine.startup_cache import prepare_in_background
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from catalyst_groq.sandbox.progress import OnProgress, Phase, ProgressDisplay
from catalyst_groq.sandbox.signals import interrupt_on_termination

EMULATOR_KEY = "gsk_demo_key_for_the_emulator_only"
DEMO_TIMEOUT_SECONDS = 120.0
"""Time limit for a response. It covers the template's three attempts, 10 s apart."""

STOP_TIMEOUT_SECONDS = 15.0
CHECK_INTERVAL_SECONDS = 0.5
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoWorker:
    """The worker, a separate process as an operator has it, and its log."""

    process: ChildProcess
    log_path: Path

    @property
    def log(self) -> str:
        """The log so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def check_running(self) -> None:
        """Raise `SandboxError` with the log if the process has ended."""
        if not self.process.running:
            raise SandboxError(f"The worker has ended unexpectedly.\n\nThe worker's log:\n{self.log}")


def run_demo(  # noqa: PLR0913 -- the options of the command
    console: Console,
    example: Example,
    question: str,
    *,
    keep: bool,
    flavour: Flavour,
    port: int,
    environ: Mapping[str, str],
) -> None:
    """Run an example process from its deployment to its end, and show it.

    `environ` is the worker's environment; settings of other workers in it are left out. Without a GROQ_API_KEY the
    worker uses the emulator. All started processes end with this function, also after an exception; only the startup
    cache of the engine may be prepared for some seconds afterwards. Raises `SandboxError` when no response arrives, and
    `KeyboardInterrupt` when it is interrupted before the end.
    """
    is_emulated = not environ.get("GROQ_API_KEY", "").strip()
    print_text(console, describe_start(example, is_emulated=is_emulated))
    with interrupt_on_termination(), ExitStack() as started:
        progress = started.enter_context(ProgressDisplay(console))
        engine = started.enter_context(EngineProcess(flavour, port=port, records_cache=False, on_progress=progress))
        worker_environ = {**without_settings(environ), "CATALYST_ENGINE_URL": engine.rest_url}
        if is_emulated:
            progress(Phase("Starting the emulator of Groq"))
            groq = started.enter_context(running_emulator())
            for rule in example.emulated:
                groq.next(**rule)
            worker_environ |= {"GROQ_API_URL": groq.base_url, "GROQ_API_KEY": EMULATOR_KEY}
        if keep:
            worker_environ["CATALYST_HTTP_PORT"] = str(_find_free_port())
        progress(Phase("Starting the worker"))
        worker = started.enter_context(_running_worker(worker_environ))
        process_client = started.enter_context(ProcessClient(engine.rest_url))
        asked = "the emulator" if is_emulated else "Groq"
        run = _DemoRun(example, question, engine, worker, process_client, progress, asked=asked, keep=keep)
        instance = run.run()
        progress.finish()
        console.print()
        print_text(console, describe_end(process_client.state(instance), run.waits_at))
        show_variables(console, asyncio.run(_read_variables(engine.rest_url, instance)))
        console.print()
        if not keep:
            command = find_command(os.environ.get("PATH", ""), sys.executable)
            for line in (*describe_next_steps(command, example), "Engine and worker stop now."):
                print_text(console, line)
        else:
            print_pairs(console, _addresses(engine, worker_environ, worker.log_path))
            print_text(console, "Press Ctrl-C to stop.")
            with suppress(KeyboardInterrupt):
                while not worker.process.wait(CHECK_INTERVAL_SECONDS):
                    engine.check_running()
                worker.check_running()
    if engine.lacks_cache:
        prepare_in_background(flavour)
        console.print("For some seconds a background process prepares faster starts of the engine.", soft_wrap=True)


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the settings of other workers."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}


@dataclass(slots=True)
class _DemoRun:
    """One instance, from its start to its end or, with `keep`, to the first user task after an answer of Groq."""

    example: Example
    question: str
    engine: EngineProcess
    worker: DemoWorker
    process_client: ProcessClient
    progress: OnProgress
    asked: str = field(kw_only=True)
    """Who answers."""
    keep: bool = field(kw_only=True)
    waits_at: str = field(default="", init=False)
    """The name of the user task at which the instance is left."""

    def run(self) -> str:
        """Run it, and return the id of the instance."""
        example, client = self.example, self.process_client
        self.progress(Phase(f"Deploying {example.key}"))
        client.deploy(*example.files())
        self.progress(Phase("Starting an instance"))
        instance = client.start_typed(example.key, example.start_variables(self.question))
        while tasks := self._wait_for_user_tasks(instance):
            if self.keep and tasks[0]["taskDefinitionKey"] != example.question_task:
                self.waits_at = _name_of(tasks[0])
                break
            for task in tasks:
                self.progress(Phase(f"Completing the user task {_name_of(task)}"))
                client.complete(task, example.entries_of(task["taskDefinitionKey"], self.question))
        return instance

    def _wait_for_user_tasks(self, instance: str) -> list[Mapping[str, Any]]:
        """Wait until user tasks wait, and return them; none when the instance has ended. Raises `SandboxError`."""
        step: dict[str, list[Any]] = {}

        def find_step() -> bool:
            self.worker.check_running()
            try:
                step["tasks"] = self.process_client.user_tasks(instance)
                step["incidents"] = self.process_client.incidents(instance)
                return bool(step["tasks"] or step["incidents"] or self.process_client.state(instance) != ACTIVE)
            except httpx.TransportError as error:
                self.engine.check_running()
                raise SandboxError(f"The engine does not respond: {error}") from error

        try:
            if not find_step():
                self.progress(Phase(f"Calling {self.asked}"))
                wait_for(f"a response from {self.asked}", find_step, timeout=DEMO_TIMEOUT_SECONDS)
        except SandboxError as error:
            if self.worker.process.running and self.engine.running:
                raise SandboxError(f"{error}\n\nThe worker's log:\n{self.worker.log}") from error
            raise
        if step["incidents"]:
            problem = f"The engine shows an incident: {step['incidents'][0]}"
            raise SandboxError(f"{problem}\n\nThe worker's log:\n{self.worker.log}")
        return step["tasks"]


async def _read_variables(rest_url: str, instance: str) -> Mapping[str, TypedValueDto]:
    """Return the variables of the process scope, as `deploy --wait` shows them. Raises `EngineError`."""
    async with aclosing(RestClient(rest_url, "", make_transport())) as rest:
        return await Instances(rest).variables(instance)


def _name_of(task: Mapping[str, Any]) -> str:
    return str(task["name"] or task["taskDefinitionKey"])


@contextmanager
def _running_worker(environ: Mapping[str, str]) -> Iterator[DemoWorker]:
    """Run the worker as a separate process, as an operator does, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="catalyst-demo-") as folder:
        log = Path(folder) / "worker.log"
        command = [sys.executable, "-P", "-m", "catalyst_groq", "run"]
        own = {"CATALYST_JOURNAL": str(Path(folder) / "journal.sqlite")}
        child = ChildProcess(command, folder=Path(folder), log=log, environment={**environ, **own})
        try:
            yield DemoWorker(child, log)
        finally:
            child.terminate(STOP_TIMEOUT_SECONDS)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


def _addresses(engine: EngineProcess, worker_environ: Mapping[str, str], worker_log: Path) -> dict[str, str]:
    return {
        "Cockpit": engine.cockpit_url,
        "Tasklist": engine.tasklist_url,
        "Log in as": f"{USER} / {PASSWORD}",
        "REST API": engine.rest_url,
        "Groq": worker_environ.get("GROQ_API_URL", GROQ_URL),
        "Metrics": f"http://{LOCALHOST}:{worker_environ['CATALYST_HTTP_PORT']}/metrics",
        "Worker's log": str(worker_log),
        "Engine's log": str(engine.log_path),
    }
