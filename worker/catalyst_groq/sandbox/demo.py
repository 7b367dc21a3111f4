"""The demo: runs the example process on a real engine and shows each step."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalyst_groq.common.bundled_files import EXAMPLES, find_folder
from catalyst_groq.config.validation import PREFIX
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.emulator import running_emulator
from catalyst_groq.sandbox.engine import PASSWORD, USER, EngineProcess, Flavour
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from catalyst_groq.sandbox.progress import OnProgress, Phase, ProgressDisplay
from catalyst_groq.sandbox.signals import interrupt_on_termination

PROCESS_KEY = "groq-example"
EMULATOR_KEY = "gsk_demo_key_for_the_emulator_only"
DEMO_TIMEOUT_SECONDS = 120.0
"""Time limit for a response. It covers the template's three attempts, 10 s apart."""

STOP_TIMEOUT_SECONDS = 15.0
CHECK_INTERVAL_SECONDS = 0.5
MAX_SHOWN_CHARS = 500
"""Characters shown of one variable."""


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


def run_demo(question: str, *, keep: bool, flavour: Flavour, port: int, environ: Mapping[str, str]) -> None:
    """Run the example process from its deployment to its end, and show it.

    `environ` is the worker's environment; settings of other workers in it are left out. Without a GROQ_API_KEY the
    worker uses the emulator. All started processes end with this function, also after an exception. Raises
    `SandboxError` when no response arrives, and `KeyboardInterrupt` when it is interrupted before the end.
    """
    console = Console()
    with interrupt_on_termination(), ExitStack() as started:
        progress = started.enter_context(ProgressDisplay(console))
        engine = started.enter_context(EngineProcess(flavour, port=port, on_progress=progress))
        worker_environ = {**without_settings(environ), "CATALYST_ENGINE_URL": engine.rest_url}
        if not environ.get("GROQ_API_KEY", "").strip():
            progress(Phase("Starting the Groq emulator (GROQ_API_KEY is not set)"))
            groq = started.enter_context(running_emulator())
            worker_environ |= {"GROQ_API_URL": groq.base_url, "GROQ_API_KEY": EMULATOR_KEY}
        progress(Phase("Starting the worker"))
        worker = started.enter_context(_running_worker(worker_environ))
        process_client = started.enter_context(ProcessClient(engine.rest_url))
        instance = _run_to_review(process_client, question, worker, progress)
        if not keep:
            progress(Phase("Completing the user task Review"))
            process_client.complete_user_task(instance)
        progress.finish()
        _show_variables(console, process_client, instance)
        console.print(f"The process instance is {process_client.state(instance)}.")
        if not keep:
            console.print("Engine and worker stop now. `make demo ARGS=--keep` keeps them running.")
            return
        groq_url = worker_environ.get("GROQ_API_URL", GROQ_URL)
        console.print(_addresses(engine, groq_url, worker.log_path), "Press Ctrl-C to stop.", sep="\n")
        with suppress(KeyboardInterrupt):
            while not worker.process.wait(CHECK_INTERVAL_SECONDS):
                pass
            worker.check_running()


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the settings of other workers."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}


def _run_to_review(process_client: ProcessClient, question: str, worker: DemoWorker, progress: OnProgress) -> str:
    """Start one instance and wait until it reaches the user task Review. Returns its id."""
    progress(Phase("Deploying the example"))
    process_client.deploy(*example_files())
    progress(Phase("Starting an instance and completing the user task Configure"))
    instance = process_client.start(PROCESS_KEY)
    process_client.complete_user_task(instance, {"userMessage": question})
    progress(Phase("Calling Groq"))

    def find_end() -> bool | list[str]:
        worker.check_running()
        return process_client.user_task(instance) == "Review" or process_client.incidents(instance)

    try:
        incidents = wait_for("a response from Groq", find_end, timeout=DEMO_TIMEOUT_SECONDS)
    except SandboxError as error:
        if worker.process.running:
            raise SandboxError(f"{error}\n\nThe worker's log:\n{worker.log}") from error
        raise
    if isinstance(incidents, list):
        raise SandboxError(f"The engine shows an incident: {incidents[0]}\n\nThe worker's log:\n{worker.log}")
    return instance


def example_files() -> list[Path]:
    """Return the files of the example."""
    folder = find_folder(EXAMPLES)
    return sorted([*folder.glob("groq-example*.bpmn"), *folder.glob("groq-example*.form")])


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


def _show_variables(console: Console, process_client: ProcessClient, instance: str) -> None:
    """Show the process variables: as a table in a terminal, otherwise one line each."""
    table = Table("variable", "type", "value", title=f"Process variables of instance {instance}", title_justify="left")
    for name, typed in sorted(process_client.typed_variables(instance).items()):
        value = _shorten("" if typed["value"] is None else str(typed["value"]))
        if console.is_terminal:
            table.add_row(name, typed["type"], Text(value))
        else:
            console.print(f"{name} ({typed['type']}): {value}", markup=False, highlight=False, soft_wrap=True)
    if console.is_terminal:
        console.print(table)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}… ({len(text):,} characters)"


def _addresses(engine: EngineProcess, groq_url: str, worker_log: Path) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("Cockpit", engine.cockpit_url)
    table.add_row("Tasklist", engine.tasklist_url)
    table.add_row("Log in as", f"{USER} / {PASSWORD}")
    table.add_row("REST API", engine.rest_url)
    table.add_row("Groq", groq_url)
    table.add_row("Worker's log", str(worker_log))
    table.add_row("Engine's log", str(engine.log_path))
    return table
