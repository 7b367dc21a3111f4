"""Prints the findings of the doctor: by area in a terminal, one line for each in a pipe, JSON for machines."""

import json
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from catalyst_groq.commands.doctor.findings import Finding, Status
from catalyst_groq.common.control_characters import escape_control_characters

STYLES = {Status.OK: "green", Status.HINT: "cyan", Status.FAULT: "bold red", Status.UNKNOWN: "yellow"}
MARKS = {Status.OK: "✓", Status.HINT: "i", Status.FAULT: "✗", Status.UNKNOWN: "?"}
INDENT = (0, 0, 0, 4)


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print the findings and their number."""
    if console.is_terminal:
        for area, group in groupby(findings, key=lambda finding: finding.area):
            _show_area(console, area, list(group))
    else:
        for finding in findings:
            console.print(Text(_as_line(finding)), soft_wrap=True)
    console.print(Text(summarize(findings)), soft_wrap=True)


def to_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps([finding.as_json() for finding in findings], indent=2, ensure_ascii=False)


def summarize(findings: Sequence[Finding]) -> str:
    """Return the numbers of findings as a sentence."""
    statuses = [finding.status for finding in findings]
    named = ((Status.FAULT, "fault"), (Status.HINT, "hint"))
    counts = [_count(number, noun) for status, noun in named if (number := statuses.count(status))]
    if number := statuses.count(Status.UNKNOWN):
        counts.append(f"{number} not checked")
    return f"{_count(len(findings), 'finding')}: {', '.join(counts) or 'everything is fine'}."


def _show_area(console: Console, area: str, findings: Sequence[Finding]) -> None:
    console.print(Text(area, "bold"))
    for finding in findings:
        marked = Table.grid(padding=(0, 1))
        marked.add_row(Text(f"  {MARKS[finding.status]}", STYLES[finding.status]), Text(_clean(finding.text)))
        console.print(marked)
        if finding.fix:
            console.print(Padding(Text(f"→ {_clean(finding.fix)}", "green"), INDENT))
    console.print()


def _as_line(finding: Finding) -> str:
    fix = f" {finding.fix}{'' if finding.fix.endswith('?') else '.'}" if finding.fix else ""
    return _clean(f"{finding.status.value} {finding.area}: {finding.text}.{fix}")


def _clean(text: str) -> str:
    return escape_control_characters(" ".join(text.split("\n")))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
