"""The page of the rules, and what the rules say of the shipped templates and examples."""

import json
from pathlib import Path

import lint_docs
import pytest

from catalyst_groq.commands.lint.context import TEMPLATE_VERSIONS, default_context
from catalyst_groq.commands.lint.linter import lint_diagram

ROOT = Path(__file__).parents[4]


def test_page_of_rules_is_that_of_the_table():
    assert lint_docs.FILE.read_text(encoding="utf-8") == lint_docs.format_rules(), "Run python scripts/lint_docs.py"


@pytest.mark.parametrize("example", sorted((ROOT / "bpmn").glob("*.bpmn")), ids=lambda path: path.name)
def test_shipped_example_has_no_finding(example):
    assert lint_diagram(example.read_bytes(), default_context()) == []


def test_newest_template_versions_are_those_of_the_templates():
    templates = [json.loads(path.read_text("utf-8")) for path in (ROOT / "templates").glob("*.element.json")]

    assert {template["id"]: template["version"] for template in templates} == TEMPLATE_VERSIONS
