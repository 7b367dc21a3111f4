"""Progress of slow steps: events, and their display as a bar in a terminal or as lines in a pipe."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LINE_INTERVAL_SECONDS = 3.0
BYTES_PER_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Phase:
    """A new phase begins, and the previous one has ended. `text` is its headline."""

    text: str


@dataclass(frozen=True, slots=True)
class Download:
    """Progress of the current phase's download, in bytes."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Done:
    """The last phase has ended."""


Event: TypeAlias = Phase | Download | Done
OnProgress: TypeAlias = Callable[[Event], None]
"""Receives events, from any thread but never from two at the same time."""


def ignore_event(_event: Event) -> None:
    """Ignore the event."""


class ProgressDisplay:
    """Shows progress on a console. Call it with each event.

    A terminal shows a spinner, or a bar during a download, and a line with the duration when a phase has finished. A
    pipe gets one line for each phase, its headline and later its duration, and a line every few seconds of a download.
    Leaving the `with` block finishes the current phase; after an exception its duration is not shown.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._phase = ""
        self._has_open_line = False
        self._bar: Progress | None = None
        self._started_at = self._last_line_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end() if error else self.finish()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Phase(text):
                self.finish()
                self._begin(text)
            case Download(done, total):
                self._show_download(done, total)
            case Done():
                self.finish()

    def finish(self) -> None:
        """Finish the current phase, if any, and print its duration."""
        phase, seconds, is_same_line = self._phase, time.monotonic() - self._started_at, self._has_open_line
        if phase and is_same_line:
            self._print(f"{seconds:.1f} s")
        self._end()
        if phase and not is_same_line:
            self._print(f"{phase}: {seconds:.1f} s")

    def _begin(self, phase: str) -> None:
        self._phase, self._started_at = phase, time.monotonic()
        if self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task(phase, total=None)
            self._bar.start()
        else:
            self._print(f"{phase} … ", end="")

    def _end(self) -> None:
        self._phase = ""
        self._end_line()
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _show_download(self, done: int, total: int) -> None:
        sizes = f"{done / BYTES_PER_MEGABYTE:.0f} of {total / BYTES_PER_MEGABYTE:.0f} MB"
        if self._bar:
            for task in self._bar.task_ids:
                self._bar.update(task, completed=done, total=total, description=f"{self._phase}, {sizes}")
        elif time.monotonic() - self._last_line_at >= LINE_INTERVAL_SECONDS:
            self._end_line()
            self._print(f"  {sizes}")

    def _end_line(self) -> None:
        if self._has_open_line:
            self._print("")

    def _print(self, line: str, end: str = "\n") -> None:
        self._last_line_at = time.monotonic()
        self._has_open_line = not end
        self._console.print(line, markup=False, highlight=False, soft_wrap=True, end=end)
        self._console.file.flush()
