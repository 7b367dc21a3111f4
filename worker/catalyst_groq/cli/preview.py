"""The command that previews the request of one task."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalyst_groq.cli.conventions import ENV_FILE, INTERRUPTED, SETTINGS_FILE, make_console
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.errors import CatalystError

if TYPE_CHECKING:
    from catalyst_groq.commands.preview.loading import PreviewOptions


def render(  # noqa: PLR0913 -- its options
    file: Annotated[Path | None, typer.Argument(help="The BPMN diagram.", exists=True, dir_okay=False)] = None,
    *,
    task: Annotated[
        str | None, typer.Option(help="Id of the task in the diagram; not needed if it has only one for Groq.")
    ] = None,
    var: Annotated[
        list[str] | None,
        typer.Option(help="A process variable: name=text, name:=json, or name@path for a File; repeat for several."),
    ] = None,
    instance: Annotated[
        str | None,
        typer.Option(help="Take the variables from this running process instance (or external task) in the engine."),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Ask Groq, and show the answer with its variables.")] = False,
    response: Annotated[
        Path | None,
        typer.Option(help="Try this answer, a response body of Groq, instead of asking.", exists=True, dir_okay=False),
    ] = None,
    status: Annotated[int, typer.Option(min=100, max=599, help="HTTP status of that answer.")] = HTTPStatus.OK.value,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again whenever a file changes, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show the request that a task would send to Groq, without running a process.

    It shows where each field and variable comes from, the request (without the key), its estimated tokens and cost, and
    which endpoint and model get it. With --send or --response it also shows the process variables that the task would
    set with their types, the BPMN error, or the incident. It is made by the worker's own code, with the worker's
    settings here (environment, .env, worker.yaml).

    Exit codes: 0 the task works; 1 it would fail; 2 wrong usage, no such file, wrong settings.
    """
    from catalyst_groq.commands.preview.loading import PreviewOptions
    from catalyst_groq.commands.variable_options import file_of, read_file

    if file is None and instance is None:
        raise typer.BadParameter("name a BPMN file, or a running instance with --instance")
    if send and response:
        raise typer.BadParameter("--send asks Groq, --response tries a file: leave one of them out")
    if response is None and status != HTTPStatus.OK:
        raise typer.BadParameter("--status is that of the answer in --response")
    if watch and file is None:
        raise typer.BadParameter("--watch needs a BPMN file")

    def read_options() -> "PreviewOptions":
        return PreviewOptions(
            file=file,
            task_id=task,
            variables=tuple(var or ()),
            instance=instance,
            send=send,
            response=read_file(response, "--response") if response else None,
            status=status,
        )

    # What the worker would log is in the outcome.
    logging.getLogger("catalyst_groq").addHandler(logging.NullHandler())
    if not watch:
        raise typer.Exit(int(_render(read_options(), as_json=as_json)))
    named = [path for path in (file, response, *map(file_of, var or ())) if path]
    _render_repeatedly(read_options, named, as_json=as_json)


def _render(options: "PreviewOptions", *, as_json: bool) -> bool:
    """Print a preview; returns whether the task would fail."""
    from catalyst_groq.commands.preview.as_json import to_json
    from catalyst_groq.commands.preview.command import render_task
    from catalyst_groq.commands.preview.errors import PreviewError
    from catalyst_groq.commands.preview.view import show_preview
    from catalyst_groq.commands.variable_options import VariableOptionError
    from catalyst_groq.config.settings import Settings, environment

    settings = Settings.load(SETTINGS_FILE, ENV_FILE)
    try:
        preview = asyncio.run(render_task(settings, environment(ENV_FILE), options))
    except (PreviewError, VariableOptionError) as error:
        typer.echo(escape_control_characters(str(error)), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(to_json(preview))
    else:
        show_preview(make_console(), preview)
    return preview.has_failed


def _render_repeatedly(read_options: Callable[[], "PreviewOptions"], files: Sequence[Path], *, as_json: bool) -> None:
    """Print a preview now and after each change of a file. A mistake is shown, and the next change is waited for."""
    from catalyst_groq.commands.preview.watching import watch

    try:
        for _ in watch(files):
            try:
                _render(read_options(), as_json=as_json)
            except CatalystError as error:
                typer.echo(escape_control_characters(str(error), keep=TAB_AND_LINE_FEED), err=True)
            except typer.Exit:
                pass
            typer.echo(f"\nWaiting for changes of {', '.join(map(str, files))} (Ctrl-C ends).\n", err=True)
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
