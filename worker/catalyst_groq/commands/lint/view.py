"""Prints findings: grouped by file in a terminal, one line for each in a pipe, JSON for machines."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from catalyst_groq.commands.lint.findings import DiagramReport, Finding, count_by_severity
from catalyst_groq.commands.lint.rules import Severity
from catalyst_groq.common.control_characters import escape_control_characters

INDENT = (0, 0, 0, 4)
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.HINT: "cyan"}


def show_findings(console: Console, reports: Sequence[DiagramReport]) -> None:
    """Print the findings and their number."""
    for report in reports:
        if console.is_terminal:
            _show_group(console, report)
        else:
            for finding in report.findings:
                _print(console, Text(_as_line(report.source, finding)))
    _print(console, Text(summarize(reports)))


def to_json(reports: Sequence[DiagramReport]) -> str:
    """Return the findings as a JSON list."""
    findings = [
        finding.as_json(report.source, report.definition_id) for report in reports for finding in report.findings
    ]
    return json.dumps(findings, indent=2, ensure_ascii=False)


def summarize(reports: Sequence[DiagramReport]) -> str:
    """Return the numbers of diagrams and findings as a sentence."""
    counts = count_by_severity(list(reports))
    numbers = [_count(number, severity.value) for severity, number in counts.items() if number]
    return f"{_count(len(reports), 'diagram')} checked: {', '.join(numbers) or 'nothing found'}."


def _show_group(console: Console, report: DiagramReport) -> None:
    if not report.findings:
        return
    _print(console, Text(_clean(report.source), "bold underline"))
    for finding in report.findings:
        head = Text(f"  {_where(finding)}  ")
        head.append(finding.severity.value, STYLES[finding.severity])
        head.append(f"  {finding.rule_id}", f"dim link {finding.rule.url}")
        _print(console, head)
        console.print(Padding(Text(_clean(finding.problem)), INDENT))
        console.print(Padding(Text(f"→ {_clean(finding.fix)}", "green"), INDENT))
    console.print()


def _as_line(source: str, finding: Finding) -> str:
    place = f"{source}:{finding.line}: {finding.severity.value} {finding.rule_id}"
    element = f" [{finding.element_id}]" if finding.element_id else ""
    return _clean(f"{place}{element} {finding.message}")


def _where(finding: Finding) -> str:
    named = [f"'{finding.element_name}'"] if finding.element_name else []
    element = [finding.element_id] if finding.element_id else []
    return _clean(" ".join([f"line {finding.line}", *named, *(f"({id_})" if named else id_ for id_ in element)]))


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=not console.is_terminal)


def _clean(text: str) -> str:
    return escape_control_characters(" ".join(text.split("\n")))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
