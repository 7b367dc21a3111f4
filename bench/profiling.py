"""CPU time of this worker: by step of a task's path, and by package."""

import inspect
import pstats
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

import catalyst_groq
from bench.client_under_test import ClientUnderTest
from bench.environment import Environment
from bench.measure import CONCURRENCY, measure_load

Function = tuple[str, int, str]
"""File, line and name: the key that pstats uses."""

STEPS = {
    "fetching tasks": "camunda.client:EngineClient.fetch_and_lock",
    "reading fields": "connector.task_request:TaskRequestReader.read_fields",
    "resolving the secret": "connector.access.secrets:Secrets.resolve",
    "rendering the payload": "connector.requests.payload:render_payload",
    "calling Groq: all layers": "connector.handler:Handler._call_groq",
    "routing": "groq.routing.router:_RoutedCall.run",
    "rate limiter": "groq.rate_limits.limiter:RateLimitedClient.send",
    "HTTP call to Groq": "groq.api.client:HttpGroqClient.send",
    "writing the journal": "journal.replay:TaskResponses.store",
    "mapping the outcome": "connector.results.outcome_mapping:to_outcome",
    "masking keys": "connector.results.outcome_redaction:redact_outcome",
    "reporting the outcome": "camunda.reporter:OutcomeReporter.report",
    "encoding variables": "domain.variables:Encoder.encode_all",
    "log line": "observability.outcome_log:OutcomeLog.on_end",
    "metrics": "observability.metrics:Metrics.on_end",
}
"""Functions of `catalyst_groq` by step, in the order of a task's path.

Some contain others. All layers contain routing, which contains the rate limiter and the journal; the rate limiter
contains the HTTP call. Reporting the outcome contains encoding its variables.
"""

PACKAGE_FOLDER = Path(catalyst_groq.__file__).parent
BUILT_IN = "~"
"""The file name that pstats gives to built-in functions."""

STANDARD_LIBRARY = "Python itself"


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the CPU time between the first task and the last, 0 to 1, largest first."""

    steps: Mapping[str, float]
    packages: Mapping[str, float]


def profile(environment: Environment, size: int) -> Profile:
    """Run the worker under cProfile until it has completed `size` tasks."""
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        file = Path(folder) / "profile"
        command = (sys.executable, "-m", "bench.profiled", str(file), "run")
        measure_load(environment, ClientUnderTest("profiled", command), size=size, concurrency=CONCURRENCY)
        return summarize(pstats.Stats(str(file)))


def summarize(stats: pstats.Stats) -> Profile:
    """Sum CPU time by step and by package. The time of a built-in function counts for the package that calls it."""
    functions: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
    functions = stats.stats  # type: ignore[attr-defined]  # public and documented by its users, but not typed
    total = sum(own for _, _, own, _, _ in functions.values())
    cumulative = {function: entry[3] for function, entry in functions.items()}
    steps = {step: cumulative.get(function_key(path), 0.0) / total for step, path in STEPS.items()}
    packages = defaultdict[str, float](float)
    for (file, _, _), (_, _, own, _, callers) in functions.items():
        if file != BUILT_IN or not callers:
            packages[package_of(file)] += own / total
            continue
        for (caller, _, _), (_, _, own_there, _) in callers.items():
            packages[package_of(caller)] += own_there / total
    return Profile(_sort_by_share(steps), _sort_by_share(packages))


def function_key(path: str) -> Function:
    """Return the key of a function, given as `module:name` below `catalyst_groq`. Raises `AttributeError`."""
    code = inspect.unwrap(resolve_name(f"catalyst_groq.{path}")).__code__
    return code.co_filename, code.co_firstlineno, code.co_name


def package_of(file: str) -> str:
    """Return the package of a file; for this worker's own files the subpackage too: `catalyst_groq/connector`."""
    path = Path(file)
    if path.is_relative_to(PACKAGE_FOLDER):
        return "/".join(path.relative_to(PACKAGE_FOLDER.parent).parts[:2]).removesuffix(".py")
    parts = path.parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if "lib" in parts or file.startswith("<frozen"):
        return path.parent.name if path.parent.name in {"asyncio", "json", "logging"} else STANDARD_LIBRARY
    return STANDARD_LIBRARY


def _sort_by_share(shares: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(shares.items(), key=lambda entry: entry[1], reverse=True))
