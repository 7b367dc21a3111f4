"""Prepares later starts of an engine in a process of its own, so that nobody waits for it.

Run as `python -P -m catalyst_groq.sandbox.engine.startup_cache FLAVOUR`. It starts an engine once, which records the
ahead-of-time cache, and ends with it after some seconds; the time limits of `EngineProcess` bound it in any case.
"""

import os
import sys
from contextlib import suppress

import platformdirs
from filelock import FileLock, Timeout

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine.flavours import Flavour
from catalyst_groq.sandbox.engine.process import EngineProcess

NICENESS = 10
"""What somebody does now is more urgent."""


def prepare_in_background(flavour: Flavour) -> None:
    """Start the preparation and return. It goes on when this process ends."""
    command = [sys.executable, "-P", "-m", "catalyst_groq.sandbox.engine.startup_cache", flavour]
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=nowhere)


def record(flavour: Flavour) -> None:
    """Start and stop an engine, which records the cache. Does nothing while another process does so."""
    folder = platformdirs.user_cache_path("catalyst-groq")
    lock = FileLock(folder / f"{flavour}.recording.lock", timeout=0)
    with suppress(Timeout, SandboxError), lock, EngineProcess(flavour):
        pass


if __name__ == "__main__":
    os.setsid()  # Ctrl-C in the terminal is not meant for it
    os.nice(NICENESS)
    record(Flavour(sys.argv[1]))
