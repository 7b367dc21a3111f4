"""Runs a program that the kernel kills when its parent process ends.

Run as `python -I -S launcher.py PARENT_PID PROGRAM ARGUMENT…`. Works on Linux only; on other systems the parent must
end the program. It is a separate program because Python code between fork and exec (subprocess's
`preexec_fn`) can deadlock in a process with threads.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, program: str, *arguments: str) -> None:
    """Bind this process to its parent, then execute the program in its place."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 -- imported only on Linux: this runs at every start

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("The parent process has already ended.")
    os.execv(program, [program, *arguments])  # noqa: S606 -- the purpose of this module


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
