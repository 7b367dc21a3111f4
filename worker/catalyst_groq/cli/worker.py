"""Commands that run the worker, and check whether it is alive."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalyst_groq.cli.conventions import ENV_FILE, SETTINGS_FILE

if TYPE_CHECKING:
    from catalyst_groq.config.settings import Settings

log = logging.getLogger(__name__)


def run(
    config: Annotated[
        Path | None,
        typer.Option(help="Settings file instead of worker.yaml; the environment overrides it.", exists=True),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 1,
) -> None:
    """Run the worker until Ctrl-C or SIGTERM."""
    from catalyst_groq.app import run_worker
    from catalyst_groq.config.effective_settings import find_replaced_secrets
    from catalyst_groq.config.settings import Settings, environment
    from catalyst_groq.config.sources import read_settings
    from catalyst_groq.domain.redaction import Redactor
    from catalyst_groq.observability.logging import set_up_logging
    from catalyst_groq.observability.tracing import OTEL_PREFIX

    found = read_settings(Settings, config or SETTINGS_FILE, ENV_FILE)
    settings = found.require()
    redactor = Redactor()
    set_up_logging(settings.log_level, redactor, settings.log_format, settings.debug)
    if processes > 1:
        raise typer.Exit(_run_processes(processes, config, settings))
    environ = environment(ENV_FILE)
    for text in find_replaced_secrets(found):
        log.warning("%s.", text)
    # OpenTelemetry reads its variables from the environment only.
    os.environ.update({name: value for name, value in environ.items() if name.startswith(OTEL_PREFIX)})
    run_loop(run_worker(settings, environ, redactor))


def _run_processes(count: int, config: Path | None, settings: "Settings") -> int:
    """Run several workers. Each has its own worker id. One health port serves all, by asking each at its own port."""
    from catalyst_groq.observability.health_of_processes import LOOPBACK, health_of_processes
    from catalyst_groq.supervisor import find_free_ports, run_worker_processes

    # -P: modules in the current folder, such as a user's logging.py, must not replace modules of this program.
    command = [sys.executable, "-P", "-m", "catalyst_groq", "run", *(["--config", str(config)] if config else [])]
    environs = []
    ports = find_free_ports(count) if settings.http_port else []
    for number in range(count):
        overrides = {}
        if settings.worker_id:
            overrides["CATALYST_WORKER_ID"] = f"{settings.worker_id}-{number + 1}"
        if ports:
            overrides |= {"CATALYST_HTTP_HOST": LOOPBACK, "CATALYST_HTTP_PORT": str(ports[number])}
        environs.append({**os.environ, **overrides})
    if not settings.http_port:
        return run_worker_processes(command, environs)
    with health_of_processes(settings.http_host, settings.http_port, ports):
        return run_worker_processes(command, environs)


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the event loop of the worker."""
    from catalyst_groq.common.loop_thread import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def healthy(
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="CATALYST_HTTP_PORT", help="The worker's health port.")],
    host: Annotated[str, typer.Option(envvar="CATALYST_HTTP_HOST", help="The address it listens at.")] = "127.0.0.1",
) -> None:
    """Check whether the worker on this machine is alive (exit code 0, else 1): a container's health check."""
    from catalyst_groq.observability.health import find_health_problem

    if problem := asyncio.run(find_health_problem(host, port)):
        typer.echo(problem.text, err=True)
        raise typer.Exit(1)
