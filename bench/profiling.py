"""Where this worker's time goes: by step of a task's way, and by package."""

import pstats
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.contender import Contender
from bench.measure import AT_ONCE, load_of
from bench.stage import Stage

Function = tuple[str, int, str]
"""File, line and name, as pstats has it."""

STEPS = {
    "fetching tasks and reading them": ("engine.py", "fetch_and_lock"),
    "reading the fields": ("fields.py", "read_fields"),
    "the key": ("secrets.py", "resolve"),
    "filling the payload": ("payload.py", "render_payload"),
    "asking Groq": ("client.py", "post"),
    "the outcome: mapping and standard variables": ("conclusion.py", "conclude"),
    "masking keys in the outcome": ("handler.py", "_without_keys"),
    "typing the variables": ("variables.py", "encode_all"),
    "completing the task": ("report.py", "report"),
    "the log line": ("logging.py", "log_outcome"),
    "counting": ("metrics.py", "__call__"),
}
"""Functions of the worker by what they do; `typing the variables` is a part of `completing the task`."""

BUILT_IN = "~"
OTHER = "Python itself"


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the CPU time between the first task and the last, 0 to 1."""

    steps: Mapping[str, float]
    packages: Mapping[str, float]


def profile(stage: Stage, size: int) -> Profile:
    """Let the worker carry that many tasks under cProfile."""
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        file = Path(folder) / "profile"
        command = (sys.executable, "-m", "bench.profiled", str(file), "run")
        load_of(stage, Contender("profiled", command), size=size, at_once=AT_ONCE)
        return summed_up(pstats.Stats(str(file)))


def summed_up(stats: pstats.Stats) -> Profile:
    """Sum the times up. What a built-in function takes counts for the package that calls it."""
    functions: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
    functions = stats.stats  # type: ignore[attr-defined]  # public and documented by its users, but not typed
    total = sum(own for _, _, own, _, _ in functions.values())
    steps = defaultdict[str, float](float)
    packages = defaultdict[str, float](float)
    for (file, _, name), (_, _, own, with_called, callers) in functions.items():
        for step, (module, function) in STEPS.items():
            if name == function and file.endswith(f"/{module}") and "/worker/" in file:
                steps[step] += with_called / total
        if file != BUILT_IN or not callers:
            packages[package_of(file)] += own / total
            continue
        for (caller, _, _), (_, _, own_there, _) in callers.items():
            packages[package_of(caller)] += own_there / total
    return Profile(_most_first(steps), _most_first(packages))


def package_of(file: str) -> str:
    """Return the package a file belongs to; the worker's own are told apart by room."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if "worker" in parts:
        return "/".join(parts[parts.index("worker") :][:2]).removesuffix(".py")
    if "lib" in parts or file.startswith("<frozen"):
        return Path(file).parent.name if Path(file).parent.name in {"asyncio", "json", "logging"} else OTHER
    return OTHER


def _most_first(shares: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(shares.items(), key=lambda entry: entry[1], reverse=True))
