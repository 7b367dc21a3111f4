"""Waits until a file changes."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

POLL_INTERVAL_SECONDS = 0.2
"""Editors save seldom: asking for the time of a change costs less than a library that is notified of it."""

Stamps = tuple[tuple[int, int] | None, ...]


def watch(files: Sequence[Path]) -> Iterator[None]:
    """Yield at once, and again after each change of a file that can be read then. It ends with its process."""
    stamps = _stamp(files)
    while True:
        yield
        stamps = _wait_for_change(files, stamps)


def _wait_for_change(files: Sequence[Path], seen: Stamps) -> Stamps:
    """Return the new stamps. A file that an editor is just replacing is missing for a moment."""
    while (current := _stamp(files)) == seen or None in current:
        time.sleep(POLL_INTERVAL_SECONDS)
    return current


def _stamp(files: Sequence[Path]) -> Stamps:
    return tuple(map(_stamp_one, files))


def _stamp_one(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
