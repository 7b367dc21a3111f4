"""The examples of the documentation do what the documents say."""

import json
import re
from pathlib import Path

import pytest

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError, TaskVariables
from catalyst_groq.connector.expressions.placeholders import render_all
from catalyst_groq.connector.fields.mappings import ResponseMapping
from catalyst_groq.connector.results.outcome_mapping import standard_variables
from support.factories import make_call_result, make_response

DOCS = Path(__file__).parents[3] / "docs"
EXPRESSIONS = (DOCS / "expressions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```json\n(.+?)```", EXPRESSIONS, re.DOTALL)
VARIABLES = TaskVariables(json.loads(BLOCKS[0]), {"task": {"businessKey": "order-4711"}})


def rows(head):
    """Return the cells of the table that has this head, without the marks of code."""
    table = EXPRESSIONS.split(head)[1].split("\n\n")[0].strip().splitlines()[1:]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in table]
    return [tuple(_code(cell) for cell in row) for row in cells]


def _code(cell):
    text = cell.strip().replace(r"\|", "|")
    return text[3:-3] if text.startswith("`` ") else text[1:-1]


@pytest.mark.parametrize(("placeholder", "value"), rows("| placeholder | value |"))
def test_example_of_a_placeholder_has_this_value(placeholder, value):
    assert render_all(placeholder, VARIABLES) == json.loads(value)


@pytest.mark.parametrize(("elsewhere", "here", "value"), rows("| elsewhere | here | value |"))
def test_expression_of_another_language_is_refused_here(elsewhere, here, value):
    assert render_all(f"${{{here}}}", VARIABLES) == json.loads(value)
    with pytest.raises((ExpressionError, PlaceholderError)):
        render_all(f"${{{elsewhere}}}", VARIABLES)


def test_example_of_a_response_mapping_is_valid():
    mapping = ResponseMapping.parse("catalyst_responseMapping", json.loads(BLOCKS[1]))

    assert set(mapping.expressions) == {"reply", "total", "customer", "calls"}


def test_page_of_results_describes_every_key_of_catalyst_meta():
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    variables = standard_variables(make_call_result(make_response()), "openai/gpt-oss-120b")

    assert described == [*variables, *variables["catalyst_meta"]]
