"""Response mapping and error mapping."""

from datetime import UTC, datetime

import pytest

from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.domain.variables import TypedValue
from catalyst_groq.errors import FieldError
from support.factories import REPLY


def test_a_mapping_finds_texts_numbers_and_structures_and_null_where_a_path_leads_nowhere():
    mapping = ResponseMapping.parse(
        "f",
        parse_object(
            "f",
            '{"reply": "choices[0].message.content", "tokens": "usage.total_tokens", "all": "usage", "none": "a.b"}',
        ),
    )
    assert mapping.apply(REPLY) == {"reply": "Hello Ada", "tokens": 23, "all": REPLY["usage"], "none": None}


def mapped(expression, body):
    return ResponseMapping.parse("f", {"x": expression}).apply(body)["x"]


def saying(**message):
    return {"choices": [{"message": message}]}


def test_a_mapping_reaches_into_json_that_is_text():
    answer = saying(content='{"total": 12.5, "lines": [{"item": "tea"}]}')
    assert mapped("parse_json(choices[0].message.content).total", answer) == 12.5
    assert mapped("parse_json(choices[0].message.content).lines[].item", answer) == ["tea"]
    assert mapped("parse_json(choices[0].message.content)", saying(content=None)) is None


def test_a_text_that_is_no_json_is_said_so():
    with pytest.raises(FieldError, match=r"parse_json.*no JSON"):
        mapped("parse_json(choices[0].message.content)", saying(content="Sorry"))


def test_tool_calls_have_their_arguments_as_objects():
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"order": "7"}'}}
    assert mapped("tool_calls(@)", saying(tool_calls=[call])) == [
        {"id": "call_1", "name": "look_up", "arguments": {"order": "7"}}
    ]
    assert mapped("tool_calls(@)[0].arguments.order", saying(tool_calls=[call])) == "7"


@pytest.mark.parametrize(
    "body", [{}, {"choices": 5}, saying(content="x"), saying(tool_calls=[5]), saying(tool_calls=7)]
)
def test_an_answer_without_tool_calls_has_none(body):
    assert mapped("tool_calls(@)", body) == []


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
def test_a_mapping_may_force_a_type(kind, answered, value):
    found = ResponseMapping.parse("f", {f"x:{kind}": "a"}).apply({"a": answered})["x"]
    assert (found, type(found)) == (value, type(value))


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
def test_what_is_not_of_the_type_is_said_so(kind, answered):
    with pytest.raises(FieldError, match=f"is no {kind}"):
        ResponseMapping.parse("f", {f"x:{kind}": "a"}).apply({"a": answered})


def test_a_type_that_there_is_not_is_found_before_anything_is_paid_for():
    with pytest.raises(FieldError, match=r"'x:double' names no type. Use one of String, Integer, Long, Double"):
        ResponseMapping.parse("f", {"x:double": "a"})


def test_a_name_may_be_as_long_as_the_engine_takes_it():
    assert list(ResponseMapping.parse("f", {f"{'x' * 255}:String": "id"}).expressions) == ["x" * 255]


def test_a_variable_may_be_named_by_a_number():
    assert ResponseMapping.parse("f", parse_object("f", "1: model")).apply(REPLY) == {"1": "openai/gpt-oss-120b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"catalyst_success": "model"}',
            "f: 'catalyst_success' cannot be set: catalyst_… is the worker's own. Choose",
        ),
        ('{"": "model"}', "f: has an empty name. Write "),
        (f'{{"{"x" * 256}": "model"}}', f"f: '{'x' * 40}…' is a name of 256 characters; the engine takes 255. Choose"),
        ('{"a": 1}', "f: 'a' is no expression. Write \"a\": "),
        ('{"a": "choices["}', "f: 'a': `choices[` is not JMESPath: "),
        ('{"a": ""}', "f: 'a': `` is not JMESPath: "),
        ("[]", "f: is a list, not an object"),
    ],
)
def test_a_wrong_mapping_is_found_before_anything_is_paid_for(text, message):
    with pytest.raises(FieldError) as caught:
        ResponseMapping.parse("f", parse_object("f", text))
    assert str(caught.value).startswith(message)


def test_a_mapping_that_fails_on_the_answer_points_to_the_answer():
    mapping = ResponseMapping.parse("f", parse_object("f", '{"n": "length(usage.total_tokens)"}'))
    with pytest.raises(
        FieldError, match=r"^f: `length.* cannot be evaluated.*Groq has answered, see catalyst_responseBody"
    ):
        mapping.apply(REPLY)


def test_the_most_telling_cause_decides_the_bpmn_error():
    mapping = ErrorMapping.parse(
        "f", parse_object("f", '{"4xx": "REFUSED", "429": "RATE_LIMITED", "model_not_found": "NO_MODEL"}')
    )
    assert mapping.code_for(("model_not_found", "404", "4xx")) == "NO_MODEL"
    assert mapping.code_for(("rate_limit_exceeded", "429", "4xx")) == "RATE_LIMITED"
    assert mapping.code_for(("401", "4xx")) == "REFUSED"
    assert mapping.code_for(("timeout",)) is None


def test_an_error_mapping_in_yaml_may_write_statuses_as_numbers():
    assert ErrorMapping.parse("f", parse_object("f", "429: RATE_LIMITED")).code_for(("429",)) == "RATE_LIMITED"


@pytest.mark.parametrize("code", ["null", '""', "5", '["A"]'])
def test_a_cause_that_names_no_error_code_is_named(code):
    with pytest.raises(FieldError, match=r"^f: '429' names no BPMN error code\. Write \"429\": \"SOME_CODE\"$"):
        ErrorMapping.parse("f", parse_object("f", f'{{"429": {code}}}'))


@pytest.mark.parametrize("cause", ["40x", "*", "", "600", "4294"])
def test_a_cause_that_cannot_happen_is_named(cause):
    with pytest.raises(FieldError, match="is nothing that can happen"):
        ErrorMapping.parse("f", {cause: "CODE"})


def test_causes_are_read_without_regard_to_case():
    assert ErrorMapping.parse("f", {"5XX": "DOWN", "Timeout": "SLOW"}).codes == {"5xx": "DOWN", "timeout": "SLOW"}


@pytest.mark.parametrize(("written", "code"), [({}, "BUDGET_EXCEEDED"), ({"budget_exceeded": "TOO_DEAR"}, "TOO_DEAR")])
def test_a_spent_budget_has_its_bpmn_error_unless_the_modeller_names_another(written, code):
    assert ErrorMapping.parse("f", written).code_for(("budget_exceeded",)) == code
