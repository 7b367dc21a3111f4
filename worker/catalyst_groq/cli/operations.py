"""Commands for operators: the settings, the stored responses, the budgets."""

from pathlib import Path
from typing import Annotated

import typer

from catalyst_groq.cli.conventions import ENV_FILE, FAULTS, SETTINGS_FILE, Json, make_console


def config(
    *,
    config: Annotated[
        Path | None, typer.Option(help="Settings file instead of worker.yaml.", exists=True, dir_okay=False)
    ] = None,
    only_set: Annotated[bool, typer.Option("--only-set", help="Leave out the settings that nobody has set.")] = False,
    as_json: Json = False,
) -> None:
    """Show every setting of the worker: its value, and where that comes from.

    The environment overrides .env, and .env overrides worker.yaml. Secrets are shown as ***. A name that is no setting,
    and a value that is wrong, is named below; then no worker starts here.

    Exit codes: 0 the settings are valid; 1 they are not; 2 wrong usage.
    """
    from catalyst_groq.commands.config_view import show_settings, to_json
    from catalyst_groq.config.effective_settings import list_settings
    from catalyst_groq.config.settings import Settings
    from catalyst_groq.config.sources import read_settings

    found = read_settings(Settings, config or SETTINGS_FILE, ENV_FILE)
    settings = [setting for setting in list_settings(found) if not (only_set and setting.is_default)]
    if as_json:
        typer.echo(to_json(settings, found.problems))
    else:
        show_settings(make_console(), settings, found.problems)
    if found.problems:
        raise typer.Exit(FAULTS)
