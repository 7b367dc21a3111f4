"""Each rule finds its wrong example, and nothing but hints in its right one."""

from dataclasses import replace

import pytest

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.commands.lint.rules import Severity, all_rules
from support.lint_diagrams import example_diagram, rules_of

pytestmark = pytest.mark.slow


def lint_example(rule, example):
    context = replace(default_context(), is_deployed=rule.id == "topic-not-fetched")
    return lint_diagram(example_diagram(example), context)


@pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())
def test_rule_finds_its_wrong_example(rule):
    assert rule.id in rules_of(lint_example(rule, rule.wrong))


@pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())
def test_rule_accepts_its_right_example(rule):
    findings = lint_example(rule, rule.right)

    assert rule.id not in rules_of(findings)
    assert [finding for finding in findings if finding.severity is not Severity.HINT] == []
