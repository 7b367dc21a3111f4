"""The progress display."""

from contextlib import suppress
from io import StringIO

import pytest
from rich.console import Console

from catalyst_groq.sandbox.progress import Done, Download, Phase, ProgressDisplay


@pytest.fixture
def shown():
    return StringIO()


@pytest.fixture
def pipe(shown):
    return ProgressDisplay(Console(file=shown))


@pytest.fixture
def terminal(shown):
    return ProgressDisplay(Console(file=shown, force_terminal=True, width=100))


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Replace the clock of the display. Time stands still unless a test advances it; rich has its own clock."""
    now = [100.0]
    monkeypatch.setattr("catalyst_groq.sandbox.progress.time.monotonic", lambda: now[0])
    return now


def test_pipe_shows_a_phase_and_its_duration_in_one_line(pipe, shown, clock):
    pipe(Phase("Starting [the] engine"))
    clock[0] += 2.44
    pipe(Phase("Deploying"))
    pipe(Done())

    assert shown.getvalue().splitlines() == ["Starting [the] engine … 2.4 s", "Deploying … 0.0 s"]


def test_pipe_shows_a_download_every_few_seconds(pipe, shown, clock):
    pipe(Phase("Downloading"))
    for done in range(61):
        pipe(Download(done * 1_000_000, 60_000_000))
        clock[0] += 0.125

    assert shown.getvalue().splitlines() == ["Downloading … ", "  24 of 60 MB", "  48 of 60 MB"]


def test_terminal_shows_a_bar_and_then_the_duration(terminal, shown):
    terminal(Phase("Downloading [all]"))
    terminal(Download(30_000_000, 60_000_000))
    terminal(Done())

    assert "Downloading [all], 30 of 60 MB" in shown.getvalue()
    assert shown.getvalue().endswith("Downloading [all]: 0.0 s\n")


def test_second_done_event_prints_nothing(pipe, shown):
    pipe(Phase("Starting"))
    pipe(Done())
    pipe.finish()

    assert shown.getvalue() == "Starting … 0.0 s\n"


@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_failed_phase_is_not_shown_as_done(kind, request, shown):
    display = request.getfixturevalue(kind)

    with suppress(RuntimeError), display:
        display(Phase("Starting"))
        raise RuntimeError

    assert "Starting:" not in shown.getvalue()
    assert display._bar is None
