"""The command behind `make bench`."""

import asyncio
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import replicas, scaling
from bench.client_under_test import BARE_LOOP, JAVASCRIPT, THIS_WORKER, ClientUnderTest, clients_under_test
from bench.completions import FULL_ROUNDS_AND_TASKS, QUICK_ROUNDS_AND_TASKS, measure_completions
from bench.engine import java_flags_for, running_engine, warm_up_engine
from bench.environment import Environment
from bench.figures import Measurement
from bench.interleaving import measure_interleaved
from bench.limit_simulation import FULL_SIMULATIONS, QUICK_SIMULATIONS, simulate
from bench.machine import BackgroundLoad, describe_machine
from bench.measure import Sizes, measure
from bench.multi_instance import FULL_ITEMS, QUICK_ITEMS, measure_multi_instance
from bench.profiling import profile
from bench.report import Results, completions_section, format_results, items_section, profile_section
from bench.scale_report import ScaleResults, format_scale
from bench.scaling import measure_scaling
from bench.servers import POSTGRESQL, postgresql_database, running_redis
from bench.stub_process import running_stub
from catalyst_groq.errors import CatalystError
from catalyst_groq.sandbox.process_client import ProcessClient
from catalyst_groq.sandbox.progress import Done, Phase, ProgressDisplay
from catalyst_groq.sandbox.signals import interrupt_on_termination

RESULTS_FILE = Path(__file__).with_name("RESULTS.md")
SCALE_FILE = Path(__file__).with_name("SCALE.md")
FULL_ROUNDS = 3
FULL = Sizes(share=1.0, singles=30)
QUICK = Sizes(share=0.2, singles=10)
INTERLEAVED_CLIENTS = (THIS_WORKER.name, JAVASCRIPT, BARE_LOOP.name)
FULL_TURNS_AND_TASKS = (31, 300)
"""Turns of each client, and tasks in each turn."""
QUICK_TURNS_AND_TASKS = (2, 100)
PROFILED_TASKS = 1000
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(  # noqa: PLR0913 -- the options of the command
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run with too few tasks for reliable figures.")
    ] = False,
    only_profile: Annotated[bool, typer.Option("--profile", help="Only profile the CPU time of this worker.")] = False,
    only_items: Annotated[
        int, typer.Option("--items", help="Only measure a multi-instance of that many items.", min=0)
    ] = 0,
    only_completions: Annotated[
        bool, typer.Option("--completions", help="Only measure completions per second by their number of variables.")
    ] = False,
    only_replicas: Annotated[
        bool, typer.Option("--replicas", help="Only measure replicas and engine nodes; writes bench/SCALE.md.")
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="DB",
            help="The engine's database, as in `catalyst-groq engine --db`; `postgresql` starts a server.",
        ),
    ] = None,
    sandbox_engine: Annotated[
        bool, typer.Option("--c1", help="Run Java without its second compiler (C2), as the sandbox does.")
    ] = False,
) -> None:
    """Measure this worker beside other external-task clients and write bench/RESULTS.md."""
    console = Console()
    java_flags = java_flags_for(sandbox=sandbox_engine)
    neighbours = BackgroundLoad()
    if only_replicas:
        machine = describe_machine(java_flags, database="PostgreSQL, without fsync")
        return _write_scale(ScaleResults(machine, quick), neighbours, java_flags, console)
    machine = describe_machine(java_flags)
    with ProgressDisplay(console) as show, _running_environment(java_flags, database, show) as environment:
        show(Phase("Warming up the engine"))
        rates = warm_up_engine(environment, 2 if quick else 8)
        console.print(f"Tasks per second while warming up: {', '.join(f'{rate:.0f}' for rate in rates)}")
        if only_profile:
            show(Phase("Profiling"))
            profile_result = profile(environment, PROFILED_TASKS)
            show(Done())
            return console.print("\n".join(profile_section(profile_result)))
        if only_completions:
            sizes = QUICK_ROUNDS_AND_TASKS if quick else FULL_ROUNDS_AND_TASKS
            completions = measure_completions(environment, *sizes, lambda text: show(Phase(text)))
            show(Done())
            return console.print("\n".join(completions_section(completions)), markup=False, soft_wrap=True)
        if only_items:
            runs = measure_multi_instance(environment, clients_under_test(), only_items, lambda text: show(Phase(text)))
            show(Done())
            return console.print("\n".join(items_section(runs)), markup=False, highlight=False, soft_wrap=True)
        for results in _measure(environment, show, machine, quick=quick):
            # Write after each part, so that Ctrl-C does not lose half an hour of measurements.
            RESULTS_FILE.write_text(format_results(results), encoding="utf-8")
    machine["CPU used by other processes"] = f"{neighbours.share():.0%} of all cores"
    text = format_results(results)
    RESULTS_FILE.write_text(text, encoding="utf-8")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return None


@contextmanager
def _running_environment(
    java_flags: tuple[str, ...], database: str | None, show: ProgressDisplay
) -> Iterator[Environment]:
    with interrupt_on_termination(), ExitStack() as started:
        url = started.enter_context(postgresql_database()) if database == POSTGRESQL else database
        engine = started.enter_context(running_engine(java_flags, show, url))
        stub = started.enter_context(running_stub())
        process_client = started.enter_context(ProcessClient(engine.rest_url))
        yield Environment(process_client, stub)


def _write_scale(
    results: ScaleResults, neighbours: BackgroundLoad, java_flags: tuple[str, ...], console: Console
) -> None:
    """Measure replicas, and write all results so far after each part."""
    sizes = replicas.QUICK if results.is_smoke else replicas.FULL
    with interrupt_on_termination(), ProgressDisplay(console) as show:

        def on_phase(text: str) -> None:
            SCALE_FILE.write_text(format_scale(results), encoding="utf-8")
            show(Phase(text))

        for simulation in QUICK_SIMULATIONS if results.is_smoke else FULL_SIMULATIONS:
            on_phase(f"{simulation.replicas} replicas, simulated")
            with running_redis() as url:
                results.simulated.append(asyncio.run(simulate(simulation, url)))
        with replicas.running_cluster(java_flags, show) as cluster:
            results.fetches += replicas.measure_fetch_times(cluster, sizes, on_phase)
            for run in replicas.measure_replicas(cluster, sizes, on_phase):
                results.runs.append(run)
    results.machine["CPU used by other processes"] = f"{neighbours.share():.0%} of all cores"
    SCALE_FILE.write_text(format_scale(results), encoding="utf-8")
    console.print(format_scale(results), markup=False, highlight=False, soft_wrap=True)


def _measure(
    environment: Environment, show: ProgressDisplay, machine: dict[str, str], *, quick: bool
) -> Iterator[Results]:
    """Yield all results so far after each part."""
    clients = clients_under_test()
    rounds: dict[str, list[Measurement]] = {client.name: [] for client in clients}
    count = 1 if quick else FULL_ROUNDS
    for number in range(count):
        for client in _rotate(clients, number):
            show(Phase(f"Round {number + 1} of {count}: {client.name}"))
            rounds[client.name].append(measure(environment, client, QUICK if quick else FULL))
    yield Results(machine, rounds, quick)
    show(Phase("Measuring in interleaved turns"))
    interleaved_clients = [client for client in clients if client.name in INTERLEAVED_CLIENTS]
    interleaved = measure_interleaved(
        environment, interleaved_clients, *(QUICK_TURNS_AND_TASKS if quick else FULL_TURNS_AND_TASKS)
    )
    items = measure_multi_instance(
        environment, clients, QUICK_ITEMS if quick else FULL_ITEMS, lambda text: show(Phase(text))
    )
    sizes = scaling.QUICK if quick else scaling.ALL
    scaling_results = measure_scaling(environment, clients, sizes, lambda text: show(Phase(text)))
    yield Results(machine, rounds, quick, scaling_results, items=items, interleaved=interleaved)
    show(Phase("Profiling"))
    profile_result = profile(environment, PROFILED_TASKS // 4 if quick else PROFILED_TASKS)
    yield Results(machine, rounds, quick, scaling_results, profile_result, items, interleaved)


def _rotate(clients: list[ClientUnderTest], number: int) -> list[ClientUnderTest]:
    """Rotate the order in each round, so that no client always follows the same one."""
    order = deque(clients)
    order.rotate(-number)
    return list(order)


if __name__ == "__main__":
    try:
        app()
    except CatalystError as error:
        sys.exit(str(error))
