"""The command behind `make bench`."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import growth
from bench.client_under_test import FLOOR, JAVASCRIPT, OURS, Contender, contenders
from bench.engine import flags, running_engine, warm_engine
from bench.environment import Stage
from bench.figures import Measured
from bench.growth import measure_growth
from bench.interleaving import in_turns
from bench.machine import Neighbours, describe
from bench.measure import Sizes, measure
from bench.profiling import profile
from bench.report import Results, time_spent, written
from bench.stub_process import running_stub
from catalyst_groq.errors import CatalystError
from catalyst_groq.sandbox.process_client import ProcessClient
from catalyst_groq.sandbox.progress import Done, Phase, ProgressDisplay
from catalyst_groq.sandbox.signals import interrupt_on_termination

RESULTS = Path(__file__).with_name("RESULTS.md")
FULL_ROUNDS = 3
FULL = Sizes(share=1.0, singles=30)
QUICK = Sizes(share=0.2, singles=10)
RIVALS = (OURS.name, JAVASCRIPT, FLOOR.name)
FULL_TURNS = (31, 300)
"""How many turns each has, and how many tasks in each."""
QUICK_TURNS = (2, 100)
PROFILED_TASKS = 1000
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke run; its figures say little.")] = False,
    only_profile: Annotated[bool, typer.Option("--profile", help="Only say where this worker's time goes.")] = False,
    sandbox_engine: Annotated[
        bool, typer.Option("--c1", help="Java without its second compiler, as the sandbox starts it.")
    ] = False,
) -> None:
    """Measure this worker beside other external-task clients and write bench/RESULTS.md."""
    console = Console()
    java_flags = flags(sandbox=sandbox_engine)
    machine, neighbours = describe(java_flags), Neighbours()
    with ProgressDisplay(console) as show, _stage(java_flags, show) as stage:
        show(Phase("Warming the engine up"))
        rates = warm_engine(stage, 2 if quick else 8)
        console.print(f"Tasks per second while warming up: {', '.join(f'{rate:.0f}' for rate in rates)}")
        if only_profile:
            show(Phase("Profiling"))
            spent = profile(stage, PROFILED_TASKS)
            show(Done())
            return console.print("\n".join(time_spent(spent)))
        for results in _measured(stage, show, machine, quick=quick):
            # Half an hour's work is not lost to a Ctrl-C in the last minute.
            RESULTS.write_text(written(results), encoding="utf-8")
    machine["Others at work meanwhile"] = f"{neighbours.share():.0%} of all cores"
    text = written(results)
    RESULTS.write_text(text, encoding="utf-8")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return None


@contextmanager
def _stage(java_flags: tuple[str, ...], show: ProgressDisplay) -> Iterator[Stage]:
    with interrupt_on_termination(), ExitStack() as started:
        engine = started.enter_context(running_engine(java_flags, show))
        stub = started.enter_context(running_stub())
        people = started.enter_context(ProcessClient(engine.rest_url))
        yield Stage(people, stub)


def _measured(stage: Stage, show: ProgressDisplay, machine: dict[str, str], *, quick: bool) -> Iterator[Results]:
    """Yield all results so far, after each part."""
    everybody = contenders()
    rounds: dict[str, list[Measured]] = {contender.name: [] for contender in everybody}
    count = 1 if quick else FULL_ROUNDS
    for number in range(count):
        for contender in _turned(everybody, number):
            show(Phase(f"Round {number + 1} of {count}: {contender.name}"))
            rounds[contender.name].append(measure(stage, contender, QUICK if quick else FULL))
    yield Results(machine, rounds, quick)
    show(Phase("Side by side, in short turns"))
    rivals = [contender for contender in everybody if contender.name in RIVALS]
    turns = in_turns(stage, rivals, *(QUICK_TURNS if quick else FULL_TURNS))
    sizes = growth.QUICK if quick else growth.ALL
    grown = measure_growth(stage, everybody, sizes, lambda what: show(Phase(what)))
    yield Results(machine, rounds, quick, grown, turns=turns)
    show(Phase("Profiling"))
    spent = profile(stage, PROFILED_TASKS // 4 if quick else PROFILED_TASKS)
    yield Results(machine, rounds, quick, grown, spent, turns)


def _turned(everybody: list[Contender], number: int) -> list[Contender]:
    """Let another one begin in every round, so that nobody always follows the same one."""
    order = deque(everybody)
    order.rotate(-number)
    return list(order)


if __name__ == "__main__":
    try:
        app()
    except CatalystError as error:
        sys.exit(str(error))
