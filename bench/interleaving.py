"""Contenders side by side: all live, and carry small batches in turn, so that the machine's moods meet them alike."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from bench.client_under_test import Contender, at_work
from bench.environment import Stage
from bench.figures import Load, Middle
from bench.measure import AT_ONCE, SETTLED, carry, warm_up

Turns = Mapping[str, Sequence[Load]]
"""By contender what came of each of its turns; the stub answered at once."""


def in_turns(stage: Stage, contenders: Sequence[Contender], count: int, tasks: int) -> Turns:
    """Let each carry a batch of so many tasks, again and again; whoever has no turn waits in a poll."""
    stage.stub.begin(0)
    turns: dict[str, list[Load]] = {contender.name: [] for contender in contenders}
    with ExitStack() as started:
        ready = time.monotonic() + SETTLED
        places = []
        for contender in contenders:
            process = started.enter_context(stage.process())
            working = started.enter_context(at_work(contender.command, stage, process, at_once=AT_ONCE))
            warm_up(process, working, contender.warm_up)
            places.append((contender, process, working))
        time.sleep(max(0.0, ready - time.monotonic()))
        for number in range(count):
            for contender, process, working in places if number % 2 else reversed(places):
                turns[contender.name].append(carry(stage, working, process.prepare(tasks), AT_ONCE, delay=0))
    return turns


def ratios(turns: Turns, mine: str, theirs: str) -> tuple[Middle, Middle]:
    """Return how many times the others' tasks per second and CPU one has: the medians over the turns."""
    pairs = list(zip(turns[mine], turns[theirs], strict=True))
    return Middle.of([own.rate / other.rate for own, other in pairs]), Middle.of(
        [own.cpu / other.cpu for own, other in pairs]
    )
