"""Watching processes that are not our children."""

import time
from pathlib import Path


def wait_for(condition, seconds=10.0):
    """Wait until a condition holds; fail when it does not within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{condition} does not hold after {seconds} s"
        time.sleep(0.01)


def is_gone(pid):
    """Whether a process has ended, collected by its parent or not. For Linux."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
