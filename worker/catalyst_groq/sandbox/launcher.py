"""Become another program that dies with the process that started it, however that one dies.

Run as `python -I -S launcher.py PARENT_PID PROGRAM ARGUMENT…`. The kernel keeps the promise on Linux; elsewhere the
starting process has to. It is a program of its own because Python code between fork and exec (subprocess's
`preexec_fn`) can deadlock in a process with threads.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, program: str, *arguments: str) -> None:
    """Bind this process to its parent, then become the program."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 -- only where it is used: this is on the way of every start

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("The process that started this one is gone.")
    os.execv(program, [program, *arguments])  # noqa: S606 -- becoming that program is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
