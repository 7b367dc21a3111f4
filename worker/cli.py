"""The front door: the command `catalyst-groq`, its options and its exit codes (0 fine, 1 failed, 2 wrong settings)."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from worker import __version__
from worker.app import run_worker
from worker.connector.secrets import Redactor
from worker.errors import CatalystError, SettingsError
from worker.operations.logging import set_up_logging
from worker.settings import Settings, environment

app = typer.Typer(
    name="catalyst-groq",
    help="BPMN service tasks of Camunda 7, Operaton and CIB seven ask Groq.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
ENV_FILE = Path(".env")


@app.callback(invoke_without_command=True)
def front(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Show the version where that is all that is asked."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="Settings file; the environment wins over it.")] = Path("worker.yaml"),
) -> None:
    """Run the worker until Ctrl-C or SIGTERM."""
    settings = Settings.load(config, ENV_FILE)
    redactor = Redactor()
    set_up_logging(settings.log_level, redactor)
    run_loop(run_worker(settings, environment(ENV_FILE), redactor))


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one: it halves the worker's own time per task."""
    try:
        import uvloop  # noqa: PLC0415 -- not on every platform

        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
    except ImportError:
        loop_factory = None
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


def main() -> None:
    """Run the command; whatever the worker reports on purpose is one message without a traceback."""
    try:
        app()
    except CatalystError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except asyncio.CancelledError:
        sys.exit(130)
