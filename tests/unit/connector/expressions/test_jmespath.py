"""Expressions: the short cut for simple paths gives the same values as the jmespath library."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression, evaluate

NAMES = st.sampled_from(["a", "b", "choices"])
DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=20,
)
INDEXES = st.lists(st.integers(-3, 3).map("[{}]".format), max_size=2).map("".join)
PATHS = st.lists(st.tuples(NAMES, INDEXES).map("".join), min_size=1, max_size=4).map(".".join)


@given(st.dictionaries(NAMES, DATA), PATHS)
def test_path_has_the_value_that_jmespath_finds(data, path):
    assert evaluate(path, data) == jmespath.search(path, data)


PATHS_AND_MORE = (
    *(
        "a",
        "a.b",
        "a.c[0]",
        "a.c[-1]",
        "a.c[-2]",
        "a.c[2]",
        "a.c[-3]",
        "a[0]",
        "a.b[0]",
        "a.b.c",
        "a.c.b",
        "x.y",
        "[0]",
    ),
    *(
        "choices[0].message.content",
        "choices[-1].message",
        "a.[b, c]",
        "a.c[*]",
        "a.c[0:1]",
        "length(a.b)",
        "@",
        "a || x",
    ),
)


@pytest.mark.parametrize("expression", PATHS_AND_MORE)
def test_expression_has_the_value_that_jmespath_finds(expression):
    data = {"a": {"b": "text", "c": [1, 2]}, "choices": [{"message": {"content": "Hello"}}]}
    assert evaluate(expression, data) == jmespath.search(expression, data)


def test_expression_that_is_not_jmespath_is_refused():
    with pytest.raises(ExpressionError, match="is not JMESPath"):
        evaluate("a..b", {})


@pytest.mark.parametrize(("repetitions", "calls"), [(50, 1), (150, 2)])
def test_tree_of_a_long_expression_is_not_kept(monkeypatch, repetitions, calls):
    """It may be a hundred times as large. jmespath itself keeps 128 trees."""
    compiled: list[str] = []
    monkeypatch.setattr(jmespath, "compile", compiled.append)
    for _ in range(2):
        compile_expression(" || ".join(["kept_or_not"] * repetitions))

    assert len(compiled) == calls


def test_reason_that_is_cut_ends_with_an_ellipsis():
    with pytest.raises(ExpressionError, match=r"is not JMESPath: .{200}…$"):
        evaluate("a." + "x" * 200 + " y", {})
