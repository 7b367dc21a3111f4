"""The page `docs/answers.md`, made from the cases. `make answers` writes it."""

from collections.abc import Iterator
from pathlib import Path

from support.field_cases.case import Case
from support.field_cases.families import CASES, FAMILIES, Family

PAGE = Path(__file__).parents[3] / "docs" / "answers.md"
HEADING = f"""\
# What models and servers answer, and what comes out

{len(CASES)} answers from public reports about Groq and about other servers with its API: gateways, proxies, vLLM,
LiteLLM, Ollama, OpenRouter, Azure. [A test](../tests/engine/test_field_cases.py) sends each of them byte for byte to
the worker, which works for a real engine.

*Calls* is the number of requests that the server gets for one task; *paid* is how many of these it answers with
something that its model has generated to an end. “…” is a part of the message. The tasks have the error mapping of the
element template or none, and retries of `R3/PT1S`. Process developers can try most of these answers: [the emulator has
scripts](../worker/catalyst_groq/sandbox/emulator/README.md#answers-by-name) for them.

This page is made from [the cases](../tests/support/field_cases); `make answers` writes it.
"""
TABLE_HEAD = "| case | the server … | what comes out | calls | paid |\n|---|---|---|---|---|"


def page() -> str:
    """Return the text of the page."""
    return "\n".join([HEADING, *map(_section, FAMILIES)])


def _section(family: Family) -> str:
    return "\n".join([f"## {family.title}\n", TABLE_HEAD, *map(_row, family.cases), ""])


def _row(case: Case) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in _cells(case)) + " |"


def _cells(case: Case) -> Iterator[str]:
    yield case.number
    yield case.server
    waiting = f"; {case.may_wait} of {case.instances} tasks wait" if case.may_wait else ""
    yield f"{case.outcome}{waiting}"
    yield str(case.calls) if case.fewest_calls is None else f"{case.fewest_calls} to {case.calls}"
    yield str(case.paid)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
