"""Response mapping and error mapping."""

import asyncio
from datetime import UTC, datetime

import pytest

from catalyst_groq.connector.expressions.jmespath import check_expression
from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.domain.variables import TypedValue
from catalyst_groq.errors import FieldError
from support.factories import REPLY, make_response
from support.inline_executor import InlineExecutor


def map_variables(mapping, body):
    return asyncio.run(mapping.apply(make_response(body=body), InlineExecutor()))


def apply(mapping, body):
    return map_variables(mapping, body).variables


def test_mapping_takes_values_from_the_answer():
    mapping = ResponseMapping.parse(
        "f",
        parse_object(
            "f",
            '{"reply": "choices[0].message.content", "tokens": "usage.total_tokens", "all": "usage", "none": "a.b"}',
        ),
    )
    assert apply(mapping, REPLY) == {"reply": "Hello Ada", "tokens": 23, "all": REPLY["usage"], "none": None}


def value_of(expression, body):
    return apply(ResponseMapping.parse("f", {"x": expression}), body)["x"]


def answer_with(**message):
    return {"choices": [{"message": message}]}


def test_mapping_parses_json_in_a_text():
    answer = answer_with(content='{"total": 12.5, "lines": [{"item": "tea"}]}')
    assert value_of("parse_json(choices[0].message.content).total", answer) == 12.5
    assert value_of("parse_json(choices[0].message.content).lines[].item", answer) == ["tea"]
    assert value_of("parse_json(choices[0].message.content)", answer_with(content=None)) is None


def test_mapping_names_a_text_that_is_not_json():
    with pytest.raises(FieldError, match=r"parse_json.*not JSON"):
        value_of("parse_json(choices[0].message.content)", answer_with(content="Sorry"))


def test_mapping_parses_arguments_of_tool_calls():
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"order": "7"}'}}
    assert value_of("tool_calls(@)", answer_with(tool_calls=[call])) == [
        {"id": "call_1", "name": "look_up", "arguments": {"order": "7"}}
    ]
    assert value_of("tool_calls(@)[0].arguments.order", answer_with(tool_calls=[call])) == "7"


@pytest.mark.parametrize(
    "body", [{}, {"choices": 5}, answer_with(content="x"), answer_with(tool_calls=[5]), answer_with(tool_calls=7)]
)
def test_mapping_finds_no_tool_calls_in_other_answers(body):
    assert value_of("tool_calls(@)", body) == []


@pytest.mark.parametrize(
    ("kind", "answered", "value"),
    [
        ("String", 12, "12"),
        ("String", {"a": 1}, '{"a": 1}'),
        ("Integer", "12", 12),
        ("Integer", 12.0, 12),
        ("Long", 12, TypedValue("Long", 12)),
        ("Long", "9007199254740993", TypedValue("Long", 9007199254740993)),
        ("Double", 12, 12.0),
        ("Double", " 1e3", 1000.0),
        ("Boolean", "Yes", True),
        ("Boolean", False, False),
        ("Date", "2026-11-21T09:00:00+00:00", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("Json", "plain", TypedValue("Json", "plain")),
        ("File", "a report", TypedValue("File", "a report")),
        ("Double", None, None),
    ],
)
def test_mapping_converts_to_a_type(kind, answered, value):
    converted = apply(ResponseMapping.parse("f", {f"x:{kind}": "a"}), {"a": answered})["x"]
    assert (converted, type(converted)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "answered"),
    [
        ("Integer", 1.5),
        ("Integer", True),
        ("Integer", "Infinity"),
        ("Long", 2**63),
        ("Double", "much"),
        ("Double", [1]),
        ("Boolean", "perhaps"),
        ("Date", "soon"),
        ("Date", 5),
    ],
)
def test_mapping_names_a_value_of_another_type(kind, answered):
    with pytest.raises(FieldError, match=rf"^f: 'x': the value .+ is not of type {kind}\. Fix"):
        apply(ResponseMapping.parse("f", {f"x:{kind}": "a"}), {"a": answered})


def test_mapping_with_an_unknown_type_is_refused():
    with pytest.raises(
        FieldError, match=r"'x:double' has an unknown type. It must be one of String, Integer, Long, Double"
    ):
        ResponseMapping.parse("f", {"x:double": "a"})


def test_mapping_name_may_have_255_characters():
    assert list(ResponseMapping.parse("f", {f"{'x' * 255}:String": "id"}).expressions) == ["x" * 255]


def test_mapping_name_may_be_a_number():
    assert apply(ResponseMapping.parse("f", parse_object("f", "1: model")), REPLY) == {"1": "openai/gpt-oss-120b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"catalyst_success": "model"}',
            "f: 'catalyst_success' cannot be set: catalyst_… is reserved for the worker. Choose",
        ),
        (
            '{"nrOfInstances": "model"}',
            "f: 'nrOfInstances' cannot be set: the engine counts items with it. Choose another name",
        ),
        ('{"": "model"}', "f: has an empty name. Write "),
        (f'{{"{"x" * 256}": "model"}}', f"f: '{'x' * 40}…' is a name of 256 characters; the engine takes 255. Choose"),
        ('{"a": 1}', "f: the expression of 'a' is not a text. Write \"a\": "),
        ('{"a": "choices["}', "f: 'a': `choices[` is not JMESPath: "),
        ('{"a": ""}', "f: 'a': `` is not JMESPath: "),
        ("[]", "f: is a list, not an object"),
        ('{"a": "now()"}', "f: 'a': `now()` is not JMESPath: there is no function now(). "),
        ('{"a": "id", "a:String": "model"}', "f: has two entries for 'a'. Remove one"),
        ('{"a": "id", "a!": "model"}', "f: has two entries for 'a'. Remove one"),
        ('{"a:double!": "id"}', "f: 'a:double' has an unknown type. It must be one of String"),
    ],
)
def test_mapping_that_is_wrong_names_the_fix(text, message):
    with pytest.raises(FieldError) as caught:
        ResponseMapping.parse("f", parse_object("f", text))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("expressions", "is_inline"), [(1, True), (1000, False)])
def test_mapping_is_evaluated_inline_only_if_all_its_expressions_are_quick(expressions, is_inline):
    mapping = ResponseMapping.parse("f", {f"v{number}": "choices[].index" for number in range(expressions)})
    executor = InlineExecutor()

    mapped = asyncio.run(mapping.apply(make_response(body={"choices": [{"index": 1}] * 50}), executor))

    assert len(mapped.variables) == expressions
    assert (not executor.functions) is is_inline


@pytest.mark.parametrize(
    ("name", "expression", "fix"),
    [
        ("choices[0].message.content", "reply", 'The name comes first: "reply": "choices[0].message.content"'),
        ("usage.total_tokens", "tokens", 'The name comes first: "tokens": "usage.total_tokens"'),
        ("reply_${loopCounter}", "id", "A name has no placeholders: write letters, digits and _. catalyst_collect"),
        ("reply_{{n}}", "id", "A name has no placeholders: "),
        ("reply_#{n}", "id", "A name has no placeholders: "),
        ("customer.name", "choices[0].message.content", "Write letters, digits and _"),
        ("replies[0]", "choices[0].message.content", "Write letters, digits and _"),
        ("two words", "choices[0].message.content", "Write letters, digits and _"),
        ("kunde-nr", "choices[0].message.content", "Write letters, digits and _"),
        ("a!!", "choices[0].message.content", "Write letters, digits and _"),
        (" a", 5, "Write letters, digits and _"),
    ],
)
def test_mapping_name_must_be_an_identifier(name, expression, fix):
    with pytest.raises(FieldError) as caught:
        ResponseMapping.parse("f", {name: expression})
    assert str(caught.value).startswith(f"f: '{name.removesuffix('!')}' cannot be the name of a variable. {fix}")


@pytest.mark.parametrize(
    "name", ["reply", "größe", "_a1", "1", "total:Double", "total!", "total!:Double", "total:Double!"]
)
def test_mapping_name_may_have_letters_digits_and_type(name):
    assert ResponseMapping.parse("f", {name: "id"}).expressions == {name.partition(":")[0].removesuffix("!"): "id"}


@pytest.mark.parametrize(
    ("expression", "corrected"),
    [
        ("choices[0].message.content.total", "parse_json(choices[0].message.content).total"),
        ("choices[0].message.content[0].total", "parse_json(choices[0].message.content)[0].total"),
        ("choices[0].message.content[*].total", "parse_json(choices[0].message.content)[*].total"),
        ("choices[0].message.content.total || `0`", "parse_json(choices[0].message.content).total || `0`"),
        ("choices[-1].message.content.total", "parse_json(choices[-1].message.content).total"),
    ],
)
def test_mapping_through_a_text_names_parse_json(expression, corrected):
    with pytest.raises(FieldError) as caught:
        value_of(expression, answer_with(content='{"total": 5}'))
    assert str(caught.value).startswith("f: 'x': `choices[")
    assert f"is a text, which has no parts. If it is JSON, write {corrected}. Fix the expression" in str(caught.value)
    check_expression(corrected)


@pytest.mark.parametrize(
    "expression",
    ["choices[*].message.content.total", "choices[].message.content.total", "choices[*].message.content[*].a"],
)
def test_mapping_through_a_text_of_each_item_is_refused(expression):
    with pytest.raises(FieldError, match=r"^f: 'x': .* leads through a text\. If it is JSON, read it with parse_json"):
        value_of(expression, answer_with(content='{"total": 5}'))


def test_mapping_lists_the_variables_whose_paths_lead_nowhere():
    expressions = {
        "reply": "choices[0].message.content",
        "reasoning": "choices[0].message.reasoning",
        "typo": "choices[0].mesage.content",
        "second": "choices[1].message.content",
        "each": "choices[*].mesage.content",
        "picked": "choices[?index == `7`].message",
        "either": "error.code || choices[0].mesage",
        "defaulted": "choices[0].mesage || 'none'",
        "calls": "tool_calls(@)",
    }
    mapped = map_variables(
        ResponseMapping.parse("f", expressions),
        {"choices": [{"index": 0, "message": {"content": None, "reasoning": "hm"}}]},
    )
    assert mapped.unmapped == ["typo", "second", "each", "either"]
    assert mapped.variables == {
        **dict.fromkeys(["reply", "typo", "second", "either"]),
        "reasoning": "hm",
        "each": [],
        "picked": [],
        "defaulted": "none",
        "calls": [],
    }


@pytest.mark.parametrize("name", ["total!", "total:Double!", "total!:Double"])
@pytest.mark.parametrize("expression", ["usage.total", "usage.none", "choices[*].total", "choices[0].message.content"])
def test_mapping_of_a_required_variable_must_find_a_value(name, expression):
    body = {**answer_with(content=None), "usage": {"none": None, "sum": 5}}
    with pytest.raises(FieldError) as caught:
        apply(ResponseMapping.parse("f", {name: expression}), body)
    assert str(caught.value) == (
        f"f: 'total' is required, and `{expression}` finds no value in the response. "
        "Fix the expression; Groq has answered, see catalyst_responseBody"
    )
    assert apply(ResponseMapping.parse("f", {name: "usage.sum"}), body) == {"total": 5}


def test_mapping_of_a_value_of_another_type_has_a_whole_message():
    with pytest.raises(FieldError) as caught:
        apply(ResponseMapping.parse("f", {"total:Double": "a"}), {"a": "twelve " * 100})
    assert str(caught.value) == (
        f"f: 'total': the value \"{'twelve ' * 11}tw… is not of type Double. "
        "Fix the expression; Groq has answered, see catalyst_responseBody"
    )


def test_mapping_that_fails_points_to_the_answer():
    mapping = ResponseMapping.parse("f", parse_object("f", '{"n": "length(usage.total_tokens)"}'))
    with pytest.raises(
        FieldError, match=r"^f: 'n': `length.* cannot be evaluated.*Groq has answered, see catalyst_responseBody"
    ):
        apply(mapping, REPLY)


def test_error_mapping_uses_the_most_specific_cause():
    mapping = ErrorMapping.parse(
        "f", parse_object("f", '{"4xx": "REFUSED", "429": "RATE_LIMITED", "model_not_found": "NO_MODEL"}')
    )
    assert mapping.code_for(("model_not_found", "404", "4xx")) == "NO_MODEL"
    assert mapping.code_for(("rate_limit_exceeded", "429", "4xx")) == "RATE_LIMITED"
    assert mapping.code_for(("401", "4xx")) == "REFUSED"
    assert mapping.code_for(("timeout",)) is None


def test_error_mapping_in_yaml_may_have_numbers():
    assert ErrorMapping.parse("f", parse_object("f", "429: RATE_LIMITED")).code_for(("429",)) == "RATE_LIMITED"


@pytest.mark.parametrize("code", ["null", '""', "5", '["A"]'])
def test_error_mapping_must_have_error_codes(code):
    with pytest.raises(FieldError, match=r"^f: '429' has no BPMN error code\. Write \"429\": \"SOME_CODE\"$"):
        ErrorMapping.parse("f", parse_object("f", f'{{"429": {code}}}'))


@pytest.mark.parametrize("cause", ["40x", "*", "", "600", "4294"])
def test_error_mapping_with_an_unknown_cause_is_refused(cause):
    with pytest.raises(FieldError, match="is not a valid cause"):
        ErrorMapping.parse("f", {cause: "CODE"})


def test_error_mapping_ignores_case():
    assert ErrorMapping.parse("f", {"5XX": "DOWN", "Timeout": "SLOW"}).codes == {"5xx": "DOWN", "timeout": "SLOW"}


@pytest.mark.parametrize(("mapping", "code"), [({}, "BUDGET_EXCEEDED"), ({"budget_exceeded": "TOO_DEAR"}, "TOO_DEAR")])
def test_error_mapping_has_a_default_for_budgets(mapping, code):
    assert ErrorMapping.parse("f", mapping).code_for(("budget_exceeded",)) == code
