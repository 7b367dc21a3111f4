"""`${…}` placeholders: their values, their errors, and that data never changes the structure around them."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError, TaskVariables, evaluate_all
from catalyst_groq.connector.expressions.placeholders import parse, render_all
from catalyst_groq.domain.variables import FileVariable, OpaqueValue
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
    with pytest.raises(PlaceholderError, match=r"needs the process variable 'nobody'.*\|\| '\(none\)'"):
        render_all(text, VARIABLES)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "${execution.processBusinessKey}",
            "task.businessKey, task.processInstanceId and others are facts of the task",
        ),
        ("${secrets.GROQ_KEY}", "Write the name of the secret into the Groq API Key field"),
    ],
)
def test_placeholder_of_another_systems_object_names_what_to_write(text, hint):
    with pytest.raises(PlaceholderError, match=hint):
        render_all(text, VARIABLES)


def test_placeholder_path_without_a_value_is_refused():
    with pytest.raises(PlaceholderError, match=r"^\$\{order.price\} finds no value in the process variables"):
        render_all("${order.price}", VARIABLES)


@pytest.mark.parametrize("text", ["${scan}", "see ${scan}", "${[scan, name]}", "see ${{file: scan}}", "${@}"])
def test_placeholder_of_a_variable_without_text_is_refused(text):
    with pytest.raises(PlaceholderError, match="is a variable of type Bytes, which has no text"):
        render_all(text, VARIABLES)


JAVA_OBJECT = "Object (application/x-java-serialized-object)"


@pytest.mark.parametrize("text", ["${tags.x}", "a ${tags.x || 'none'}", "${tags || 'none'}", "${tags[0] && 'some'}"])
def test_placeholder_of_a_java_object_names_variable_type_and_fix(text):
    with pytest.raises(PlaceholderError) as caught:
        render_all({"messages": [text]}, {"tags": OpaqueValue(JAVA_OBJECT, "tags"), "name": "Ada"})
    expression = text[text.index("$") :]
    assert str(caught.value) == (
        f"{expression}: 'tags' is a variable of type {JAVA_OBJECT}, which has no text. "
        "Store JSON: as an input parameter ${JSON('…')} instead of a list or map, or ${JSON(tags)} if the variable "
        "exists before the task"
    )


@pytest.mark.parametrize(
    ("variable", "fix"),
    [
        (FileVariable("File", "x"), r'Write it as an entry of its own: "content": \["What is this\?", "\$\{x\}"\]$'),
        (OpaqueValue("Json (broken JSON)", "x"), "Correct what sets it: its content is not JSON$"),
        (OpaqueValue("Object (broken JSON)", "x"), "Correct what sets it: its content is not JSON$"),
        (OpaqueValue("Json (nested too deeply)", "x"), "Store it flatter$"),
        (
            OpaqueValue("Bytes (no UTF-8 text)", "x"),
            r"or use a File: an input parameter keeps one as \$\{execution.getVariableTyped\('name'\)\}",
        ),
        (OpaqueValue("Object (application/xml)", "x"), r"Store JSON: .*\$\{JSON\(x\)\}"),
    ],
)
def test_placeholder_of_an_unreadable_variable_names_the_fix(variable, fix):
    with pytest.raises(PlaceholderError, match=fix):
        render_all("${x.name || 'default'}", {"x": variable})


def test_unreadable_variable_that_is_not_used_disturbs_nothing():
    variables = {**VARIABLES, "tags": OpaqueValue(JAVA_OBJECT, "tags")}
    assert render_all("${name || tags} ${length(order.lines)} ${nobody || 'x'}", variables) == "Ada 2 x"


def test_unreadable_variable_is_refused_in_another_process_too():
    pickled = pickle.dumps(TaskVariables({"tags": OpaqueValue(JAVA_OBJECT, "tags"), "n": 1}, {"task": {"id": "t"}}))
    values = evaluate_all(["tags.x || 'none'", "n", "task.id"], pickled)
    assert (values["n"], values["task.id"]) == (1, "t")
    assert isinstance(values["tags.x || 'none'"], PlaceholderError)


def test_placeholder_through_a_text_says_how_to_read_json_in_it():
    with pytest.raises(PlaceholderError) as caught:
        render_all("Dear ${customer.name || 'customer'}", {"customer": '{"name": "Ada"}'})
    assert str(caught.value) == (
        "${customer.name || 'customer'}: `customer` is a text, which has no parts. "
        "If it is JSON, write parse_json(customer).name || 'customer'"
    )


def test_placeholder_finds_facts_of_the_task_unless_a_variable_has_its_name():
    facts = {"task": {"businessKey": "K-1"}}
    assert render_all("${task.businessKey}: ${name}", TaskVariables({"name": "Ada"}, facts)) == "K-1: Ada"
    assert render_all("${task.name}", TaskVariables({"task": {"name": "own"}}, facts)) == "own"
    assert render_all("${keys(@)}", TaskVariables({"name": "Ada"}, facts)) == ["name"]
    with pytest.raises(PlaceholderError, match=r"\$\{task.tenantId\} finds no value"):
        render_all("${task.tenantId}", TaskVariables({}, facts))


def test_placeholder_of_a_name_that_needs_quotes_shows_them():
    with pytest.raises(ExpressionError) as caught:
        render_all("${kunde-nr}", VARIABLES)
    assert str(caught.value).endswith(
        r'needs quotes: "kunde-nr". The placeholder is ${"kunde-nr"}, in JSON ${\"kunde-nr\"}'
    )


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
    with pytest.raises(ExpressionError, match=r"^`length\(count\)` cannot be evaluated: .*number \(3\)$"):
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


FOR_FILES = "Set it to a File or a text before this task"


@pytest.mark.parametrize(
    ("template", "fix"),
    [
        ("${photo}", "Set it before this task, or give a default: ${photo || '(none)'}"),
        (["See ${photo}"], "Set it before this task, or give a default: ${photo || '(none)'}"),
        (["What is this?", "${photo}"], FOR_FILES),
        ([{"type": "image_url", "image_url": {"url": "${photo}"}}], FOR_FILES),
    ],
)
def test_missing_variable_has_no_text_as_default_where_a_file_may_be(template, fix):
    with pytest.raises(PlaceholderError) as raised:
        render_all({"content": template}, {})

    assert str(raised.value) == f"${{photo}} needs the process variable 'photo', which does not exist. {fix}"


def test_path_without_a_value_has_no_text_as_default_where_a_file_may_be():
    with pytest.raises(
        PlaceholderError, match=r"\$\{files\[1\]\} finds no value in the process variables\. Fix the path$"
    ):
        render_all({"content": ["${files[1]}"]}, {"files": []})
