"""A child process that ends with this process."""

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
    """A program in its own session, so that Ctrl-C reaches only the parent. Its output goes to a log file.

    On Linux the kernel kills it when this process ends, even by kill -9. On other systems the parent must end it.
    """

    def __init__(self, command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> None:
        # The kernel kills the child when the thread that started it ends, not the process. So this thread lives on.
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
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the process ends, at most for `timeout` seconds. Returns whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        return not self.running

    def terminate(self, timeout: float) -> bool:
        """Send SIGTERM; kill it after `timeout` seconds or on interruption. Returns whether it ended in time."""
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
        """Kill the process and its children."""
        # For a process group that has ended, Linux raises ProcessLookupError and macOS PermissionError.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._start_thread.shutdown()
