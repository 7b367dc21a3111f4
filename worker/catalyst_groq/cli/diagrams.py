"""Commands for modellers: checks of diagrams, models, templates and examples."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalyst_groq.cli.conventions import ENV_FILE, SETTINGS_FILE, make_console
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters

if TYPE_CHECKING:
    from catalyst_groq.config.settings import Settings

MODELER_FOLDER = Path(".camunda", "element-templates")


def lint(  # noqa: PLR0913 -- its options
    files: Annotated[
        list[Path] | None, typer.Argument(help="BPMN diagrams, or folders with such files.", exists=True)
    ] = None,
    *,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Check the latest versions of the processes in the engine.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for programs.")] = False,
    sarif: Annotated[
        Path | None, typer.Option(help="Also write the findings to this file as SARIF, for code hosts.", dir_okay=False)
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix in the files what needs no decision, then print what remains.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what --fix would change, and change nothing.")] = False,
) -> None:
    """Find mistakes in BPMN diagrams before a process runs, each with its fix.

    It reads diagrams as the worker does, and asks neither Groq nor, without --deployed, the engine. Topics, allowed
    secrets, URLs and models are those of the worker's settings here (environment, .env, worker.yaml).

    --fix replaces single values where only one thing can be meant; docs/lint.md lists the rules. Everything else in the
    file stays as it is, byte for byte. --diff shows that first, and exits with 0.

    Exit codes: 0 nothing found, or hints only; 1 errors or warnings found; 2 wrong usage, no such file, wrong settings.
    """
    from catalyst_groq.app import report_lint
    from catalyst_groq.commands.lint.command import find_files
    from catalyst_groq.commands.lint.findings import has_problems
    from catalyst_groq.commands.lint.sarif import to_sarif
    from catalyst_groq.commands.lint.view import show_findings, to_json
    from catalyst_groq.common.json_codec import to_text
    from catalyst_groq.config.settings import Settings, environment

    found = find_files(files or [])
    if not found and not deployed:
        raise typer.BadParameter("name at least one BPMN file, a folder with .bpmn files, or --deployed")
    if (fix or diff) and deployed:
        raise typer.BadParameter("--fix and --diff are for files: a deployed diagram is fixed by a new deployment")
    settings = Settings.load(SETTINGS_FILE, ENV_FILE)
    if fix or diff:
        _fix(settings, found, only_show=diff)
    if diff:
        return
    reports = asyncio.run(report_lint(settings, environment(ENV_FILE), found, deployed=deployed))
    if sarif:
        _write(sarif, to_text(to_sarif(reports, settings.engine_url), str))
    if as_json:
        typer.echo(to_json(reports))
    else:
        show_findings(make_console(), reports)
    if has_problems(reports):
        raise typer.Exit(1)


def _fix(settings: "Settings", files: list[Path], *, only_show: bool) -> None:
    """Fix files, or print what would change. The messages go to stderr, so that `--json` has stdout to itself."""
    from catalyst_groq.app import find_fixes
    from catalyst_groq.config.settings import environment

    for file in asyncio.run(find_fixes(settings, environment(ENV_FILE), files)):
        if only_show:
            typer.echo(escape_control_characters(file.diff, keep=TAB_AND_LINE_FEED), nl=False)
            continue
        file.write()
        mistakes = "1 mistake" if file.fixed == 1 else f"{file.fixed} mistakes"
        typer.echo(escape_control_characters(f"{file.path}: fixed {mistakes}"), err=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}") from error


def models(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Print the table in one piece, however narrow the terminal is.")
    ] = False,
) -> None:
    """Show models: features, prices, which ones the key may use, and processes that use an unavailable one."""
    from catalyst_groq.app import report_models
    from catalyst_groq.commands.models_view import models_as_json, show_models
    from catalyst_groq.config.settings import Settings, environment

    settings = Settings.load(SETTINGS_FILE, ENV_FILE)
    report = asyncio.run(report_models(settings, environment(ENV_FILE)))
    if as_json:
        typer.echo(models_as_json(report))
    else:
        show_models(make_console(wide=wide), report)


def templates(
    to: Annotated[Path, typer.Option(help="The folder.")] = MODELER_FOLDER,
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that were changed.")] = False,
) -> None:
    """Copy the element templates to a folder, by default to one beside your diagrams where the Modeler finds them."""
    from catalyst_groq.common.bundled_files import TEMPLATES

    _copy(TEMPLATES, to, overwrite=overwrite)


def examples(
    to: Annotated[Path, typer.Option(help="The folder.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that were changed.")] = False,
) -> None:
    """Copy the example processes with their forms to a folder."""
    from catalyst_groq.common.bundled_files import EXAMPLES

    _copy(EXAMPLES, to, overwrite=overwrite)


def modeler_plugin(
    to: Annotated[
        Path, typer.Option(help="The Modeler's folder of plugins (resources/plugins), or a Node.js project.")
    ],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that were changed.")] = False,
) -> None:
    """Copy the plugin for the Camunda Modeler and bpmnlint, which finds mistakes while you draw, to a folder."""
    from catalyst_groq.common.bundled_files import PLUGIN

    _copy(PLUGIN, to / PLUGIN, overwrite=overwrite, recursive=True)


def _copy(name: str, target: Path, *, overwrite: bool, recursive: bool = False) -> None:
    from catalyst_groq.commands.copy_files import copy_files
    from catalyst_groq.common.bundled_files import find_folder

    for path in copy_files(find_folder(name), target, overwrite=overwrite, recursive=recursive):
        typer.echo(path)
