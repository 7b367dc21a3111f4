"""The page `docs/mistakes.md`, made from the planted mistakes. `make mistakes` writes it."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from catalyst_groq.commands.lint.rules import DOCUMENTATION_URL
from support.lint_diagrams import lint
from support.planted_mistakes.mistake import Mistake, Place
from support.planted_mistakes.table import FAMILIES, MISTAKES, Family

PAGE = Path(__file__).parents[3] / "docs" / "mistakes.md"
RULES_PAGE = Path(DOCUMENTATION_URL).name
HEADING = f"""\
# Mistakes in diagrams: what lint says, and what a task says

{len(MISTAKES)} mistakes that people made or may make. [A test](../tests/engine/test_planted_mistakes.py) deploys each
of them on a real engine with a worker; what the task says then names the same fix as [lint]({RULES_PAGE}) before.
“…” is a part of the message. An incident ends with a sentence about deploying the corrected diagram.

“No word” is where only lint can help: the engine knows nothing of the mistake, and the worker never gets the task, or
does what is written.

This page is made from [the mistakes](../tests/support/planted_mistakes); `make mistakes` writes it.
"""
CODE = re.compile(r"(`[^`]*`)")
TABLE_HEAD = "| mistake | lint | the task |\n|---|---|---|"


def page() -> str:
    """Return the text of the page."""
    return "\n".join([HEADING, *map(_section, FAMILIES)])


def _section(family: Family) -> str:
    return "\n".join([f"## {family.title}\n", TABLE_HEAD, *map(_row, family.mistakes), ""])


def _row(mistake: Mistake) -> str:
    return "| " + " | ".join(map(as_cell, _cells(mistake))) + " |"


def as_cell(text: str) -> str:
    """Return a text for a cell of a table, which shows `<` and `&` as they are. Markdown escapes code itself."""
    parts = CODE.split(text.replace("|", r"\|").replace("\n", " "))
    return "".join(part if CODE.fullmatch(part) else escape(part, quote=False) for part in parts)


def _cells(mistake: Mistake) -> Iterator[str]:
    yield mistake.name
    finding = next(finding for finding in lint(mistake.inside) if finding.rule_id == mistake.rule_id)
    yield f"[{finding.rule_id}]({RULES_PAGE}#{finding.rule_id}): {finding.message}"
    if mistake.shown is None:
        yield "incident: the same words"
    elif mistake.shown.place is Place.NOTHING:
        yield f"{Place.NOTHING}: {mistake.shown.happens}"
    else:
        yield f"{mistake.shown.place}: “{mistake.shown.text}”"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
