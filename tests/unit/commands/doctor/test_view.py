"""The output of the doctor."""

import io
import json

import pytest
from rich.console import Console

from catalyst_groq.commands.doctor.findings import Area
from catalyst_groq.commands.doctor.view import show_findings, summarize, to_json

ENGINE, STORAGE = Area("Engine"), Area("Storage")
FINDINGS = [
    ENGINE.ok("reached"),
    ENGINE.fault("it is \x1b[31mred", "Is it?"),
    STORAGE.hint("off", "Set it"),
    STORAGE.unknown("not checked"),
]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_findings_are_shown_with_their_fixes(is_terminal):
    output = io.StringIO()
    console = Console(file=output, force_terminal=is_terminal, width=100, color_system=None)
    show_findings(console, FINDINGS)
    shown = output.getvalue()

    assert "\x1b[31mred" not in shown
    assert ("→ Set it" in shown) is is_terminal
    assert ("fault Engine: it is \\x1b[31mred. Is it?\n" in shown) is not is_terminal
    assert shown.endswith("4 findings: 1 fault, 1 hint, 1 not checked.\n")


def test_long_finding_goes_on_below_its_text_in_a_terminal():
    output = io.StringIO()
    show_findings(Console(file=output, force_terminal=True, width=30, color_system=None), [ENGINE.ok("word " * 12)])

    lines = [line.rstrip() for line in output.getvalue().splitlines()[1:4]]
    assert lines == ["  ✓ word word word word word", "    word word word word word", "    word word"]


def test_summary_without_faults():
    assert summarize(FINDINGS[:1]) == "1 finding: everything is fine."


def test_findings_as_json():
    assert json.loads(to_json(FINDINGS))[2] == {"area": "Storage", "status": "hint", "text": "off", "fix": "Set it"}
