"""What `--help` shows in a terminal of 80 columns."""

from typing import get_args

import pytest
from typer.testing import CliRunner

from catalyst_groq.cli import app
from catalyst_groq.cli.sandbox import ExampleName, FlavourName, PlanName


@pytest.mark.parametrize(
    ("command", "choices"),
    [("demo", ExampleName), ("demo", FlavourName), ("engine", FlavourName), ("emulator", PlanName)],
)
def test_help_shows_each_choice_whole(command, choices):
    text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).output

    assert [choice for choice in get_args(choices) if choice not in text] == []
