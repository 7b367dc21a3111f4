"""RESULTS.md: ratios first, then the figures behind them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.client_under_test import FLOOR, JAVASCRIPT, LIBRARY_ASYNC, OURS
from bench.figures import Load, Measured, Middle, Spread, percentile
from bench.growth import ANSWER_SECONDS, Growth
from bench.interleaving import Turns
from bench.interleaving import ratios as ratios_in_turns
from bench.profiling import Profile

T = TypeVar("T")
SHOWN_PACKAGES = 12
PROMISED_CALLS = 300
Check = tuple[str, Middle | float, float, str]
"""What is promised, what was measured, what is wanted, and whether at least or at most that."""

HEADINGS = (
    "contender",
    "stub answers at once: tasks/s",
    "CPU ms per task",
    "500 ms stub: tasks/s (ideal 100)",
    "CPU ms per task",
    "added ms at low load p50 / p95",
    "memory MB",
)
SMOKE = """
A smoke run (`make bench ARGS=--quick`): so few tasks, once, show that all works. They keep or break no promise.
"""
INTRODUCTION = """\
# Side by side
{smoke}
Written by `make bench`. Every contender does the same work on the same engine, next to the same answering stub of Groq:
50 tasks at once, one contender at a time, in turns over {rounds} {noun}. Engine, stub and contender share the machine,
so absolute figures are noise and ratios the result. CPU is the contender's own, with its children.

This worker runs as it is shipped, with all it does beyond the others: key from the environment, filled payload,
mapping, typed variables, renewed locks, journal, Groq's limits, log and metrics. The others do no more than the same
work needs: they fetch the one variable they use, ask, and complete with as many variables of the same sizes. The
JavaScript client polls without a pause.
{left_out}"""

TURNS = """\
{count} turns of some seconds each, all contenders alive, so that the machine's moods meet them alike; the stub
answers at once. Each ratio is the median of those of the turns, with what it lies between in 95 of 100 cases: what is
promised of them is held against these."""


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured."""

    machine: Mapping[str, str]
    rounds: Mapping[str, Sequence[Measured]]
    """By contender, in the order in which they are shown."""
    smoke: bool
    """Whether there was too little of everything to judge by."""
    growth: Growth | None = None
    """None while it is not yet measured."""
    profile: Profile | None = None
    turns: Turns = field(default_factory=dict)
    """Those whose ratios are promised, side by side."""


def written(results: Results) -> str:
    """Return RESULTS.md."""
    count = len(results.rounds[OURS.name])
    no_javascript = (
        "" if JAVASCRIPT in results.rounds else "There is no Node here, so the JavaScript client is missing."
    )
    parts = [
        INTRODUCTION.format(
            smoke=SMOKE if results.smoke else "",
            rounds=count,
            noun="rounds" if count > 1 else "round",
            left_out=no_javascript,
        ).strip(),
        "## This worker against each of the others",
        ratios(results.rounds),
        *([] if results.smoke else ["## What was promised", promises(results)]),
        "## The figures",
        "Medians, with the least and the most of the rounds; added time over all rounds.",
        figures(results.rounds),
        *(["## In short turns", *in_turns(results.turns)] if results.turns else []),
        *(["## Growth", *growth(results.growth)] if results.growth else []),
        *(["## Where this worker's time goes", *time_spent(results.profile)] if results.profile else []),
        "## The machine",
        "\n".join(f"- {name}: {text}" for name, text in results.machine.items()),
    ]
    return "\n\n".join(parts) + "\n"


def ratios(rounds: Mapping[str, Sequence[Measured]]) -> str:
    """How this worker compares: rates above 1 and CPU below 1 are in its favour."""
    ours = _middles(rounds[OURS.name])
    rows = []
    for name, measured in rounds.items():
        if name != OURS.name:
            theirs = _middles(measured)
            rows.append(
                (
                    name,
                    *(f"{mine / other:.2f} ×" for mine, other in zip(ours[:4], theirs[:4], strict=True)),
                    f"{ours[4] - theirs[4]:+.1f} ms / {ours[5] - theirs[5]:+.1f} ms",
                    f"{ours[6] / theirs[6]:.2f} ×",
                )
            )
    return table(("against", *HEADINGS[1:]), rows)


def figures(rounds: Mapping[str, Sequence[Measured]]) -> str:
    """Return the absolute figures."""
    rows = []
    for name, measured in rounds.items():
        added = [milliseconds for each in measured for milliseconds in each.added]
        rows.append(
            (
                name,
                _spread(measured, lambda each: each.instant_rate, 0),
                _spread(measured, lambda each: each.instant_cpu, 2),
                _spread(measured, lambda each: each.slow_rate, 0),
                _spread(measured, lambda each: each.slow_cpu, 2),
                f"{percentile(added, 0.5):.0f} / {percentile(added, 0.95):.0f}",
                _spread(measured, lambda each: each.memory, 0),
            )
        )
    return table(HEADINGS, rows)


def promises(results: Results) -> str:
    """Hold the figures against what the project promises."""
    ours = _middles(results.rounds[OURS.name])
    checks: list[Check] = []
    if JAVASCRIPT in results.turns:
        rate, cpu = ratios_in_turns(results.turns, OURS.name, JAVASCRIPT)
        checks.append(("tasks/s at least the JavaScript client's", rate, 1.0, "≥"))
        checks.append(("CPU per task at most 0.8 of the JavaScript client's", cpu, 0.8, "≤"))
    library, floor = _middles(results.rounds[LIBRARY_ASYNC.name]), _middles(results.rounds[FLOOR.name])
    checks.append(("tasks/s at least 10 × the library's async worker's", ours[0] / library[0], 10, "≥"))
    checks.append(("memory at 50 calls at most 80 MB", ours[6], 80, "≤"))
    checks.append(("added time p50 at most the bare loop's + 3 ms", ours[4] - floor[4], 3, "≤"))
    if results.growth:
        checks += _promised_calls(results.growth)
    rows = [(what, _shown(found), _verdict(found, wanted, sign)) for what, found, wanted, sign in checks]
    return table(("promise", "measured", "kept"), rows)


def _shown(found: Middle | float) -> str:
    if isinstance(found, Middle):
        is_exact = found.least == found.most
        return _shown(found.value) if is_exact else f"{found.value:.2f} ({found.least:.2f}–{found.most:.2f})"
    return f"{found:.2f}"


def _verdict(found: Middle | float, wanted: float, sign: str) -> str:
    """Say whether a promise is kept: what could as well be chance is said to be kept no more than to be broken."""
    known = found if isinstance(found, Middle) else Middle(found, found, found)
    worst, best = (known.least, known.most) if sign == "≥" else (known.most, known.least)
    kept = [figure >= wanted if sign == "≥" else figure <= wanted for figure in (worst, best)]
    return "yes" if all(kept) else "cannot be told" if any(kept) else "**no**"


def in_turns(turns: Turns) -> list[str]:
    """Return the figures of those who carried small batches in turn, and what this worker's are of theirs."""
    rows = [
        (
            name,
            _spread(loads, lambda each: each.rate, 0),
            _spread(loads, lambda each: each.cpu, 2),
            *(f"{_shown(ratio)} ×" for ratio in ratios_in_turns(turns, OURS.name, name)),
        )
        for name, loads in turns.items()
    ]
    return [
        TURNS.format(count=len(turns[OURS.name])),
        table(("contender", "tasks/s", "CPU ms per task", "this worker's tasks/s", "this worker's CPU"), rows),
    ]


def growth(measured: Growth) -> list[str]:
    """Return what becomes of it when there is more of everything."""
    calls = [
        (calls, *_beside_ideal(measured.at_once[OURS.name, calls], measured.at_once[FLOOR.name, calls], calls))
        for calls in sorted({calls for _, calls in measured.at_once})
    ]
    processes = [
        (count, f"{load.rate:.0f}", f"{load.cpu:.2f}") for (_, count), load in sorted(measured.processes.items())
    ]
    variables = [
        (name, f"{size} KB", f"{load.rate:.0f}", f"{load.cpu:.2f}")
        for (name, size), load in sorted(measured.kilobytes.items())
    ]
    headings = (
        "calls at once",
        "tasks/s",
        "of the ideal",
        "of the bare loop",
        "all under way after",
        "CPU ms per task",
    )
    return [
        f"Calls at once, each answered after {ANSWER_SECONDS:g} s:",
        table(headings, calls),
        "Worker processes, 50 tasks at once in each, the stub answers at once; the engine has the same cores:",
        table(("processes", "tasks/s", "CPU ms per task"), processes),
        "Other process variables, which no placeholder asks for, 50 tasks at once, the stub answers at once:",
        table(("contender", "other variables", "tasks/s", "CPU ms per task"), variables),
    ]


def time_spent(measured: Profile) -> list[str]:
    """Return the shares of CPU time as sentences, largest first."""
    steps = ", ".join(f"{step} {share:.0%}" for step, share in measured.steps.items())
    packages = list(measured.packages.items())[:SHOWN_PACKAGES]
    nesting = (
        "Some steps contain others: all layers contain routing, routing contains the rate limiter and the journal, the "
        "rate limiter contains the HTTP call, and reporting contains encoding."
    )
    return [
        "Measured with cProfile, which overstates the cost of Python function calls; without idle time and startup.",
        f"By step: {steps}. {nesting} The rest is the event loop and the poller.",
        "By package, including the built-in functions that each calls: "
        + ", ".join(f"{package} {share:.0%}" for package, share in packages)
        + ".",
    ]


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _promised_calls(measured: Growth) -> list[Check]:
    mine, bare = (measured.at_once[name, PROMISED_CALLS] for name in (OURS.name, FLOOR.name))
    what = f"{PROMISED_CALLS} calls at once"
    return [
        (f"{what}: all are under way", mine.most_at_once, PROMISED_CALLS, "≥"),
        (f"{what}: at least 0.95 of the bare loop's rate", mine.rate / bare.rate, 0.95, "≥"),
    ]


def _middles(measured: Sequence[Measured]) -> list[float]:
    """One figure for each column."""
    added = [milliseconds for each in measured for milliseconds in each.added]
    columns = [(each.instant_rate, each.instant_cpu, each.slow_rate, each.slow_cpu) for each in measured]
    middles = [Spread.of(column).middle for column in zip(*columns, strict=True)]
    return [*middles, percentile(added, 0.5), percentile(added, 0.95), Spread.of([m.memory for m in measured]).middle]


def _spread(measured: Sequence[T], column: Callable[[T], float], digits: int) -> str:
    spread = Spread.of([column(each) for each in measured])
    if len(measured) == 1:
        return f"{spread.middle:.{digits}f}"
    return f"{spread.middle:.{digits}f} ({spread.least:.{digits}f}–{spread.most:.{digits}f})"


def _beside_ideal(mine: Load, bare: Load, calls: int) -> tuple[str, ...]:
    ideal = calls / ANSWER_SECONDS
    under_way = f"{mine.filled:.2f} s" if mine.most_at_once >= calls else f"never: {mine.most_at_once}"
    return f"{mine.rate:.1f}", f"{mine.rate / ideal:.2f}", f"{mine.rate / bare.rate:.2f}", under_way, f"{mine.cpu:.2f}"
