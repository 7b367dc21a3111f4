"""A description of the machine, and the load that other processes put on it."""

import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from catalyst_groq import __version__
from catalyst_groq.sandbox.engine import Flavour
from catalyst_groq.sandbox.engine.jars import engine_title
from catalyst_groq.sandbox.engine.java import Java

BENCH_FOLDER = Path(__file__).parent
LIBRARIES = ("aiohttp", "httpx", "httpx-aiohttp", "uvloop", "camunda-external-task-client-python3")


def describe_machine(java_flags: tuple[str, ...], database: str = "H2 in memory") -> dict[str, str]:
    """Return the facts that influence the figures, by name."""
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    memory = psutil.virtual_memory().total / 1e9
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Machine": (
            f"{platform.system()} {platform.machine()}, {_processor_name()}, {os.cpu_count()} cores, {memory:.0f} GB"
        ),
        "Load before the start": f"{load} (1, 5 and 15 minutes)",
        "Engine": f"{engine_title(Flavour.CAMUNDA)}, {database}, full history, Java {Java.find().version}",
        "Java options": f"`{' '.join(java_flags)}`",
        "Worker": f"{__version__}, commit {_run('git', 'describe', '--always', '--dirty')}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {Path(sys.executable).resolve()}",
        "Node": _run("node", "--version"),
        "Libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


class BackgroundLoad:
    """CPU time of other processes since construction. A high share makes the figures unreliable."""

    def __init__(self) -> None:
        self._busy, self._all = _busy_and_total_seconds()
        self._own = _own_seconds()

    def share(self) -> float:
        """Return the share of all cores that other processes used, 0 to 1. Exact after all child processes ended."""
        busy, everything = _busy_and_total_seconds()
        return max(0.0, busy - self._busy - _own_seconds() + self._own) / max(everything - self._all, 1.0)


def _busy_and_total_seconds() -> tuple[float, float]:
    """Seconds of all cores together: busy, and total."""
    times = psutil.cpu_times()
    everything = sum(times)
    return everything - times.idle - getattr(times, "iowait", 0.0), everything


def _own_seconds() -> float:
    """CPU seconds of this process and of its ended children."""
    return sum(os.times()[:4])


def _processor_name() -> str:
    """Return the processor's name: from /proc/cpuinfo on Linux, from sysctl on macOS."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or _run("sysctl", "-n", "machdep.cpu.brand_string")


def _run(program: str, *arguments: str) -> str:
    executable = shutil.which(program)
    if not executable:
        return "none"
    completed = subprocess.run([executable, *arguments], cwd=BENCH_FOLDER, capture_output=True, text=True, check=False)  # noqa: S603 -- found by which
    return completed.stdout.strip() or "unknown"
