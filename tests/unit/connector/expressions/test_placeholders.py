"""`${…}` placeholders: their values, their errors, and that data never changes the structure around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholders import PlaceholderError, parse, render_all
from catalyst_groq.domain.variables import OpaqueValue
from support.factories import texts

VARIABLES = {
    "name": "Ada",
    "count": 3,
    "ready": True,
    "blank": None,
    "my-name": "Grace",
    "my-blank": None,
    "order": {"lines": [{"sku": "A-1"}, {"sku": "B-2"}], "note": "50 % {off}"},
    "scan": OpaqueValue("Bytes"),
}
literals = texts.map(lambda text: text.replace("$", ""))
template_texts = st.lists(st.one_of(literals, st.just("${a}"), st.just("$${")), max_size=4).map("".join)
templates = st.recursive(
    st.one_of(template_texts, st.none(), st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(entry) for entry in value]
    return type(value)


@given(templates, texts)
def test_placeholder_value_never_changes_the_structure(template, text):
    assert shape(render_all(template, {"a": text})) == shape(template)


@given(texts)
def test_placeholder_in_a_variable_is_not_filled(text):
    assert render_all("${a}", {"a": text}) == text
    assert render_all("<${a}|${a}>", {"a": text}) == f"<{text}|{text}>"


@given(st.text())
def test_placeholder_can_be_escaped(text):
    assert render_all(text.replace("${", "$${"), {}) == text


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("no placeholder, $5, {braces}", "no placeholder, $5, {braces}"),
        ("Hello ${name}, ${ name }!", "Hello Ada, Ada!"),
        ("${count}", 3),
        ("${count} pieces", "3 pieces"),
        ("${ready}", True),
        ("is ${ready}", "is true"),
        ("${order.lines[1].sku}", "B-2"),
        ("${order.lines[].sku}", ["A-1", "B-2"]),
        ("skus: ${order.lines[].sku}", 'skus: ["A-1", "B-2"]'),
        ("${order.note}", "50 % {off}"),
        ("${{who: name, n: {m: count}}}", {"who": "Ada", "n": {"m": 3}}),
        ("<${join('}', order.lines[].sku)}>", "<A-1}B-2>"),
        (r"${'it\'s } fine'}", "it's } fine"),
        ('${`{"a": "}"}`}', {"a": "}"}),
        ('${"my-name"}', "Grace"),
        ("${nobody || 'there'}", "there"),
        ("${name || 'there'}", "Ada"),
        ("${blank}", None),
        ('${"my-blank"}', None),
        ("[${blank}]", "[]"),
        ("$${name} is ${name}", "${name} is Ada"),
        ("$$${name}", "$${name}"),
    ],
)
def test_placeholder_renders_its_value(text, rendered):
    assert render_all(text, VARIABLES) == rendered
    assert type(render_all(text, VARIABLES)) is type(rendered)


@pytest.mark.parametrize(
    "text", ["${nobody}", "Hi ${nobody}", "${nobody.name}", "${length(nobody)}", "${nobody || other}"]
)
def test_placeholder_names_a_missing_variable_and_the_fix(text):
    with pytest.raises(PlaceholderError, match=r"needs the process variable 'nobody'.*\|\| 'text'"):
        render_all(text, VARIABLES)


def test_placeholder_path_without_a_value_is_refused():
    with pytest.raises(PlaceholderError, match=r"^\$\{order.price\} finds no value in the process variables"):
        render_all("${order.price}", VARIABLES)


@pytest.mark.parametrize("text", ["${scan}", "see ${scan}", "${[scan, name]}", "see ${{file: scan}}", "${@}"])
def test_placeholder_of_a_variable_without_text_is_refused(text):
    with pytest.raises(PlaceholderError, match="is a variable of type Bytes, which has no text"):
        render_all(text, VARIABLES)


@pytest.mark.parametrize("text", ["Hi ${name", "${'}", "${{a: name}", r"${'\'}"])
def test_placeholder_that_is_not_closed_names_the_fix(text):
    with pytest.raises(PlaceholderError, match=r"not closed. Add the }, or write \$\$\{ for a literal"):
        render_all(text, VARIABLES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${name.}", "`name.` is not JMESPath"),
        ("${}", "`` is not JMESPath"),
        ("${my-name}", "`my-name` is not JMESPath"),
    ],
)
def test_placeholder_that_is_not_jmespath_is_quoted(text, reason):
    with pytest.raises(ExpressionError, match=reason):
        render_all(text, VARIABLES)


def test_placeholder_function_error_is_one_line():
    with pytest.raises(ExpressionError, match=r"^`length\(count\)` cannot be evaluated: .*number.*$"):
        render_all("${length(count)}", VARIABLES)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["${numbers}", "all: ${numbers}"])
def test_large_variable_cannot_be_repeated_without_end(text):
    numbers = [1] * 49_000
    assert len(render_all(["${numbers}"] * 4, {"numbers": numbers})) == 4
    with pytest.raises(PlaceholderError, match=r"^its placeholders fill in more than 200,000 values\. Use fewer"):
        render_all([text] * 5, {"numbers": numbers})


@pytest.mark.parametrize(
    "text", ["${a}" * 10_001, "${ab}" * 10_001, "".join(f"${{a{'b' * 600}{i}}}" for i in range(90))]
)
def test_text_has_a_maximum_of_placeholders(text):
    with pytest.raises(PlaceholderError, match=r"^a text has more than 10,000 placeholders, or 50,000 characters"):
        parse(text)


def test_end_of_a_placeholder_is_searched_no_further_than_the_longest_expression():
    assert len(parse("${" + "a" * 10_000 + "}")) == 1
    with pytest.raises(
        PlaceholderError, match=r"a placeholder that is not closed within 10,000 characters\. Add the }"
    ):
        parse("${" + "a " * 10_000 + "}")


def test_text_may_have_thousands_of_placeholders():
    assert len(parse("${a}" * 10_000)) == 10_000
