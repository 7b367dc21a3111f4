"""SCALE.md: replicas, measured and simulated."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.figures import percentile
from bench.limit_simulation import SimulatedRun
from bench.replicas import FetchTimes, ReplicasRun
from bench.report import table

MAX_ROUND_TRIPS = 2.0
MAX_FAIRNESS = 1.2
MIN_SHARE = 0.95

INTRODUCTION = """\
# Replicas

Written by `python -m bench --replicas`.{smoke}

The workers run as shipped, with 50 places each and rate limits in a real Redis; the stub of Groq answers immediately.
Engine nodes, PostgreSQL, Redis, stub and workers share the machine, so that tasks/s says what all of them together
need, not how far an engine with a server of its own goes. CPU is that of the workers alone."""
SMOKE_NOTICE = " A smoke run (`--quick`): too short for a judgement."
RUNS_TEXT = """\
Tasks that are all available at once. Round trips: commands that Redis received, by its own count; a script is one.
Fairness: the most tasks of a worker by the fewest, by the engine's history, in the time in which all workers had tasks.
Begins after: seconds from the first worker's first completion to the last worker's. The tasks are created on the first
node: workers at the second one find them with their next poll."""
FETCH_TEXT = """\
From a task's creation to its completion, by the engine's history, one worker without load. A poll is woken by tasks of
its own node; tasks of another node are found by the next poll."""
SIMULATION_TEXT = """\
The worker's rate limiter, router and Redis backend, once for each replica, with 10 places each, before a Groq that
keeps the plan's requests and tokens per minute and would refuse with 429. The engine always has tasks. All replicas
share one event loop. Share: the rate of requests or tokens by the plan's, of the tighter one, once the plan is used
up."""


@dataclass(slots=True)
class ScaleResults:
    """All measurements so far."""

    machine: dict[str, str]
    is_smoke: bool
    runs: list[ReplicasRun] = field(default_factory=list)
    fetches: list[FetchTimes] = field(default_factory=list)
    simulated: list[SimulatedRun] = field(default_factory=list)


def format_scale(results: ScaleResults) -> str:
    """Return the text of SCALE.md."""
    parts = [
        INTRODUCTION.format(smoke=SMOKE_NOTICE if results.is_smoke else ""),
        *([] if results.is_smoke else ["## Bounds", bounds_table(results)]),
        "## Workers and engine nodes",
        RUNS_TEXT,
        runs_table(results.runs),
        "## Time until a task is completed",
        FETCH_TEXT,
        fetch_table(results.fetches),
        "## Rate limits with many replicas, simulated",
        SIMULATION_TEXT,
        simulation_table(results.simulated),
        "## Machine",
        "\n".join(f"- {name}: {text}" for name, text in results.machine.items()),
    ]
    return "\n\n".join(parts) + "\n"


def bounds_table(results: ScaleResults) -> str:
    """Compare the worst figures with their bounds."""
    rows = []
    if results.runs:
        trips = max(run.round_trips for run in results.runs)
        fairness = max(run.fairness for run in results.runs)
        rows.append(("round trips to Redis per task: at most 2", f"{trips:.2f}", _verdict(trips <= MAX_ROUND_TRIPS)))
        rows.append(("fairness: at most 1.2", f"{fairness:.2f}", _verdict(fairness <= MAX_FAIRNESS)))
    if results.simulated:
        share = min(run.share for run in results.simulated)
        refused = sum(run.refused for run in results.simulated)
        rows.append(("share of the plan: at least 95 %", f"{share:.1%}", _verdict(share >= MIN_SHARE)))
        rows.append(("responses with status 429: none", str(refused), _verdict(not refused)))
    return table(("bound", "worst", "met"), rows)


def runs_table(runs: Sequence[ReplicasRun]) -> str:
    """Return the table of the workers on engine nodes."""
    rows = [
        (
            run.nodes,
            run.workers,
            f"{run.load.rate:.0f}",
            f"{run.load.cpu:.2f}",
            f"{run.round_trips:.2f}",
            f"{run.fairness:.2f}",
            f"{run.first_task_seconds:.1f} s",
        )
        for run in runs
    ]
    headings = ("nodes", "workers", "tasks/s", "CPU ms per task", "round trips per task", "fairness", "begins after")
    return table(headings, rows)


def fetch_table(fetches: Sequence[FetchTimes]) -> str:
    """Return the table of the times from a task's creation to its completion."""
    rows = [
        (
            each.creating_node,
            f"{each.poll_seconds} s",
            len(each.seconds),
            f"{percentile(each.seconds, 0.5) * 1000:.0f} ms",
            f"{percentile(each.seconds, 0.99) * 1000:.0f} ms",
        )
        for each in fetches
    ]
    return table(("task created by", "polls of", "tasks", "p50", "p99"), rows)


def simulation_table(simulated: Sequence[SimulatedRun]) -> str:
    """Return the table of the simulated replicas."""
    rows = [
        (
            run.simulation.replicas,
            f"{run.simulation.limits.rpm:,} / {run.simulation.limits.tpm:,}",
            f"{run.share:.1%}",
            f"{run.rate:.1f}",
            run.refused,
            run.outages,
            run.waiting,
            f"{run.returned:.1f}",
            f"{run.scripts:.0f}",
            f"{run.script_ms:.2f}",
        )
        for run in simulated
    ]
    headings = (
        *("replicas", "plan: requests / tokens per minute", "share", "requests/s", "429", "Redis lost"),
        *("tasks that wait", "returned to the engine, tasks/s", "scripts/s", "ms per script"),
    )
    return table(headings, rows)


def _verdict(is_met: bool) -> str:  # noqa: FBT001 -- its only parameter
    return "yes" if is_met else "**no**"
