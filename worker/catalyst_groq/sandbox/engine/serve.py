"""Runs an engine until Ctrl-C."""

from contextlib import suppress

from rich.console import Console

from catalyst_groq.commands.tables import print_pairs
from catalyst_groq.sandbox.engine.flavours import PASSWORD, USER, Flavour
from catalyst_groq.sandbox.engine.process import EngineProcess
from catalyst_groq.sandbox.progress import ProgressDisplay
from catalyst_groq.sandbox.signals import interrupt_on_termination


def serve(flavour: Flavour, *, port: int, database: str | None, console: Console | None = None) -> None:
    """Start an engine, print its addresses, and stop it on Ctrl-C or SIGTERM. A second signal stops it without cleanup.

    Args:
        flavour: Which engine.
        port: Port on 127.0.0.1; 0 chooses a free port.
        database: An H2 file, a PostgreSQL or JDBC URL, or None for a database in memory.
        console: Shows addresses and progress.

    Raises:
        SandboxError: It cannot start, or it ended unexpectedly.

    """
    console = console or Console()
    with (
        suppress(KeyboardInterrupt),
        interrupt_on_termination(),
        ProgressDisplay(console) as show,
        EngineProcess(flavour, port=port, database=database, on_progress=show) as engine,
    ):
        print_pairs(console, _addresses(engine))
        console.print("Press Ctrl-C to stop.")
        engine.wait()


def _addresses(engine: EngineProcess) -> dict[str, str]:
    return {
        "REST API": engine.rest_url,
        "Cockpit": engine.cockpit_url,
        "Tasklist": engine.tasklist_url,
        "Log in as": f"{USER} / {PASSWORD}",
        "Log file": str(engine.log_path),
    }
