"""Which process variables a task requires."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.placeholders import render_all
from catalyst_groq.connector.expressions.required_variables import ALL_VARIABLES, variables_used_by
from catalyst_groq.connector.fields.names import CHAT_DEFAULTS
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

READER = TaskRequestReader(shipped_catalog())


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
def test_required_variables_are_found_in_placeholders(text, names):
    assert variables_used_by(text) == names


EXPRESSIONS = st.sampled_from(
    ["a", "a.b", "b || a", "[a, b]", "{x: a, y: b.c}", "a && !b", "a | [0]", "a[?b].c", "not_null(a, b)", "@", "*"]
)
VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", 1, None, {"b": 1}, [{"b": 2, "c": 3}]]))


@given(EXPRESSIONS, VALUES)
def test_required_variables_are_enough_to_render(expression, variables):
    text = f"{{{expression}}}".join(["$", ""])
    required = variables_used_by(text)
    fewest = (
        variables
        if required is ALL_VARIABLES
        else {name: value for name, value in variables.items() if name in required}
    )

    def outcome(given_variables):
        try:
            return render_all(text, given_variables)
        except ValueError as error:
            return str(error)

    assert outcome(fewest) == outcome(variables)


def test_required_variables_include_fields_and_the_key():
    task = make_task({"other": 1}, {"catalyst_apiKey": "myKey", "catalyst_model": "${model}"})

    assert READER.read_fields(task, make_definition()).required_variables == {
        *CHAT_DEFAULTS,
        "myKey",
        "model",
        "userMessage",
    }


def test_required_variables_include_the_conversation():
    task = make_task({}, {"catalyst_conversation": "talk"})
    assert "talk" in READER.read_fields(task, make_definition()).required_variables
    task = make_task({}, {"catalyst_conversation": "${which}"})
    assert READER.read_fields(task, make_definition()).required_variables is ALL_VARIABLES
