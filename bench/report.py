"""RESULTS.md: ratios first, then the absolute figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.client_under_test import BARE_LOOP, JAVASCRIPT, LIBRARY_ASYNC, THIS_WORKER
from bench.figures import Load, Measurement, MedianInterval, Range, percentile
from bench.interleaving import InterleavedLoads, median_ratios
from bench.multi_instance import FLOOR, ItemsRun, ItemsRuns
from bench.process import ONE, PLAIN
from bench.profiling import Profile
from bench.scaling import RESPONSE_SECONDS, Scaling

T = TypeVar("T")
MAX_SHOWN_PACKAGES = 12
TARGET_CALLS = 300
Check = tuple[str, MedianInterval | float, float, str]
"""A target: its text, the measured value, the limit, and the sign of the comparison (≥ or ≤)."""

HEADINGS = (
    "client",
    "immediate response: tasks/s",
    "CPU ms per task",
    "500 ms response: tasks/s (ideal 100)",
    "CPU ms per task",
    "duration at low load, ms p50 / p95",
    "peak memory MB",
)
SMOKE_NOTICE = """
A smoke run (`make bench ARGS=--quick`): too few tasks for a judgement. It only shows that the benchmark works.
"""
INTRODUCTION = """\
# Benchmark results
{smoke}
Written by `make bench`. All clients do the same work on the same engine, with the same stub of Groq: 50
concurrent tasks, one client at a time, in turns over {rounds} {noun}. Engine, stub and client share the machine,
so the ratios are the result and the absolute figures are noise. CPU is that of the client and its child processes.

This worker runs as shipped, with all its features: key from the environment, payload template, response mapping,
typed variables, lock renewal, journal, rate limiter, log and metrics. The other clients do only what the work needs:
they fetch the one variable that they use, call Groq, and complete with as many variables of the same sizes. The
JavaScript client polls without a pause.
{missing_clients}"""

INTERLEAVED_TEXT = """\
{count} turns of some seconds each. All clients run, so that load on the machine affects all of them; the stub
answers immediately. Each ratio is the median over the turns, with its 95 % confidence interval. The targets are
checked against these ratios."""


@dataclass(frozen=True, slots=True)
class Results:
    """All measurements."""

    machine: Mapping[str, str]
    rounds: Mapping[str, Sequence[Measurement]]
    """By client, in display order."""
    is_smoke: bool
    """Whether the run was too short to check the targets."""
    scaling: Scaling | None = None
    """None until measured."""
    profile: Profile | None = None
    items: ItemsRuns = field(default_factory=dict)
    """Runs with many items; empty until measured."""
    interleaved: InterleavedLoads = field(default_factory=dict)
    """Interleaved loads of the clients that have targets."""


def format_results(results: Results) -> str:
    """Return the text of RESULTS.md."""
    count = len(results.rounds[THIS_WORKER.name])
    no_javascript = (
        "" if JAVASCRIPT in results.rounds else "Node is not installed, so the JavaScript client is missing."
    )
    parts = [
        INTRODUCTION.format(
            smoke=SMOKE_NOTICE if results.is_smoke else "",
            rounds=count,
            noun="rounds" if count > 1 else "round",
            missing_clients=no_javascript,
        ).strip(),
        "## This worker compared with each client",
        ratio_table(results.rounds),
        *([] if results.is_smoke else ["## Targets", target_table(results)]),
        "## Figures",
        "Medians, with minimum and maximum of the rounds; durations over all rounds.",
        figure_table(results.rounds),
        *(["## Interleaved turns", *interleaved_section(results.interleaved)] if results.interleaved else []),
        *(["## Many items at once", *items_section(results.items)] if results.items else []),
        *(["## Scaling", *scaling_section(results.scaling)] if results.scaling else []),
        *(["## CPU profile of this worker", *profile_section(results.profile)] if results.profile else []),
        "## Machine",
        "\n".join(f"- {name}: {text}" for name, text in results.machine.items()),
    ]
    return "\n\n".join(parts) + "\n"


def ratio_table(rounds: Mapping[str, Sequence[Measurement]]) -> str:
    """Return the ratios of this worker to each client. Rates above 1 and CPU below 1 favour this worker."""
    ours = _medians(rounds[THIS_WORKER.name])
    rows = []
    for name, measured in rounds.items():
        if name != THIS_WORKER.name:
            theirs = _medians(measured)
            rows.append(
                (
                    name,
                    *(f"{mine / other:.2f} ×" for mine, other in zip(ours[:4], theirs[:4], strict=True)),
                    f"{ours[4] - theirs[4]:+.1f} ms / {ours[5] - theirs[5]:+.1f} ms",
                    f"{ours[6] / theirs[6]:.2f} ×",
                )
            )
    return table(("against", *HEADINGS[1:]), rows)


def figure_table(rounds: Mapping[str, Sequence[Measurement]]) -> str:
    """Return the absolute figures."""
    rows = []
    for name, measured in rounds.items():
        added = [milliseconds for each in measured for milliseconds in each.durations]
        rows.append(
            (
                name,
                _format_range(measured, lambda each: each.instant_rate, 0),
                _format_range(measured, lambda each: each.instant_cpu, 2),
                _format_range(measured, lambda each: each.slow_rate, 0),
                _format_range(measured, lambda each: each.slow_cpu, 2),
                f"{percentile(added, 0.5):.0f} / {percentile(added, 0.95):.0f}",
                _format_range(measured, lambda each: each.peak_memory, 0),
            )
        )
    return table(HEADINGS, rows)


def target_table(results: Results) -> str:
    """Check the figures against the project's targets."""
    ours = _medians(results.rounds[THIS_WORKER.name])
    checks: list[Check] = []
    if JAVASCRIPT in results.interleaved:
        rate, cpu = median_ratios(results.interleaved, THIS_WORKER.name, JAVASCRIPT)
        checks.append(("tasks/s at least the JavaScript client's", rate, 1.0, "≥"))
        checks.append(("CPU per task at most 0.8 of the JavaScript client's", cpu, 0.8, "≤"))
    library, floor = _medians(results.rounds[LIBRARY_ASYNC.name]), _medians(results.rounds[BARE_LOOP.name])
    checks.append(("tasks/s at least 10 × the library's async worker's", ours[0] / library[0], 10, "≥"))
    checks.append(("peak memory at 50 concurrent calls at most 80 MB", ours[6], 80, "≤"))
    checks.append(("duration p50 at most the bare loop's + 3 ms", ours[4] - floor[4], 3, "≤"))
    if results.items:
        checks.append(_items_target(results.items))
    if results.scaling:
        checks += _concurrency_targets(results.scaling)
    rows = [(text, _format_figure(figure), _verdict(figure, limit, sign)) for text, figure, limit, sign in checks]
    return table(("target", "measured", "met"), rows)


def _format_figure(figure: MedianInterval | float) -> str:
    if isinstance(figure, MedianInterval):
        is_exact = figure.low == figure.high
        return _format_figure(figure.value) if is_exact else f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"
    return f"{figure:.2f}"


def _verdict(figure: MedianInterval | float, limit: float, sign: str) -> str:
    """Return whether a target is met. An interval that contains the limit is inconclusive."""
    known = figure if isinstance(figure, MedianInterval) else MedianInterval(figure, figure, figure)
    worst, best = (known.low, known.high) if sign == "≥" else (known.high, known.low)
    is_met = [bound >= limit if sign == "≥" else bound <= limit for bound in (worst, best)]
    return "yes" if all(is_met) else "inconclusive" if any(is_met) else "**no**"


def interleaved_section(turns: InterleavedLoads) -> list[str]:
    """Return the interleaved loads, and the ratios of this worker to each client."""
    rows = [
        (
            name,
            _format_range(loads, lambda each: each.rate, 0),
            _format_range(loads, lambda each: each.cpu, 2),
            *(f"{_format_figure(ratio)} ×" for ratio in median_ratios(turns, THIS_WORKER.name, name)),
        )
        for name, loads in turns.items()
    ]
    return [
        INTERLEAVED_TEXT.format(count=len(turns[THIS_WORKER.name])),
        table(("client", "tasks/s", "CPU ms per task", "this worker's tasks/s", "this worker's CPU"), rows),
    ]


ITEMS_TEXT = """\
{items} items that are available at the same moment; 50 concurrent tasks; the stub answers immediately. Seconds until
the last item has ended. The bare sequential completer asks nobody and completes one task after the other: what it needs
is what the engine needs."""


def items_section(runs: ItemsRuns) -> list[str]:
    """Return the table of the runs with many items: shapes by clients."""
    clients = list(dict.fromkeys(client for client, _ in runs))
    shapes = list(dict.fromkeys(shape for _, shape in runs))
    rows = [(shape, *(_format_items(runs[client, shape]) for client in clients)) for shape in shapes]
    items = next(iter(runs.values())).items
    return [ITEMS_TEXT.format(items=f"{items:,}"), table(("items", *clients), rows)]


def completions_section(rates: Mapping[int, Range]) -> list[str]:
    """Return the table of the completions per second, by the number of variables."""
    all_of_them = rates[max(rates)].median
    rows = [
        (str(count), f"{found.median:.0f} ({found.low:.0f}-{found.high:.0f})", f"{found.median / all_of_them:.2f}")
        for count, found in sorted(rates.items())
    ]
    return [table(("variables", "completions/s", f"times those with {max(rates)}"), rows)]


def _format_items(run: ItemsRun) -> str:
    notes = []
    if not run.has_ended:
        notes.append(f"not ended: {run.completed:,} completed")
    if run.calls > run.items:
        notes.append(f"{run.calls:,} calls")
    if run.failures:
        notes.append(f"{run.failures:,} failures")
    return f"{run.seconds:.1f}" + (f" ({', '.join(notes)})" if notes else "")


def _items_target(runs: ItemsRuns) -> Check:
    separate, one, floor = (
        runs[client, shape.name].seconds
        for client, shape in ((THIS_WORKER.name, PLAIN), (THIS_WORKER.name, ONE), (FLOOR, ONE))
    )
    text = "one multi-instance: at most 1.2 × the time of separate instances + the engine's floor"
    return text, one / (1.2 * separate + floor), 1.0, "≤"


def scaling_section(measured: Scaling) -> list[str]:
    """Return the scaling tables."""
    calls = [
        (
            calls,
            *_compare_with_ideal(
                measured.concurrency[THIS_WORKER.name, calls], measured.concurrency[BARE_LOOP.name, calls], calls
            ),
        )
        for calls in sorted({calls for _, calls in measured.concurrency})
    ]
    processes = [
        (count, f"{load.rate:.0f}", f"{load.cpu:.2f}") for (_, count), load in sorted(measured.processes.items())
    ]
    variables = [
        (name, f"{size} KB", f"{load.rate:.0f}", f"{load.cpu:.2f}")
        for (name, size), load in sorted(measured.kilobytes.items())
    ]
    headings = (
        "concurrent calls",
        "tasks/s",
        "ratio to ideal",
        "ratio to bare loop",
        "all calls active after",
        "CPU ms per task",
    )
    return [
        f"Concurrent calls, each answered after {RESPONSE_SECONDS:g} s:",
        table(headings, calls),
        "Worker processes with 50 concurrent tasks each; the stub answers immediately; the engine shares the cores:",
        table(("processes", "tasks/s", "CPU ms per task"), processes),
        "Other process variables, which no placeholder uses; 50 concurrent tasks; the stub answers immediately:",
        table(("client", "other variables", "tasks/s", "CPU ms per task"), variables),
    ]


def profile_section(measured: Profile) -> list[str]:
    """Return the shares of CPU time as sentences, largest first."""
    steps = ", ".join(f"{step} {share:.0%}" for step, share in measured.steps.items())
    packages = list(measured.packages.items())[:MAX_SHOWN_PACKAGES]
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


def _concurrency_targets(measured: Scaling) -> list[Check]:
    mine, bare = (measured.concurrency[name, TARGET_CALLS] for name in (THIS_WORKER.name, BARE_LOOP.name))
    text = f"{TARGET_CALLS} concurrent calls"
    return [
        (f"{text}: all are active", mine.peak_concurrency, TARGET_CALLS, "≥"),
        (f"{text}: at least 0.95 of the bare loop's rate", mine.rate / bare.rate, 0.95, "≥"),
    ]


def _medians(measured: Sequence[Measurement]) -> list[float]:
    """Return one figure for each column."""
    added = [milliseconds for each in measured for milliseconds in each.durations]
    columns = [(each.instant_rate, each.instant_cpu, each.slow_rate, each.slow_cpu) for each in measured]
    middles = [Range.from_values(column).median for column in zip(*columns, strict=True)]
    return [
        *middles,
        percentile(added, 0.5),
        percentile(added, 0.95),
        Range.from_values([m.peak_memory for m in measured]).median,
    ]


def _format_range(measured: Sequence[T], column: Callable[[T], float], digits: int) -> str:
    spread = Range.from_values([column(each) for each in measured])
    if len(measured) == 1:
        return f"{spread.median:.{digits}f}"
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f}–{spread.high:.{digits}f})"


def _compare_with_ideal(mine: Load, bare: Load, calls: int) -> tuple[str, ...]:
    ideal = calls / RESPONSE_SECONDS
    ramp_up = f"{mine.ramp_up_seconds:.2f} s" if mine.peak_concurrency >= calls else f"never: {mine.peak_concurrency}"
    return f"{mine.rate:.1f}", f"{mine.rate / ideal:.2f}", f"{mine.rate / bare.rate:.2f}", ramp_up, f"{mine.cpu:.2f}"
