"""Several worker processes on one machine, behind one command."""

import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import FrameType


def run_worker_processes(command: Sequence[str], environs: Sequence[Mapping[str, str]]) -> int:
    """Run the command once per environment until all processes have ended. Returns the worst exit code.

    SIGTERM and SIGINT are forwarded, so each worker finishes its active tasks. When one process ends by itself, the
    others are stopped as well: the service manager that runs this command restarts all of them together.
    """
    # Each process gets its own session: Ctrl-C in a terminal reaches only this process, which forwards it once.
    processes = [subprocess.Popen(command, env=environ, start_new_session=True) for environ in environs]  # noqa: S603 -- our own
    forwarded_signals: list[int] = []

    def forward_signal(number: int, _frame: FrameType | None = None) -> None:
        forwarded_signals.append(number)
        for process in processes:
            process.send_signal(number)

    previous_handlers = {number: signal.signal(number, forward_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with ThreadPoolExecutor(len(processes)) as threads:
            exit_codes = [threads.submit(process.wait) for process in processes]
            wait(exit_codes, return_when=FIRST_COMPLETED)
            if not forwarded_signals:
                forward_signal(signal.SIGTERM)
        return max(abs(exit_code.result()) for exit_code in exit_codes)
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def find_free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens at."""
    with ExitStack() as sockets:
        free = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in free]
