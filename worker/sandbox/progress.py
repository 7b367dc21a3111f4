"""What takes long on a laptop, and how it is shown: a bar in a terminal, plain lines in a pipe."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

SECONDS_BETWEEN_LINES = 3.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Phase:
    """Something that takes a while begins, and what was going on has ended; `text` says what, as a headline."""

    text: str


@dataclass(frozen=True, slots=True)
class Download:
    """How far the download of the current phase is, in bytes."""

    done: int
    total: int


OnProgress: TypeAlias = Callable[[Phase | Download], None]
"""Told about progress, from any thread but never from two at once."""


def unseen(_event: Phase | Download) -> None:
    """Show nothing."""


class ProgressDisplay:
    """Shows progress on a console while the `with` block runs; call it with every event.

    A terminal gets a spinner, or a bar while something is downloaded. Anything else gets a line for each phase and one
    every few seconds of a download. Either way a finished phase leaves one line with the time it took.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._phase: str | None = None
        self._began = self._last_line = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._finish_phase()
        self._bar.stop()

    def __call__(self, event: Phase | Download) -> None:
        """Show one event."""
        if isinstance(event, Phase):
            self._begin(event.text)
        elif self._console.is_terminal:
            self._bar.update(self._bar.task_ids[0], completed=event.done, total=event.total)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._line(f"  {event.done / MEGABYTE:.0f} of {event.total / MEGABYTE:.0f} MB")

    def _begin(self, phase: str) -> None:
        self._finish_phase()
        self._phase, self._began = phase, time.monotonic()
        if self._console.is_terminal:
            self._bar.add_task(phase, total=None)
        else:
            self._line(f"{phase} …")

    def _finish_phase(self) -> None:
        if self._phase is None:
            return
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._line(f"{self._phase}: {time.monotonic() - self._began:.1f} s")
        self._phase = None

    def _line(self, text: str) -> None:
        self._last_line = time.monotonic()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
