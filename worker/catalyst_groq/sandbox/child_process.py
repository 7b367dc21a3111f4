"""A child process that cannot outlive this one."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from catalyst_groq.sandbox import launcher


class ChildProcess:
    """A program that runs in a session of its own, so that Ctrl-C reaches only us, and writes to a log.

    On Linux the kernel kills it when this process ends, even by kill -9. Elsewhere whoever starts it must end it.
    """

    def __init__(self, command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> None:
        # The kernel looks at the thread that started the child, not at its process: this one waits here until the end.
        self._start_thread = ThreadPoolExecutor(1, thread_name_prefix="child")
        try:
            with log.open("ab") as output:
                self._process = self._start_thread.submit(
                    subprocess.Popen,
                    [sys.executable, "-I", "-S", launcher.__file__, str(os.getpid()), *command],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ).result()
        except BaseException:
            self._start_thread.shutdown()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self._process.wait()

    def terminate(self, timeout: float) -> bool:
        """Ask it to end and wait; kill it when it takes longer, or when waiting is interrupted. True if it obeyed."""
        try:
            self._process.terminate()
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        else:
            return True
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and its own children at once."""
        # macOS denies permission where Linux finds nobody: for a group that has ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._start_thread.shutdown()
