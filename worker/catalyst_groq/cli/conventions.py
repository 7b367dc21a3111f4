"""What the commands have in common: files in the current folder, exit codes, options, the console."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

ENV_FILE = Path(".env")
SETTINGS_FILE = Path("worker.yaml")
FAULTS = 1
"""Exit code of a command that has found, or left, something that a person has to look at."""

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or SIGTERM has ended, as in a shell."""


def make_console(*, quiet: bool = False) -> "Console":
    """Return a console for tables: in a pipe nothing is cut off or broken to its width."""
    from rich.console import Console

    from catalyst_groq.commands.tables import UNLIMITED_WIDTH

    return Console(width=None if sys.stdout.isatty() else UNLIMITED_WIDTH, quiet=quiet)
