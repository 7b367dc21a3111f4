"""The command that deploys diagrams and starts processes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalyst_groq.cli.conventions import (
    FAULTS,
    EngineSession,
    Json,
    Timeout,
    make_console,
    read_var_options,
    run_with_engine,
)

if TYPE_CHECKING:
    from catalyst_groq.commands.deploy import DeployReport


def deploy(  # noqa: PLR0913 -- its options
    files: Annotated[
        list[Path],
        typer.Argument(help="Diagrams, decisions, forms; or folders with diagrams and decisions.", exists=True),
    ],
    *,
    start: Annotated[str, typer.Option(help="Start an instance of this process (its id in the diagram).")] = "",
    var: Annotated[
        list[str] | None,
        typer.Option(
            help="A variable of the instance: name=text, name:=json, name@path for a File, or name:Date=text."
        ),
    ] = None,
    business_key: Annotated[str, typer.Option(help="The business key of the instance.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the instance has ended, has an incident, or waits for a person.")
    ] = False,
    timeout: Timeout = 120,
    name: Annotated[str, typer.Option(help="The deployment's name; default: that of the first file.")] = "",
    tenant: Annotated[str, typer.Option(help="The tenant that the deployment belongs to.")] = "",
    always: Annotated[bool, typer.Option("--always", help="Deploy also if nothing has changed.")] = False,
    as_json: Json = False,
) -> None:
    """Deploy diagrams with their forms, and start an instance if that is wanted.

    Forms and scripts that a diagram refers to are taken from its folder. If the engine has the same files already, no
    new version is made. --var may be repeated.

    Exit codes: 0 deployed; with --wait: the instance has completed, or waits for a person; 1 the files are wrong, the
    engine refuses them, or the instance has an incident; 2 wrong usage, no such file, wrong settings.
    """
    from catalyst_groq.commands import deploy as command
    from catalyst_groq.commands.deploy_view import show_attempts, show_deployment, show_start, to_json
    from catalyst_groq.commands.deployment_files import collect_files
    from catalyst_groq.commands.outcome_view import show_outcome

    if (var or business_key or wait) and not start:
        raise typer.BadParameter("--var, --business-key and --wait are for an instance. Add --start KEY")
    collected = collect_files(files)
    if not collected.contents:
        raise typer.BadParameter("the folders have no .bpmn and no .dmn files. Name a diagram")

    async def work(session: EngineSession) -> "DeployReport":
        variables = read_var_options(session, var).with_contents()
        started = command.InstanceStart(start, variables, business_key, timeout if wait else 0) if start else None
        request = command.DeployRequest(
            collected, name or next(iter(collected.contents)), tenant, always=always, start=started
        )
        console = make_console(quiet=as_json)
        report = await command.deploy(
            session.rest,
            request,
            lambda report: show_deployment(console, report),
            lambda instance_id: show_start(console, instance_id),
            lambda attempts: show_attempts(console, attempts, session.mask),
        )
        if as_json:
            typer.echo(to_json(report, session.mask))
        elif report.outcome:
            show_outcome(console, report.outcome, session.mask)
        return report

    outcome = run_with_engine(work).outcome
    if outcome and not outcome.is_fine:
        raise typer.Exit(FAULTS)
