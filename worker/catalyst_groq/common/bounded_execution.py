"""Runs a function on foreign data in a child process, within bounds on time, memory and the size of its result.

Regular expressions, JSON schemas, YAML or JMESPath can take any time and memory for a short text. No thread can be
stopped in the middle of them, but a process can be killed, and it does not hold the event loop.

`anyio.to_process` is not used: its time bound would include the start of the process, a process that is cancelled
while it starts is not ended, it runs the main module once more, and it cannot be given an environment without keys.
"""

import asyncio
import pickle
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from catalyst_groq.common.bounded_process import (
    HEADER,
    MAX_CPU_SECONDS,
    MAX_MEMORY_BYTES,
    MAX_RESULT_BYTES,
    READY,
    Status,
)

MAX_PROCESSES = 4
"""More calls at the same time wait for their turn."""

MAX_IDLE_PROCESSES = 1
MAX_WALL_SECONDS = 30.0
"""For a process that gets no CPU, and for systems without a bound on CPU time."""

START_TIMEOUT_SECONDS = 60.0
COMMAND = "import sys; sys.path[:] = sys.argv[1:]; from catalyst_groq.common.bounded_process import serve; serve()"

VALUE_CLASSES = {
    ("catalyst_groq.connector.expressions.placeholder_values", "PlaceholderError"),
    ("catalyst_groq.domain.definitions", "Definition"),
    ("catalyst_groq.domain.definitions", "TaskOrigin"),
    ("catalyst_groq.domain.multi_instances", "MultiInstance"),
    ("catalyst_groq.domain.variables", "FileVariable"),
    ("catalyst_groq.domain.variables", "OpaqueValue"),
    ("catalyst_groq.domain.variables", "TypedValue"),
    ("catalyst_groq.groq.api.structured_output", "InvalidOutput"),
    ("catalyst_groq.groq.api.structured_output", "ValidJson"),
    *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
}
"""Modules and names of the classes whose objects a result may hold."""

CRASHES = {
    number
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGTRAP")
    if (number := getattr(signal, name, 0))
}
"""Signals that end a process for what it does itself: libraries in C also end so when memory runs out."""

CRASHED = f"crashes, or needs more than {MAX_MEMORY_BYTES // 2**20} MB of memory"
OUT_OF_TIME = f"takes more than {MAX_CPU_SECONDS} seconds"
OUT_OF_MEMORY = f"needs more than {MAX_MEMORY_BYTES // 2**20} MB of memory"
TOO_LARGE = f"has a result of more than {MAX_RESULT_BYTES:,} bytes"
TOO_DEEP = "is nested too deeply"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A call that cannot have a result, however often it is made: the function fails, or exceeds a bound.

    `reason` continues a sentence about the call: "takes more than 2 seconds".
    """

    reason: str


class InterruptedCallError(OSError):
    """A call's process has ended, or gets no CPU, for a reason that need not be the call's: it may succeed later."""


class BoundedExecutor(Protocol):
    """Runs functions within bounds."""

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return the function's result, or `Unfinished`. Raises `OSError` if neither is known: it may be run later."""


class ProcessPool:
    """A `BoundedExecutor` whose processes are started on demand and end with this process.

    Functions must be defined in a module. Arguments and results are pickled; a result is written without shared
    references, so its size is that of its JSON. `environ` is the environment of the processes.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(environ or {})
        self._turns = asyncio.Semaphore(MAX_PROCESSES)
        self._idle: list[Process] = []

    async def aclose(self) -> None:
        """End the idle processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return the function's result, or `Unfinished`.

        Raises `OSError` if no process can be started, or if the call is interrupted twice.
        """
        request = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        async with self._turns:
            try:
                return await self._run_in(self._take_idle() or await self._start(), request)
            except InterruptedCallError:
                return await self._run_in(await self._start(), request)

    async def _run_in(self, process: Process, request: bytes) -> Any:
        try:
            result = await _call(process, request)
        except BaseException:
            await asyncio.shield(_end(process))
            raise
        if isinstance(result, Unfinished) or len(self._idle) >= MAX_IDLE_PROCESSES:
            await _end(process)
        else:
            self._idle.append(process)
        return result

    def _take_idle(self) -> Process | None:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return None

    async def _start(self) -> Process:
        """Start a process. It sees neither the environment nor modules of the current directory."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            COMMAND,
            *filter(None, sys.path),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=self._environ,
            start_new_session=True,  # Ctrl-C in a terminal reaches this process only
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                started = await _pipes(process)[1].readexactly(len(READY))
        except asyncio.IncompleteReadError as error:
            await _end(process)
            raise OSError("A process for bounded work ends while it starts") from error
        except BaseException:
            await asyncio.shield(_end(process))
            raise
        assert started == READY  # noqa: S101 -- nothing else is written first
        return process


def make_process_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the processes: what Python needs to start, and no key."""
    return {name: environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT") if name in environ}


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    assert process.stdin and process.stdout  # noqa: S101, PT018 -- both are pipes
    return process.stdin, process.stdout


async def _call(process: Process, request: bytes) -> Any:
    stdin, stdout = _pipes(process)
    try:
        async with asyncio.timeout(MAX_WALL_SECONDS):
            stdin.write(request)
            await stdin.drain()
            status, length = HEADER.unpack(await stdout.readexactly(HEADER.size))
            content = await stdout.readexactly(length)
    except TimeoutError as error:
        raise InterruptedCallError(f"A bounded call has no result after {MAX_WALL_SECONDS:g} seconds") from error
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        exit_code = await process.wait()
        if sys.platform != "win32" and exit_code == -signal.SIGXCPU:
            return Unfinished(OUT_OF_TIME)
        if -exit_code in CRASHES:
            return Unfinished(CRASHED)
        raise InterruptedCallError(f"The process of a bounded call has ended (exit code {exit_code})") from error
    return decode_result(Status(status), content)


def decode_result(status: Status, content: bytes) -> Any:
    """Return what `bounded_process.call` has encoded: a result, or `Unfinished`."""
    match status:
        case Status.RESULT:
            return _Unpickler(BytesIO(content)).load()
        case Status.MEMORY:
            return Unfinished(OUT_OF_MEMORY)
        case Status.SIZE:
            return Unfinished(TOO_LARGE)
        case Status.DEPTH:
            return Unfinished(TOO_DEEP)
        case Status.ERROR:
            return Unfinished(f"fails ({content.decode()})")


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    stdin, stdout = _pipes(process)
    stdin.close()
    await stdout.read()  # until Python 3.12, `wait` lasts for ever while a full buffer keeps a pipe from being read
    await process.wait()


class _Unpickler(pickle.Unpickler):
    """Loads plain values and `VALUE_CLASSES`. A result comes from a process that had foreign data in it."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in VALUE_CLASSES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
