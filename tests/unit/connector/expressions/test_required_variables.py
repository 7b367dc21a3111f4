"""Which process variables are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.placeholders import render
from catalyst_groq.connector.expressions.required_variables import ALL_VARIABLES, variables_used_by
from catalyst_groq.connector.fields.names import CHAT_DEFAULTS
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from support.factories import make_definition, make_task


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no placeholder", set()),
        ("Dear ${name}, ${name}", {"name"}),
        ("${customer.name || fallback}", {"customer", "fallback"}),
        ("${orders[?price > `10`].item | [0]}", {"orders"}),
        ("${join(', ', orders[].item)}", {"orders"}),
        ("${sort_by(orders, &price)[0].{item: item}}", {"orders"}),
        ("${{a: x, b: [y, z.w]}}", {"x", "y", "z"}),
        ("${!done && count >= `3`}", {"done", "count"}),
        ("${orders[*].lines[] | length(@)}", {"orders"}),
        ("${'literal'} $${no} ${\"a name\".x}", {"a name"}),
        ("${keys(@)}", ALL_VARIABLES),
        ("${*.name}", ALL_VARIABLES),
        ("${unclosed", set()),
        ({"a": ["${x}", 1], "b": {"c": "${y}"}}, {"x", "y"}),
    ],
)
def test_the_names_that_placeholders_use_are_found(text, names):
    assert variables_used_by(text) == names


EXPRESSIONS = st.sampled_from(
    ["a", "a.b", "b || a", "[a, b]", "{x: a, y: b.c}", "a && !b", "a | [0]", "a[?b].c", "not_null(a, b)", "@", "*"]
)
VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", 1, None, {"b": 1}, [{"b": 2, "c": 3}]]))


@given(EXPRESSIONS, VALUES)
def test_a_text_reads_the_same_with_only_the_variables_it_needs(expression, variables):
    text = f"{{{expression}}}".join(["$", ""])
    needed = variables_used_by(text)
    fewer = (
        variables if needed is ALL_VARIABLES else {name: value for name, value in variables.items() if name in needed}
    )

    def outcome(given_variables):
        try:
            return render(text, given_variables)
        except ValueError as error:
            return str(error)

    assert outcome(fewer) == outcome(variables)


def test_a_task_needs_its_fields_what_they_use_and_the_variable_that_may_hold_the_key():
    task = make_task({"other": 1}, {"catalyst_apiKey": "myKey", "catalyst_model": "${model}"})

    assert RawFields.from_task(task, make_definition()).required_variables == {
        *CHAT_DEFAULTS,
        "myKey",
        "model",
        "userMessage",
    }


def test_a_task_needs_the_variable_that_holds_its_conversation():
    task = make_task({}, {"catalyst_conversation": "talk"})
    assert "talk" in RawFields.from_task(task, make_definition()).required_variables
    task = make_task({}, {"catalyst_conversation": "${which}"})
    assert RawFields.from_task(task, make_definition()).required_variables is ALL_VARIABLES


def test_all_variables_are_wanted_until_something_is_known_and_again_when_one_task_wants_them():
    wanted = VariablesToFetch()
    assert wanted.names is None
    wanted.add({"a"})
    wanted.add({"b"})
    assert wanted.names == {"a", "b"}
    wanted.add(None)
    wanted.add({"c"})
    assert wanted.names is None
