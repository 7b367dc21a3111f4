"""The demo: runs the example process on a real engine and shows each step."""

import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalyst_groq.common.bundled_files import EXAMPLES, find_folder
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
MAX_SHOWN_CHARS = 500
"""Characters shown of one variable."""


def run_demo(question: str, *, keep: bool, flavour: Flavour, port: int, environ: Mapping[str, str]) -> None:
    """Run the example process from its deployment to its end, and show it.

    `environ` is the worker's environment. Without a GROQ_API_KEY in it, the worker uses the emulator. All started
    processes end with this function, also after an exception. Raises `SandboxError` when no response arrives.
    """
    console = Console()
    with interrupt_on_termination(), ExitStack() as started:
        progress = started.enter_context(ProgressDisplay(console))
        engine = started.enter_context(EngineProcess(flavour, port=port, on_progress=progress))
        worker_environ = {**environ, "CATALYST_ENGINE_URL": engine.rest_url}
        if not environ.get("GROQ_API_KEY", "").strip():
            progress(Phase("Starting the Groq emulator (GROQ_API_KEY is not set)"))
            groq = started.enter_context(running_emulator())
            worker_environ |= {"GROQ_API_URL": groq.base_url, "GROQ_API_KEY": EMULATOR_KEY}
        progress(Phase("Starting the worker"))
        worker_log = started.enter_context(_running_worker(worker_environ))
        process_client = started.enter_context(ProcessClient(engine.rest_url))
        instance = _run_to_review(process_client, question, worker_log, progress)
        if not keep:
            progress(Phase("Completing the user task Review"))
            process_client.complete_user_task(instance)
        progress.finish()
        _show_variables(console, process_client, instance)
        _show_next_steps(console, engine, process_client.state(instance), keep=keep)
        if keep:
            threading.Event().wait()


def _run_to_review(process_client: ProcessClient, question: str, worker_log: Path, progress: OnProgress) -> str:
    """Start one instance and wait until it reaches the user task Review. Returns its id."""
    progress(Phase("Deploying the example"))
    process_client.deploy(*example_files())
    progress(Phase("Starting an instance and completing the user task Configure"))
    instance = process_client.start(PROCESS_KEY)
    process_client.complete_user_task(instance, {"userMessage": question})
    progress(Phase("Calling Groq"))
    incidents = wait_for(
        "a response from Groq",
        lambda: process_client.user_task(instance) == "Review" or process_client.incidents(instance),
        timeout=DEMO_TIMEOUT_SECONDS,
    )
    if isinstance(incidents, list):
        log = worker_log.read_text(encoding="utf-8", errors="replace")
        raise SandboxError(f"The engine shows an incident: {incidents[0]}\n\nThe worker's log:\n{log}")
    return instance


def example_files() -> list[Path]:
    """Return the files of the example."""
    folder = find_folder(EXAMPLES)
    return sorted([*folder.glob("groq-example*.bpmn"), *folder.glob("groq-example*.form")])


@contextmanager
def _running_worker(environ: Mapping[str, str]) -> Iterator[Path]:
    """Run the worker as a separate process, as an operator does. Yields its log file."""
    with tempfile.TemporaryDirectory(prefix="catalyst-demo-") as folder:
        log = Path(folder) / "worker.log"
        command = [sys.executable, "-P", "-m", "catalyst_groq", "run"]
        child = ChildProcess(command, folder=Path(folder), log=log, environment=environ)
        try:
            yield log
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


def _show_next_steps(console: Console, engine: EngineProcess, state: str, *, keep: bool) -> None:
    console.print(f"The process instance is {state}.")
    console.print(f"Cockpit   {engine.cockpit_url}", soft_wrap=True)
    console.print(f"Tasklist  {engine.tasklist_url}   (user {USER}, password {PASSWORD})", soft_wrap=True)
    if keep:
        console.print(
            "Engine and worker are still running. Open Tasklist to review the response. Press Ctrl-C to stop."
        )
    else:
        console.print("Engine and worker have stopped. `make demo ARGS=--keep` keeps them running.")
