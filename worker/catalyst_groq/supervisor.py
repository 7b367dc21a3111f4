"""Several workers on one machine, behind one command."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from types import FrameType


def run_worker_processes(command: Sequence[str], environs: Sequence[Mapping[str, str]]) -> int:
    """Run the command once per environment until all have ended; returns the worst exit code.

    SIGTERM and SIGINT are passed on, so each worker finishes what it has in hand. When one ends by itself the others
    are stopped as well: whoever supervises this command starts them all anew.
    """
    # A session of its own for each: Ctrl-C in a terminal reaches only us, and is passed on once.
    children = [subprocess.Popen(command, env=environ, start_new_session=True) for environ in environs]  # noqa: S603 -- our own
    told: list[int] = []

    def tell(number: int, _frame: FrameType | None = None) -> None:
        told.append(number)
        for child in children:
            child.send_signal(number)

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with ThreadPoolExecutor(len(children)) as threads:
            ends = [threads.submit(child.wait) for child in children]
            wait(ends, return_when=FIRST_COMPLETED)
            if not told:
                tell(signal.SIGTERM)
        return max(abs(end.result()) for end in ends)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
