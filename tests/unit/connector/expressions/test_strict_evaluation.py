"""Strict evaluation: no default, no empty list and no function stands in for what cannot be read."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.strict_evaluation import (
    MissingArgumentError,
    PathThroughTextError,
    UnreadableValueError,
    evaluate_strictly,
)
from catalyst_groq.domain.variables import FileVariable, OpaqueValue

JAVA = OpaqueValue("Object (application/x-java-serialized-object)", "java")
FILE = FileVariable("File", "file", "image/png")
DATA = {
    "java": JAVA,
    "file": FILE,
    "text": '{"name": "Ada"}',
    "words": ["one", "two"],
    "blank": "",
    "nothing": None,
    "customer": {"name": "Ada", "note": None, "tags": []},
    "orders": [{"item": "tea", "price": 3}, {"item": "cake", "price": 5}],
}
NAMES = st.sampled_from(["a", "b", "c"])
READABLE = st.recursive(
    st.none() | st.integers() | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=20,
)
EXPRESSIONS = st.sampled_from(
    [
        *("a", "a.b", "a[0]", "a[-1].b", "a[*].b", "a[].b", "a.*", "*.b", "a[?b].c", "a[?b == c]", "a[:2]", "a[::-1]"),
        *("a.b.c[0]", "a || b", "a && b", "!a", "[a, b.c]", "{x: a, y: b}", "a | b", "a[*].[b, c]", "not_null(a, b)"),
        *("to_array(a)", "type(a)", "a == b", "a[*][*].b", "@", "keys(@)", "values(@)[0]", "a[?b != `null`] | [0]"),
    ]
)


@given(st.dictionaries(NAMES, READABLE), EXPRESSIONS)
def test_evaluation_of_readable_data_is_that_of_jmespath(data, expression):
    assert evaluate_strictly(expression, data).value == jmespath.search(expression, data)


@pytest.mark.slow
@pytest.mark.parametrize(
    "expression",
    [
        *(
            "java.name",
            "java[0]",
            "java[-1].name",
            "java[*]",
            "java[*].name",
            "java[]",
            "java[].x",
            "java.*",
            "java[1:]",
        ),
        *("java[?x == 'y']", "java.{a: name}", "java | name", "java | [0]", "@.java.name", "[java][0].name"),
        *("{j: java}.j.name", "[java, words][*].name", "[java][].name", "not_null(java).name", "to_array(java)[0].x"),
        *("java.name || 'x'", "java || 'x'", "java && 'x'", "!java", "nobody || java.name", "customer && java.name"),
        *("not_null(java.name, 'x')", "[java.name || 'x']", "{x: java.name}", "java == 'x'"),
        *("'x' != java", "[java] == words", "java > `1`", "contains(words, java)", "contains([java], 'x')"),
        *("join(', ', java)", "join(', ', [java])", "length(java)", "to_string(java)", "to_string([{x: java}])"),
        *("to_number(java)", "type(java)", "sort(java)", "sort([java])", "max([java])", "sum([java])", "reverse(java)"),
        *("keys(java)", "merge(customer, java)", "map(&name, java)", "map(&name, [java])", "sort_by([java], &x)"),
        *("max_by([java, customer], &name)", "parse_json(java)", "tool_calls(java)", "starts_with(java, 'x')"),
        *("values(@)[?type(@) == 'string']", "*.name", "[java, customer][?name]"),
    ],
)
def test_unreadable_value_is_never_looked_into(expression):
    with pytest.raises(UnreadableValueError) as caught:
        evaluate_strictly(expression, DATA)
    assert caught.value.value in (JAVA, FILE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("java", JAVA),
        ("[java, file]", [JAVA, FILE]),
        ("nobody || java", JAVA),
        ("not_null(nothing, java)", JAVA),
        ("customer.name || java.name", "Ada"),
        ("nothing && java.name", None),
        ("file || 'none'", FILE),
        ("file && 'attached' || 'none'", "attached"),
        ("!file", False),
        ("to_array(file)", [FILE]),
        ("java == `null`", False),
        ("file != `null`", True),
        ("length([java, file])", 2),
        ("length(keys(@))", len(DATA)),
        ("orders[?price > `4`].item", ["cake"]),
    ],
)
def test_unreadable_value_may_be_passed_on_as_it_is(expression, value):
    assert evaluate_strictly(expression, DATA).value == value


@pytest.mark.parametrize(
    ("expression", "corrected"),
    [
        ("text.name", "parse_json(text).name"),
        ("text[0]", "parse_json(text)[0]"),
        ("text[0].name", "parse_json(text)[0].name"),
        ("text[*].name", "parse_json(text)[*].name"),
        ("text[].name", "parse_json(text)[].name"),
        ("text[1:]", "parse_json(text)[1:]"),
        ("text[?name]", "parse_json(text)[?name]"),
        ("text.{n: name}", "parse_json(text).{n: name}"),
        ("customer.name.first", "parse_json(customer.name).first"),
        ("orders[0].item.name", "parse_json(orders[0].item).name"),
        ("text.name || 'there'", "parse_json(text).name || 'there'"),
        ("not_null(text.name, 'there')", "not_null(parse_json(text).name, 'there')"),
        ("mytext || text.name", "mytext || parse_json(text).name"),
    ],
)
def test_path_through_a_text_names_parse_json(expression, corrected):
    with pytest.raises(PathThroughTextError) as caught:
        evaluate_strictly(expression, DATA)
    assert caught.value.corrected == corrected
    assert str(caught.value).endswith(f"is a text, which has no parts. If it is JSON, write {corrected}")


@pytest.mark.parametrize("expression", ["words[*].name", "orders[].item.name", "orders[?item.name == 'x']", "*.name"])
def test_path_through_a_text_inside_of_items_is_refused(expression):
    with pytest.raises(PathThroughTextError, match=r"parse_json"):
        evaluate_strictly(expression, {name: value for name, value in DATA.items() if name not in {"java", "file"}})


@pytest.mark.parametrize("expression", ["blank.name || 'there'", "nothing.name || 'there'", "blank[0] || 'there'"])
def test_path_through_an_empty_text_finds_nothing(expression):
    assert evaluate_strictly(expression, DATA).value == "there"


@pytest.mark.parametrize(
    ("expression", "leads_nowhere"),
    [
        ("customer.name", False),
        ("customer.note", False),
        ("nothing", False),
        ("customer.tags", False),
        ("customer.tags[*].name", False),
        ("orders[?price > `9`]", False),
        ("nobody", True),
        ("customer.age", True),
        ("customer.note.text", True),
        ("orders[5]", True),
        ("orders.item", True),
        ("orders[*].size", True),
        ("orders[].size", True),
        ("[orders, orders][*][*].size", True),
        ("orders[*].[size, colour]", True),
        ("orders[*].{size: size}", True),
        ("{a: customer.age}", True),
        ("{a: customer.age, b: customer.name}", False),
        ("orders[*].[size, item]", False),
        ("customer.tags[]", False),
        ("nobody || customer.age", True),
        ("customer.age || 'x'", False),
    ],
)
def test_evaluation_says_whether_a_path_leads_nowhere(expression, leads_nowhere):
    assert evaluate_strictly(expression, DATA).leads_nowhere is leads_nowhere


def test_facts_are_found_unless_the_data_has_their_name():
    facts = {"task": {"businessKey": "K-1"}, "customer": "hidden"}
    assert evaluate_strictly("task.businessKey", DATA, facts).value == "K-1"
    assert evaluate_strictly("join('-', [task.businessKey, customer.name])", DATA, facts).value == "K-1-Ada"
    assert evaluate_strictly("length(keys(@))", DATA, facts).value == len(DATA)
    assert evaluate_strictly("task.businessKey", {"task": {"businessKey": "own"}}, facts).value == "own"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("length(orders[0].price)", "length() takes string or array or object, and gets number (3)"),
        ("join(', ', orders)", 'join() takes array-string, and gets object ({"item": "tea", "price": 3})'),
        ("sum(customer.note)", "sum() takes array-number, and gets null (no value)"),
    ],
)
def test_function_with_a_wrong_argument_names_both_types(expression, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate_strictly(expression, DATA)
    assert str(caught.value) == f"`{expression}` cannot be evaluated: {message}"


def test_function_with_a_missing_argument_names_it():
    with pytest.raises(MissingArgumentError, match=r"length\(\) takes .* and gets null") as caught:
        evaluate_strictly("length(nobody)", DATA)
    assert caught.value.name == "nobody"


def test_long_expression_through_a_text_has_a_whole_message():
    expression = " || ".join(["text.name"] * 100)
    with pytest.raises(PathThroughTextError, match=r"^`text` is a text.* write parse_json\(text\) in place of it$"):
        evaluate_strictly(expression, DATA)


def test_function_with_a_huge_wrong_argument_has_a_whole_message():
    with pytest.raises(ExpressionError, match=r"abs\(\) takes number, and gets string \(\"x{79}…\)$"):
        evaluate_strictly("abs(long)", {"long": "x" * 100_000})
