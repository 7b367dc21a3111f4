"""The order in which commands show process variables, and their values as texts."""

import pytest

from catalyst_groq.commands.process_variables import order_names, value_text


def test_own_variables_stand_before_those_of_the_worker():
    assert order_names(["catalyst_error", "b", "catalysts", "a"]) == ["a", "b", "catalysts", "catalyst_error"]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"type": "Boolean", "value": True}, "true"),
        ({"type": "Null", "value": None}, ""),
        ({"type": "Integer", "value": 0}, "0"),
        ({"type": "File", "value": None, "valueInfo": {"filename": "a.pdf"}}, "a.pdf"),
        ({"type": "File", "value": None}, ""),
    ],
)
def test_value_is_shown_as_a_text(typed, text):
    assert value_text(typed) == text
