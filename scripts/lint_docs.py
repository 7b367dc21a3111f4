"""Writes docs/lint.md from the table of rules: `python scripts/lint_docs.py`. A test holds the file to the table."""

from collections.abc import Iterator
from pathlib import Path

from catalyst_groq.commands.lint.rules import SEVERITIES, Example, Rule, Severity, all_rules

FILE = Path(__file__).parents[1] / "docs" / "lint.md"
INTRODUCTION = """\
# Rules of `catalyst-groq lint`

`catalyst-groq lint FILES…` finds mistakes in BPMN diagrams before a process runs, `catalyst-groq lint --deployed` those
in the latest versions of the processes in the engine. It reads the fields with the worker's own code, so both say the
same.

```
catalyst-groq lint order.bpmn            # a file
catalyst-groq lint processes/            # all .bpmn files of a folder, without hidden folders and virtual environments
catalyst-groq lint --deployed            # what the engine executes
catalyst-groq lint --json order.bpmn     # for programs
catalyst-groq lint --sarif lint.sarif .  # for code hosts, which show findings beside the lines
catalyst-groq lint --diff order.bpmn     # what --fix would change
catalyst-groq lint --fix order.bpmn      # fix what needs no decision, and show the rest
```

What depends on the installation (topics, allowed secrets and URLs, models, endpoints) is taken from the worker's
settings: environment, `.env` and `worker.yaml`. Placeholders are filled when a task runs; lint checks their syntax and
the text around them. Exit codes: 0 nothing found, or hints only; 1 errors or warnings; 2 wrong usage, no such file, or
wrong settings.

`--fix` replaces single values (marked *fixable* below) and leaves all other bytes of a file as they are, in its own
encoding. It changes no file that it cannot read afterwards, and no task that worked gets another finding. Whatever
needs a decision is left: an old template, for example, because the Modeler's update also adds the new fields.

[A plugin](../bpmnlint-plugin-catalyst-groq/README.md) for bpmnlint and the Camunda Modeler has most of the rules.
[Mistakes in diagrams](mistakes.md) shows, mistake by mistake, what lint says and what a task that runs says.
"""
MEANINGS = {
    Severity.ERROR: "the task will fail or do the wrong thing",
    Severity.WARNING: "the task may fail or do the wrong thing",
    Severity.HINT: "worth a look",
}


def format_rules() -> str:
    """Return the page."""
    rules = list(all_rules().values())
    return "\n".join([INTRODUCTION, *_format_index(rules), *(line for rule in rules for line in _format_rule(rule))])


def _format_index(rules: list[Rule]) -> Iterator[str]:
    for severity in SEVERITIES:
        listed = ", ".join(_format_link(rule) for rule in rules if rule.severity is severity)
        yield from (f"**{severity.value.capitalize()}s** ({MEANINGS[severity]}): {listed}", "")


def _format_link(rule: Rule) -> str:
    return f"[{rule.id}](#{rule.id}){' (fixable)' if rule.fix else ''}"


def _format_rule(rule: Rule) -> Iterator[str]:
    yield from (f"## {rule.id}", "", f"{rule.title} ({rule.severity.value}). {rule.why}", "")
    if rule.fix:
        yield from (f"`--fix`: {rule.fix}", "")
    yield from ("Wrong:", "", *_format_example(rule.wrong), "", "Right:", "", *_format_example(rule.right), "")


def _format_example(example: Example) -> list[str]:
    if isinstance(example, str):
        return ["```xml", example.rstrip(), "```"]
    return ["```", *(f"{name}: {text}" for name, text in example.items()), "```"]


if __name__ == "__main__":
    FILE.write_text(format_rules(), encoding="utf-8")
