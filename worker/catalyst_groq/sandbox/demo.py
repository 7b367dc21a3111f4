"""The demo: a real process on a real engine, asked and answered, with every step shown."""

import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
"""Seconds for an answer: the template's three tries, 10 s apart, fit in."""

STOP_TIMEOUT_SECONDS = 15.0
MAX_SHOWN_CHARS = 500
"""Characters of a value in the table."""


def run_demo(question: str, *, keep: bool, flavour: Flavour, port: int, environ: Mapping[str, str]) -> None:
    """Show the example process from its deployment to its end.

    `environ` is what the worker sees; without a GROQ_API_KEY in it the emulator answers. Everything that is started
    ends with this function, however it ends. Raises `SandboxError` when no answer comes.
    """
    console = Console()
    with interrupt_on_termination(), ExitStack() as started:
        progress = started.enter_context(ProgressDisplay(console))
        engine = started.enter_context(EngineProcess(flavour, port=port, on_progress=progress))
        worker_environ = {**environ, "CATALYST_ENGINE_URL": engine.rest_url}
        if not environ.get("GROQ_API_KEY", "").strip():
            progress(Phase("Starting the Groq emulator (there is no GROQ_API_KEY)"))
            groq = started.enter_context(running_emulator())
            worker_environ |= {"GROQ_API_URL": groq.base_url, "GROQ_API_KEY": EMULATOR_KEY}
        progress(Phase("Starting the worker"))
        worker_log = started.enter_context(_running_worker(worker_environ))
        people = started.enter_context(ProcessClient(engine.rest_url))
        instance = _run_to_review(people, question, worker_log, progress)
        if not keep:
            progress(Phase("Completing the user task Review"))
            people.complete_user_task(instance)
        progress.finish()
        _show_variables(console, people, instance)
        _show_next_steps(console, engine, people.state(instance), keep=keep)
        if keep:
            threading.Event().wait()


def _run_to_review(process_client: ProcessClient, question: str, worker_log: Path, progress: OnProgress) -> str:
    """Bring one instance to the user task Review; returns its id."""
    progress(Phase("Deploying the example"))
    process_client.deploy(*example_files())
    progress(Phase("Starting an instance and completing the user task Configure"))
    instance = process_client.start(PROCESS_KEY)
    process_client.complete_user_task(instance, {"userMessage": question})
    progress(Phase("Asking Groq"))
    incidents = wait_for(
        "an answer from Groq; the worker's log is above",
        lambda: process_client.user_task(instance) == "Review" or process_client.incidents(instance),
        timeout=DEMO_TIMEOUT_SECONDS,
    )
    if isinstance(incidents, list):
        log = worker_log.read_text(encoding="utf-8", errors="replace")
        raise SandboxError(f"The engine shows an incident: {incidents[0]}\n\nThe worker's log:\n{log}")
    return instance


def example_files() -> list[Path]:
    """Return what belongs to the example: beside this module in an installed package, in `bpmn/` in a checkout."""
    here = Path(__file__).parent
    folder = here if (here / "groq-example.bpmn").exists() else here.parents[2] / "bpmn"
    return sorted([*folder.glob("groq-example*.bpmn"), *folder.glob("groq-example*.form")])


@contextmanager
def _running_worker(environ: Mapping[str, str]) -> Iterator[Path]:
    """Run the worker as an operator would, as a process of its own; yields its log."""
    with tempfile.TemporaryDirectory(prefix="catalyst-demo-") as folder:
        log = Path(folder) / "worker.log"
        command = [sys.executable, "-P", "-m", "catalyst_groq", "run"]
        child = ChildProcess(command, folder=Path(folder), log=log, environment=environ)
        try:
            yield log
        finally:
            child.terminate(STOP_TIMEOUT_SECONDS)


def _show_variables(console: Console, process_client: ProcessClient, instance: str) -> None:
    """Show the process variables as a table in a terminal, a line each in a pipe."""
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


def _show_next_steps(console: Console, engine: EngineProcess, state: str, *, keep: bool) -> None:
    console.print(f"The process instance is {state}.")
    console.print(f"Cockpit   {engine.cockpit_url}", soft_wrap=True)
    console.print(f"Tasklist  {engine.tasklist_url}   (user {USER}, password {PASSWORD})", soft_wrap=True)
    if keep:
        console.print("All is still running: open Tasklist, read the answer, start more. Ctrl-C ends it.")
    else:
        console.print("All is stopped again; `make demo ARGS=--keep` leaves it running for a look.")
