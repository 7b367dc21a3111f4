"""The command that checks a set-up."""

import asyncio
import logging
from typing import Annotated

import typer

from catalyst_groq.cli.conventions import ENV_FILE, SETTINGS_FILE, make_console
from catalyst_groq.errors import SettingsError


def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for programs.")] = False
) -> None:
    """Check the set-up of a worker: settings, engine, rights, keys, endpoints, journal, tasks that wait, incidents.

    It uses the settings here (environment, .env, worker.yaml), so run it where the worker runs. Each fault comes with
    its fix. It may run beside a worker: it locks no task, takes no worker id, and sends no request that costs money.

    Exit codes: 0 everything works, perhaps with hints; 1 faults found; 2 wrong usage.
    """
    from rich.console import Console

    from catalyst_groq.commands.doctor.command import diagnose
    from catalyst_groq.commands.doctor.findings import has_faults
    from catalyst_groq.commands.doctor.view import show_findings, to_json
    from catalyst_groq.config.settings import Settings, environment
    from catalyst_groq.config.sources import read_environment, read_settings

    # What the parts would log is among the findings.
    logging.getLogger("catalyst_groq").addHandler(logging.NullHandler())
    found = read_settings(Settings, SETTINGS_FILE, ENV_FILE)
    try:
        environ = environment(ENV_FILE)
    except SettingsError:  # it is among the problems of the settings
        environ = read_environment(ENV_FILE)
    with Console(stderr=True).status("Checking the settings, the engine and the endpoints …"):
        findings = asyncio.run(diagnose(found, environ))
    if as_json:
        typer.echo(to_json(findings))
    else:
        show_findings(make_console(), findings)
    if has_faults(findings):
        raise typer.Exit(1)
