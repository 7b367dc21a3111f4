"""What the commands have in common: files in the current folder, exit codes, a client of the engine, questions."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from catalyst_groq.camunda.rest_client import RestClient
    from catalyst_groq.commands.variable_options import GivenVariables
    from catalyst_groq.config.settings import Settings
    from catalyst_groq.journal.administration import JournalAdministration

T = TypeVar("T")
Mask = Callable[[str], str]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Otherwise it is only shown; in a terminal you are asked.")]
Timeout = Annotated[float, typer.Option(min=1, help="The most seconds to wait.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

ENV_FILE = Path(".env")
SETTINGS_FILE = Path("worker.yaml")
FAULTS = 1
"""Exit code of a command that has found, or left, something that a person has to look at."""

UNAVAILABLE = 3
"""Exit code of a command that cannot read the journal."""

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or SIGTERM has ended, as in a shell."""


class EngineSession(NamedTuple):
    """What a command needs that works with the engine. `mask` hides the operator's keys in a text."""

    settings: "Settings"
    rest: "RestClient"
    mask: Mask


class JournalSession(NamedTuple):
    """What a command needs that works with the journal. `mask` hides the operator's keys in a text."""

    settings: "Settings"
    journal: "JournalAdministration"
    mask: Mask


def run_with_engine(work: Callable[[EngineSession], Awaitable[T]]) -> T:
    """Run a function with a client of the engine that the settings name."""
    from catalyst_groq.config.factory import make_rest_client

    settings, mask = _load()

    async def run() -> T:
        async with aclosing(make_rest_client(settings)) as rest:
            return await work(EngineSession(settings, rest, mask))

    return asyncio.run(run())


def run_with_journal(work: Callable[[JournalSession], Awaitable[T]]) -> T:
    """Run a function with the journal that the settings name. Raises `JournalUnavailable`, with the remedy."""
    from catalyst_groq.commands.doctor.findings import split_message
    from catalyst_groq.commands.doctor.storage_checks import START_REDIS
    from catalyst_groq.config.factory import is_journal_in_redis, make_journal_administration
    from catalyst_groq.errors import JournalError, JournalUnavailable

    settings, mask = _load()

    async def run() -> T:
        async with aclosing(make_journal_administration(settings)) as journal:
            return await work(JournalSession(settings, journal, mask))

    try:
        return asyncio.run(run())
    except JournalError as error:
        problem, remedy = split_message(str(error))
        if not remedy and is_journal_in_redis(settings):
            remedy = START_REDIS
        raise JournalUnavailable(f"{problem}. {remedy}." if remedy else f"{problem}.") from error


def _load() -> "tuple[Settings, Mask]":
    from catalyst_groq.config.factory import make_redactor
    from catalyst_groq.config.settings import Settings, environment

    settings = Settings.load(SETTINGS_FILE, ENV_FILE)
    return settings, make_redactor(settings, environment(ENV_FILE)).mask


def read_var_options(session: EngineSession, options: Sequence[str] | None) -> "GivenVariables":
    """Return the process variables of `--var`. A mistake in them is wrong usage."""
    from catalyst_groq.commands.variable_options import VariableOptionError, read_variables
    from catalyst_groq.domain.variables import Encoder

    try:
        return read_variables(options or [], Encoder(session.settings.string_limit))
    except VariableOptionError as error:
        raise typer.BadParameter(session.mask(str(error))) from error


def make_console(*, quiet: bool = False, wide: bool = False) -> "Console":
    """Return the console of a command's output. `wide`: nothing is folded to the width of the terminal or the pipe."""
    from rich.console import Console

    from catalyst_groq.commands.tables import PIPE_WIDTH, UNLIMITED_WIDTH

    if wide:
        return Console(width=UNLIMITED_WIDTH, quiet=quiet)
    is_known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_known else PIPE_WIDTH, quiet=quiet)


def ask(question: str) -> bool:
    """Ask a person in a terminal; False where there is none. Ctrl-C ends the command."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return typer.confirm(question)
    except typer.Abort as interrupt:
        typer.echo()
        raise typer.Exit(INTERRUPTED) from interrupt
