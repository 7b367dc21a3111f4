"""Writes findings as SARIF 2.1.0, the format that code hosts show beside the lines of a file. Pure.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from yarl import URL

from catalyst_groq import __version__
from catalyst_groq.commands.lint.findings import DiagramReport, Finding
from catalyst_groq.commands.lint.rules import DOCUMENTATION_URL, Rule, Severity, all_rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}


def to_sarif(reports: Sequence[DiagramReport], engine_url: str) -> dict[str, Any]:
    """Return the log of one run. `engine_url`: the REST API that has the deployed diagrams."""
    driver = {
        "name": "catalyst-groq lint",
        "semanticVersion": __version__,
        "informationUri": DOCUMENTATION_URL,
        "rules": list(map(_describe_rule, all_rules().values())),
    }
    results = [_describe(_locate(report, engine_url), finding) for report in reports for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _describe_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _locate(report: DiagramReport, engine_url: str) -> dict[str, Any]:
    """Return where a diagram is: its file, or the address where the engine has its XML."""
    if report.definition_id:
        address = URL(engine_url) / "process-definition" / report.definition_id / "xml"
        return {"uri": str(address), "description": {"text": report.source}}
    path = PurePath(report.source)
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}


def _describe(artifact: Mapping[str, Any], finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(finding.line, 1)}}
    }
    if finding.element_id:
        name = finding.element_name or finding.element_id
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": finding.element_id, "kind": "element"}]
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": list(all_rules()).index(finding.rule_id),
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
    }
