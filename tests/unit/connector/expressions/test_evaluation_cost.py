"""Which expressions are evaluated on the event loop."""

from math import inf

import pytest

from catalyst_groq.common.structures import is_larger
from catalyst_groq.connector.expressions.evaluation_cost import inline_share, max_inline_chars


@pytest.mark.parametrize("expression", ["a", "a.b[0]", "a || 'x'", "choices[0].message.content | @"])
def test_path_is_evaluated_on_any_data(expression):
    assert max_inline_chars(expression) == inf


@pytest.mark.parametrize("expression", ["segments[].{start: start, end: end, text: text}", "join(', ', tags)"])
def test_usual_expression_is_evaluated_on_thousands_of_characters(expression):
    assert 3000 < max_inline_chars(expression) < inf


@pytest.mark.parametrize(
    "expression", [" | ".join(["[@, @]"] * 24), "join(a, b)", "to_string([to_string(@)])" * 1 + "|[@,@]" * 20]
)
def test_expression_that_multiplies_its_data_is_not_evaluated(expression):
    assert max_inline_chars(expression) < 1


ONES = f"`[{','.join('1' * 2400)}]`"


@pytest.mark.parametrize("expression", [f"xs[?contains({ONES}, @)]", f"{ONES}[?contains({ONES}, @)]"])
def test_literal_counts_as_data(expression):
    assert inline_share(expression, 1000) > 1


def test_long_separator_is_not_inserted():
    assert inline_share(f"join('{'x' * 1000}', xs)", 100) > 1


def test_share_of_a_path_is_nothing():
    assert inline_share("a.b", 1e9) == 0


def test_is_larger_counts_names_and_texts():
    data = {"name": ["text", 1, None]}
    assert is_larger(data, 5)
    assert not is_larger(data, 100)
