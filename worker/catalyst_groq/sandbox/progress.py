"""What takes long on a laptop, and how it is shown: a bar in a terminal, plain lines in a pipe."""

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
    """Something that takes a while begins, and what was going on has ended; `text` says what, as a headline."""

    text: str


@dataclass(frozen=True, slots=True)
class Download:
    """How far the download of the current phase is, in bytes."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Done:
    """The last phase has ended and nothing goes on."""


Event: TypeAlias = Phase | Download | Done
OnProgress: TypeAlias = Callable[[Event], None]
"""Told about progress, from any thread but never from two at once."""


def ignore_event(_event: Event) -> None:
    """Show nothing."""


class ProgressDisplay:
    """Shows progress on a console; call it with every event.

    A terminal gets a spinner, or a bar while something is downloaded. Anything else gets a line for each phase and one
    every few seconds of a download. Either way a phase that is done leaves a line with the time it took. Its `with`
    block ends what goes on: an exception leaves no bar behind, and no claim that anything is done.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._phase = ""
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
        """Say that the current phase, if any, is done."""
        phase, seconds = self._phase, time.monotonic() - self._started_at
        self._end()
        if phase:
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
            self._print(f"{phase} …")

    def _end(self) -> None:
        self._phase = ""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _show_download(self, done: int, total: int) -> None:
        sizes = f"{done / BYTES_PER_MEGABYTE:.0f} of {total / BYTES_PER_MEGABYTE:.0f} MB"
        if self._bar:
            for task in self._bar.task_ids:
                self._bar.update(task, completed=done, total=total, description=f"{self._phase}, {sizes}")
        elif time.monotonic() - self._last_line_at >= LINE_INTERVAL_SECONDS:
            self._print(f"  {sizes}")

    def _print(self, line: str) -> None:
        self._last_line_at = time.monotonic()
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
