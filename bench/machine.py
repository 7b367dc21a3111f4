"""What the figures were measured on."""

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

HERE = Path(__file__).parent
LIBRARIES = ("aiohttp", "httpx", "httpx-aiohttp", "uvloop", "camunda-external-task-client-python3")


def describe(java_flags: tuple[str, ...]) -> dict[str, str]:
    """Return what matters for the figures, by name."""
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    memory = psutil.virtual_memory().total / 1e9
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Machine": f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB",
        "Load before the start": f"{load} (1, 5 and 15 minutes)",
        "Engine": f"{engine_title(Flavour.CAMUNDA)}, H2 in memory, full history, Java {Java.find().version}",
        "Java options": f"`{' '.join(java_flags)}`",
        "Worker": f"{__version__}, commit {_output('git', 'describe', '--always', '--dirty')}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {Path(sys.executable).resolve()}",
        "Node": _output("node", "--version"),
        "Libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


class Neighbours:
    """Who else was at work on the machine from here on: their share decides what the figures are worth."""

    def __init__(self) -> None:
        self._busy, self._all = _taken()
        self._own = _own()

    def share(self) -> float:
        """Return what others took of all cores, 0 to 1; right once all that we started has ended."""
        busy, everything = _taken()
        return max(0.0, busy - self._busy - _own() + self._own) / max(everything - self._all, 1.0)


def _taken() -> tuple[float, float]:
    """Seconds of all cores together: busy ones, and all."""
    times = psutil.cpu_times()
    everything = sum(times)
    return everything - times.idle - getattr(times, "iowait", 0.0), everything


def _own() -> float:
    """Seconds of this process and of its ended children."""
    return sum(os.times()[:4])


def _processor() -> str:
    """Return the processor's name; Linux tells it in a file, macOS in a setting of its kernel."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or _output("sysctl", "-n", "machdep.cpu.brand_string")


def _output(program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if not found:
        return "none"
    done = subprocess.run([found, *arguments], cwd=HERE, capture_output=True, text=True, check=False)  # noqa: S603 -- found by which
    return done.stdout.strip() or "unknown"
