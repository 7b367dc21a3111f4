"""What becomes of it when there is more: calls at once, processes, variables. One run each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.client_under_test import FLOOR, JAVASCRIPT, OURS, Contender
from bench.environment import Stage
from bench.figures import Load
from bench.measure import AT_ONCE, load_of

ANSWER_SECONDS = 2.0
ROUNDS = 3
"""Tasks per place: the first round only fills the places."""

VARIABLE_TASKS = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """Which sizes are measured."""

    at_once: Sequence[int]
    processes: Sequence[int]
    kilobytes: Sequence[int]
    process_tasks: int
    """Tasks for all processes together."""


ALL = Sizes(at_once=(1, 10, 50, 200, 300, 500), processes=(1, 2, 3, 4), kilobytes=(0, 10, 100, 1000), process_tasks=800)
QUICK = Sizes(at_once=(300,), processes=(2,), kilobytes=(100,), process_tasks=200)


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured, by contender and size."""

    at_once: Mapping[tuple[str, int], Load]
    processes: Mapping[tuple[str, int], Load]
    kilobytes: Mapping[tuple[str, int], Load]


def measure_growth(stage: Stage, contenders: Sequence[Contender], sizes: Sizes, say: Callable[[str], None]) -> Growth:
    """Measure this worker beside the floor, and with large variables beside the JavaScript client too."""
    others = [contender for contender in contenders if contender in (OURS, FLOOR) or contender.name == JAVASCRIPT]
    at_once, processes, kilobytes = {}, {}, {}
    for calls in sizes.at_once:
        for contender in (OURS, FLOOR):
            say(f"{calls} calls at once, {ANSWER_SECONDS:g} s each: {contender.name}")
            at_once[contender.name, calls] = load_of(
                stage, contender, size=ROUNDS * calls, at_once=calls, delay=ANSWER_SECONDS
            )
    for count in sizes.processes:
        say(f"{count} processes: {OURS.name}")
        processes[OURS.name, count] = load_of(stage, OURS, size=sizes.process_tasks, at_once=AT_ONCE, processes=count)
    for size in sizes.kilobytes:
        for contender in others:
            say(f"{size} KB of other variables: {contender.name}")
            kilobytes[contender.name, size] = load_of(
                stage, contender, size=VARIABLE_TASKS, at_once=AT_ONCE, kilobytes=size
            )
    return Growth(at_once, processes, kilobytes)
