"""Watching processes that are not our children."""

from pathlib import Path


def is_gone(pid):
    """Whether a process has ended, collected by its parent or not. For Linux."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
