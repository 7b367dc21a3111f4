"""Runs commands in an empty folder, without settings of the machine."""

import pytest

from support.command_line import CommandLine


@pytest.fixture
def run_command(tmp_path, monkeypatch):
    """Run a command in a folder of its own; return its exit code and what it prints."""
    return CommandLine(tmp_path, monkeypatch).run


@pytest.fixture
def run_json(tmp_path, monkeypatch):
    """Run a command with `--json`; return its exit code and the value that it prints."""
    return CommandLine(tmp_path, monkeypatch).run_json
