"""Expressions of other languages are refused with what to write instead."""

import pytest

from catalyst_groq.connector.expressions.jmespath import ExpressionError, check_expression


@pytest.mark.parametrize(
    ("expression", "corrected"),
    [
        ("kunde-nr", '"kunde-nr"'),
        ("kunde-nr.name", '"kunde-nr".name'),
        ("a.b-c || 'x-y'", "a.\"b-c\" || 'x-y'"),
        ("größe", '"größe"'),
        ("größe.höhe[0]", '"größe"."höhe"[0]'),
        ("$price", '"$price"'),
        ("a:b", '"a:b"'),
        ("a@b", '"a@b"'),
        ("1st", '"1st"'),
        ("customer name", '"customer name"'),
        ('kunde-nr || "other name"', '"kunde-nr" || "other name"'),
        ("execution.getVariable('order')", "order"),
        ('execution.getVariable("order-id").total', '"order-id".total'),
        ("execution.getVariableLocal('x') || 'none'", "x || 'none'"),
    ],
)
def test_name_that_needs_quotes_is_corrected(expression, corrected):
    with pytest.raises(ExpressionError) as caught:
        check_expression(expression)
    assert caught.value.corrected == corrected
    assert corrected in str(caught.value)
    check_expression(corrected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("now()", "there is no function now(). Let the engine set a variable"),
        ("dateTime().plusDays(3)", "Let the engine set a variable"),
        ("execution.getProcessBusinessKey()", "task.businessKey"),
        ("x ? 'a' : 'b'", "condition && 'a' || 'b'"),
        ("x == 'y' ? 'a' : 'b'", "condition && 'a' || 'b'"),
        ("x ?: 'none'", "name || 'default'"),
        ("x ?? 'none'", "name || 'default'"),
        ("if x then 'a' else 'b'", "condition && 'a' || 'b'"),
        ("empty x", "Write !name if it is empty"),
        ("not empty x", "Write !name if it is empty"),
        ("x eq y", "The operators are == != "),
        ("x and y", "The operators are == != "),
        ("not x", "The operators are == != "),
        ("x <> y", "The operators are == != "),
        ("x = 'y'", "The operators are == != "),
        ("x is null", "The operators are == != "),
        ("x.size()", "Write length(name)"),
        ("x.isEmpty()", "Write length(name)"),
        ("order.prop('total').value()", "A Json variable is read by a path alone"),
        ("S(order).prop('total')", "A Json variable is read by a path alone"),
        ("order.get('total')", "Write name.key"),
        ("order['total']", "Write name.key"),
        ("items[i]", "Write name.key"),
        ("items.0", "Write name.key"),
        ("name.toUpperCase()", "Methods of Java cannot be called"),
        ("x > 5", "Write numbers in backticks"),
        ("items[?price >= 10.5]", "Write numbers in backticks"),
        ("{ x }", "Write one pair of braces: ${name}"),
        ("$.choices[0].message.content", "A path begins without $"),
        ("$['order']", "A path begins without $"),
        ("$..price", "A path begins without $"),
        ("a ${b}", "Write names inside a placeholder without ${…}"),
        ("a + b", "There is no arithmetic"),
        ("'Dear ' + name", "There is no arithmetic"),
        ("total * 2", "There is no arithmetic"),
        ("total*2", "There is no arithmetic"),
        ("a - b", "There is no arithmetic"),
        ("a / b", "There is no arithmetic"),
        ("a % b", "There is no arithmetic"),
        ("upper(name)", "there is no function upper()"),
        ("customer.length(a, b)", "Expected 1 argument for function length(), received 2"),
        ('status == "open"', "Write a text in single quotes: 'open'"),
        ('orders[?status == "open"]', "Write a text in single quotes: 'open'"),
        ("active == true", "Write the constant in backticks: `true`"),
        ("orders[?active != false]", "Write the constant in backticks: `false`"),
        ("x == null && 'none'", "Write the constant in backticks: `null`"),
    ],
)
def test_foreign_expression_is_refused_with_what_to_write(expression, hint):
    with pytest.raises(ExpressionError) as caught:
        check_expression(expression)
    assert str(caught.value).startswith(f"`{expression}`")
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        *("x == 'open'", "x == `true`", "x == `null`", "orders[?status == 'open'].id | [0]", "a == b", "a != nullable"),
        *('x == "kunde-nr"', "\"open\" || 'x'", "x == true.value", "name == 'a == \"b\"'", 'contains(x, `"== true"`)'),
        *("sort_by(orders, &price)[0].{id: id}", "not_null(a, b, c)", "now", "empty", "execution.name", "a.eq.b"),
    ],
)
def test_expression_of_jmespath_is_accepted(expression):
    check_expression(expression)


def test_long_expression_with_a_mistake_is_not_searched():
    with pytest.raises(ExpressionError, match=r"^`a{150}…` is not JMESPath: "):
        check_expression("a" * 9_000 + "+")
