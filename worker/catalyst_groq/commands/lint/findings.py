"""Findings: what is wrong, where, and how to fix it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from catalyst_groq.commands.lint.rules import SEVERITIES, Rule, Severity, all_rules


class Finding(NamedTuple):
    """One mistake in a diagram."""

    line: int
    """Of the field or the element, from 1; 0 where it is unknown."""
    element_id: str
    element_name: str
    rule_id: str
    problem: str
    fix: str

    @property
    def rule(self) -> Rule:
        """The rule that is broken."""
        return all_rules()[self.rule_id]

    @property
    def severity(self) -> Severity:
        """The rule's severity."""
        return self.rule.severity

    @property
    def message(self) -> str:
        """The problem and the fix as sentences."""
        end = "" if self.fix.endswith("?") else "."
        return f"{self.problem}. {self.fix}{end}"

    def mask(self, mask: Callable[[str], str]) -> "Finding":
        """Return the finding with its texts masked."""
        return self._replace(
            element_id=mask(self.element_id),
            element_name=mask(self.element_name),
            problem=mask(self.problem),
            fix=mask(self.fix),
        )

    def as_json(self, file: str, definition_id: str) -> dict[str, Any]:
        """Return the finding for machines. `definition_id`: empty for a file."""
        return {
            "file": file,
            **({"processDefinition": definition_id} if definition_id else {}),
            "line": self.line,
            "element": self.element_id,
            "name": self.element_name,
            "rule": self.rule_id,
            "severity": self.severity.value,
            "problem": self.problem,
            "fix": self.fix,
            "documentation": self.rule.url,
        }


class DiagramReport(NamedTuple):
    """The findings of one diagram, by line."""

    source: str
    """The path of a file; of a deployed diagram the process, its version and its file."""
    findings: list[Finding]
    definition_id: str = ""
    """Of a deployed process."""


def has_problems(reports: list[DiagramReport]) -> bool:
    """Whether there is any finding beyond hints."""
    return any(finding.severity is not Severity.HINT for report in reports for finding in report.findings)


def count_by_severity(reports: list[DiagramReport]) -> dict[Severity, int]:
    """Return the number of findings of each severity."""
    severities = [finding.severity for report in reports for finding in report.findings]
    return {severity: severities.count(severity) for severity in SEVERITIES}
