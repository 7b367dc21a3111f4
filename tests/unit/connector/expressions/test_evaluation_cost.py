"""Which expressions are evaluated on the event loop."""

from math import inf

import pytest

from catalyst_groq.common.structures import is_larger
from catalyst_groq.connector.expressions.evaluation_cost import max_inline_chars


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


def test_is_larger_counts_names_and_texts():
    data = {"name": ["text", 1, None]}
    assert is_larger(data, 5)
    assert not is_larger(data, 100)
