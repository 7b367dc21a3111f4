"""How findings are shown: in a terminal, in a pipe, as JSON and as SARIF."""

import io
import json
import re

import pytest
from rich.console import Console

from catalyst_groq.commands.lint.findings import DiagramReport, Finding, has_problems
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.commands.lint.sarif import to_sarif
from catalyst_groq.commands.lint.view import show_findings, summarize, to_json

ERROR = Finding(7, "Ask", "Ask Groq", "invalid-retries", "catalyst_retries: '3' is no cycle", "Write R3/PT10S")
WARNING = Finding(2, "Ask", "", "retired-model", "old is retired", "Write new")
HINT = Finding(1, "", "", "missing-variable", "nothing sets 'x'", "Did you mean y?")
REPORTS = [DiagramReport("a b.bpmn", [WARNING, ERROR]), DiagramReport("c.bpmn", [HINT])]


ENGINE = "http://engine/engine-rest"
PATH_CHAR = r"(?:[\w.~!$&'()*+,;=@-]|%[0-9A-F]{2})"
URI_REFERENCE = re.compile(rf"(?:[a-z]+://[\w.:-]*/)?{PATH_CHAR}+(?:/(?:{PATH_CHAR}|:)*)*", re.ASCII)
"""RFC 3986, as far as artifacts need it: no colon in the first segment of a relative reference."""


def shown(reports, *, terminal):
    out = io.StringIO()
    show_findings(Console(file=out, width=60, force_terminal=terminal, color_system=None), reports)
    return out.getvalue()


def test_view_writes_one_line_per_finding_into_a_pipe():
    assert shown(REPORTS, terminal=False).splitlines() == [
        "a b.bpmn:2: warning retired-model [Ask] old is retired. Write new.",
        "a b.bpmn:7: error invalid-retries [Ask] catalyst_retries: '3' is no cycle. Write R3/PT10S.",
        "c.bpmn:1: hint missing-variable nothing sets 'x'. Did you mean y?",
        "2 diagrams checked: 1 error, 1 warning, 1 hint.",
    ]


def test_view_groups_findings_by_file_in_a_terminal():
    lines = [line.rstrip() for line in shown(REPORTS, terminal=True).splitlines()]

    assert lines.index("a b.bpmn") < lines.index("  line 7 'Ask Groq' (Ask)  error  invalid-retries")
    assert "    → Write R3/PT10S" in lines
    assert lines.index("    → Write R3/PT10S") < lines.index("c.bpmn")
    assert lines[-1] == "2 diagrams checked: 1 error, 1 warning, 1 hint."


def test_view_of_a_diagram_without_findings():
    assert shown([DiagramReport("a.bpmn", [])], terminal=True) == "1 diagram checked: nothing found.\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_view_escapes_control_characters_of_diagrams(terminal):
    finding = Finding(1, "A\x1b[2J", "n\x07", "unknown-field", "p\x1b]0;t\x07[red]\nq", "f\u202e")
    text = shown([DiagramReport("\x1bf.bpmn", [finding])], terminal=terminal)

    assert r"A\x1b[2J" in text
    assert "[red]" in text
    assert not set("\x07\u202e") & set(text)
    assert "\x1b[2J" not in text


def test_json_lists_findings_with_severity_and_documentation():
    first, *others = json.loads(to_json(REPORTS))

    assert len(others) == 2
    assert first == {
        "file": "a b.bpmn",
        "line": 2,
        "element": "Ask",
        "name": "",
        "rule": "retired-model",
        "severity": "warning",
        "problem": "old is retired",
        "fix": "Write new",
        "documentation": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#retired-model",
    }


def test_hints_are_no_problems():
    assert has_problems(REPORTS)
    assert not has_problems([DiagramReport("c.bpmn", [HINT])])
    assert summarize([DiagramReport("c.bpmn", [HINT])]) == "1 diagram checked: 1 hint."


def test_sarif_has_the_form_that_code_hosts_read():
    """The properties that SARIF 2.1.0 requires, and those that GitHub needs to show a result."""
    log = to_sarif(REPORTS, ENGINE)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == list(all_rules())
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
    assert [result["level"] for result in run["results"]] == ["warning", "error", "note"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.bpmn"
    assert run["results"][1]["locations"][0]["logicalLocations"] == [
        {"name": "Ask Groq", "fullyQualifiedName": "Ask", "kind": "element"}
    ]


@pytest.mark.parametrize(
    ("report", "uri"),
    [
        (DiagramReport("ä: b/c?.bpmn", [HINT]), "%C3%A4%3A%20b/c%3F.bpmn"),
        (DiagramReport("/ä b.bpmn", [HINT]), "file:///%C3%A4%20b.bpmn"),
        (
            DiagramReport("order version 3 (order.bpmn)", [HINT], "order:3:8f"),
            "http://engine/engine-rest/process-definition/order:3:8f/xml",
        ),
    ],
)
def test_sarif_location_is_a_uri_reference(report, uri):
    """The schema of SARIF 2.1.0 says `"format": "uri-reference"`: RFC 3986, without blanks and other characters."""
    (result,) = to_sarif([report], ENGINE)["runs"][0]["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]

    assert artifact["uri"] == uri
    assert URI_REFERENCE.fullmatch(uri)
    assert artifact.get("description", {}).get("text") == (report.source if report.definition_id else None)
