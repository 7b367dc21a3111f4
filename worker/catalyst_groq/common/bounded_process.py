"""The child process of `bounded_execution`: runs one function after the other, each within its bounds."""

import os
import pickle
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum, auto
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

from catalyst_groq.common.texts import shorten

if sys.platform != "win32":
    import resource  # on Windows the parent's bound on time remains

MAX_CPU_SECONDS = 2
MAX_MEMORY_BYTES = 512 * 2**20
"""Address space of the process in all."""

MAX_RESULT_BYTES = 4_000_000
MAX_ERROR_CHARS = 200
NICENESS = 10
"""The event loop of the worker gets the CPU first."""

READY = b"\x06"
HEADER = struct.Struct("!BI")
"""Of a response: its status and its length in bytes."""


class Status(IntEnum):
    """What a call has come to."""

    RESULT = auto()
    MEMORY = auto()
    SIZE = auto()
    DEPTH = auto()
    ERROR = auto()


class ResultTooLargeError(Exception):
    """A result exceeds `MAX_RESULT_BYTES`."""


class _BoundedBuffer(BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + len(data) > MAX_RESULT_BYTES:
            raise ResultTooLargeError
        return super().write(data)


def serve() -> None:
    """Run the functions that arrive on the standard input until it ends."""
    requests, responses = sys.stdin.buffer, sys.stdout.buffer
    sys.stdin, sys.stdout = open(os.devnull), open(os.devnull, "w")  # noqa: PTH123, SIM115 -- until the process ends
    _limit_process()
    responses.write(READY)
    responses.flush()
    while True:
        _limit_cpu_time()
        try:
            function, args = pickle.load(requests)  # noqa: S301 -- the parent's
        except EOFError:
            return
        status, content = call(function, args)
        responses.write(HEADER.pack(status, len(content)) + content)
        responses.flush()


def call(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Status, bytes]:
    """Call a function; return its encoded result, or what kept it from having one. Never raises."""
    try:
        return Status.RESULT, _encode(function(*args))
    except MemoryError:
        return Status.MEMORY, b""
    except RecursionError:
        return Status.DEPTH, b""
    except ResultTooLargeError:
        return Status.SIZE, b""
    except Exception as error:  # noqa: BLE001 -- whatever foreign data may raise
        text = shorten(f"{type(error).__name__}: {error}", MAX_ERROR_CHARS)
        return Status.ERROR, " ".join(text.split()).encode(errors="replace")


def _encode(value: Any) -> bytes:
    """Pickle a value without shared references: a part that occurs twice is written twice."""
    buffer = _BoundedBuffer()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()


def _limit_process() -> None:
    """Bound the memory; let the kernel, if it runs out of memory, end this process before the worker."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    if sys.platform != "win32":
        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):  # macOS has no bound on the address space
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _limit_cpu_time() -> None:
    """End this process after some CPU time, also when the worker has ended meanwhile."""
    if sys.platform != "win32":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        limit = ceil(usage.ru_utime + usage.ru_stime) + MAX_CPU_SECONDS
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
