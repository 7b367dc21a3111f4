"""Where a task's fields are looked up, and what is cached of them."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from catalyst_groq.common.bounded_execution import decode_result
from catalyst_groq.common.bounded_process import Status
from catalyst_groq.connector.fields.mappings import ResponseMapping
from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, MODEL, PAYLOAD, RESPONSE_MAPPING, TIMEOUT
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.reader import FieldReader
from catalyst_groq.connector.fields.template import FieldTemplate
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError
from support.element_templates import load, written_by
from support.factories import make_definition, make_task
from support.inline_executor import InlineExecutor

CHAT_FIELDS = {"chat": CHAT_DEFAULTS}
JAVA_MAP = OpaqueValue("Object (application/x-java-serialized-object)", "x")
SPEAK = {"catalyst_operation": "speak", "catalyst_voice": "aria", "catalyst_timeout": "30"}


def read(properties, variables=None, reader=None):
    return (reader or FieldReader(CHAT_FIELDS)).read(make_task(variables or {}, properties), make_definition())


def test_fields_of_the_element_template_are_defaults():
    applied = written_by(load())
    written = applied.texts | applied.properties
    assert read(written).non_default == {}
    assert read({**written, TIMEOUT: "7"}).non_default == {TIMEOUT: "7"}
    assert read({PAYLOAD: '{"model": "a"}'}).non_default == {PAYLOAD: '{"model": "a"}'}


def test_fields_have_no_default_model():
    """The catalog's default fills it in, which CATALYST_MODELS may change."""
    assert "model" not in json.loads(CHAT_DEFAULTS[PAYLOAD])
    assert CHAT_DEFAULTS[MODEL] == ""


def test_fields_without_variables_are_parsed_once():
    calls = []

    def parse(name, text, *args):
        calls.append((name, text, *args))
        return len(calls)

    reader = FieldReader(CHAT_FIELDS)
    for _ in range(2):
        assert read({TIMEOUT: "7"}, reader=reader).parse(TIMEOUT, parse) == 1
        assert read({TIMEOUT: "7"}, reader=reader).parse(TIMEOUT, parse, "s") == 2
    assert calls == [(TIMEOUT, "7"), (TIMEOUT, "7", "s")]


def test_fields_with_variables_are_parsed_for_each_task():
    reader = FieldReader(CHAT_FIELDS)
    texts = [read({TIMEOUT: "${s}"}, {"s": seconds}, reader).text(TIMEOUT) for seconds in (1, 2)]
    assert texts == ["1", "2"]


def evaluate_in_advance(properties, variables, names=None):
    executor = InlineExecutor()
    return asyncio.run(read(properties, variables).evaluate_in_advance(executor, names)), executor


@pytest.mark.parametrize(("expressions", "is_inline"), [(1, True), (1000, False)])
@pytest.mark.slow
def test_expressions_of_all_fields_are_evaluated_inline_only_if_they_are_quick_together(expressions, is_inline):
    texts = "".join(f"${{length(xs[?@ != '{number}'])}}" for number in range(expressions // 2 + 1))
    fields, executor = evaluate_in_advance({MODEL: texts, TIMEOUT: texts.replace("!=", "==")}, {"xs": ["a"] * 100})

    assert executor.functions == ([] if is_inline else ["evaluate_all"])
    assert fields.text(MODEL).startswith("100")


@pytest.mark.slow
def test_costly_expression_gets_only_the_variables_that_it_uses():
    executor = InlineExecutor()
    fields = read({MODEL: "${length(xs[?@ == 'a'])}"})
    variables = {"xs": ["a"] * 200_000, "other": threading.Lock()}  # a lock cannot be pickled

    fields = asyncio.run(replace(fields, variables=variables).evaluate_in_advance(executor))

    assert executor.functions == ["evaluate_all"]
    assert fields.text(MODEL) == "200000"


def test_costly_expression_without_a_result_names_its_field_and_the_reason():
    class SmallExecutor:
        async def run(self, *_):
            return decode_result(Status.MEMORY, b"")

    fields = read({MODEL: f"${{length(xs[?@ == '{'a' * 1000}'])}}"}, {"xs": ["a"] * 200_000})

    with pytest.raises(FieldError, match=r"^catalyst_model: the evaluation of its placeholder .{,110} needs more than"):
        asyncio.run(fields.evaluate_in_advance(SmallExecutor()))


@pytest.mark.slow
def test_costly_expression_of_two_fields_is_evaluated_for_each():
    costly = "${length(xs[?@ == 'a'])}"
    for name in (MODEL, TIMEOUT):
        _, executor = evaluate_in_advance({MODEL: costly, TIMEOUT: costly}, {"xs": ["a"] * 200_000}, (name,))
        assert executor.functions == ["evaluate_all"]


def test_fields_that_are_not_needed_yet_are_not_evaluated():
    _, executor = evaluate_in_advance({MODEL: "${length(xs[?@ == 'a'])}"}, {"xs": ["a"] * 200_000}, (TIMEOUT,))

    assert executor.functions == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            PAYLOAD,
            JAVA_MAP,
            "is of type Object (application/x-java-serialized-object), which cannot be read here. Store",
        ),
        (PAYLOAD, [1], "is a list. Set it to an object"),
        (PAYLOAD, 5, "is a number. Set it to an object"),
        (MODEL, JAVA_MAP, "is of type Object (application/x-java-serialized-object), which cannot be read here. Store"),
        (MODEL, ["a", "b"], "is a list. Set it to a text"),
        (TIMEOUT, {"seconds": 5}, "is an object. Set it to a text"),
    ],
)
def test_variable_that_cannot_be_a_field_is_refused(name, value, problem):
    """Its default must not stand in for it."""
    fields = FieldReader(CHAT_FIELDS).read(make_task({}, {}), make_definition())
    fields = replace(fields, template=FieldTemplate({**CHAT_DEFAULTS, name: value}, CHAT_DEFAULTS))
    with pytest.raises(FieldError) as caught:
        (fields.parse_object if name == PAYLOAD else fields.text)(name)
    assert str(caught.value).startswith(f"{name}: the process variable '{name}' {problem}")


@pytest.mark.parametrize(("value", "text"), [(30, "30"), (2.5, "2.5"), (True, "true"), (None, "60"), ("  ", "60")])
def test_variable_of_a_plain_type_is_the_text_of_a_field(value, text):
    assert read({}, {TIMEOUT: value}).text(TIMEOUT) == text


def test_placeholders_find_the_facts_of_the_task():
    fields = FieldReader(CHAT_FIELDS).read(make_task({}, {MODEL: "${task.activityId}"}), make_definition())
    assert fields.text(MODEL) == "AskGroq"
    assert "task" in fields.required_variables
    assert read({MODEL: "${task.activityId}"}, {"task": {"activityId": "own"}}).text(MODEL) == "own"


@pytest.mark.slow
def test_facts_of_the_task_are_found_in_another_process_too():
    costly = "${task.activityId} ${length(xs[?@ == task.id])}"
    fields, executor = evaluate_in_advance({MODEL: costly}, {"xs": [1] * 100_000})
    assert executor.functions == ["evaluate_all"]
    assert fields.text(MODEL) == "AskGroq 0"


def test_path_of_the_answer_in_a_placeholder_names_the_fix():
    fields = read({RESPONSE_MAPPING: '{"aiReply": "${choices[0].message.content}"}'})
    with pytest.raises(
        FieldError, match=r"needs the process variable 'choices'.* A path of the answer is written without"
    ):
        fields.parse(RESPONSE_MAPPING, ResponseMapping.parse)


def test_field_must_be_one_of_its_choices():
    fields = read({TIMEOUT: "7"})
    assert fields.one_of(TIMEOUT, ("7", "8")) == "7"
    with pytest.raises(FieldError, match=r"^catalyst_timeout: '7' is not a valid value\. It must be one of 1, 2$"):
        fields.one_of(TIMEOUT, ("1", "2"))


def test_operation_added_from_outside_has_its_own_fields():
    reader = FieldReader({**CHAT_FIELDS, "speak": SPEAK})
    fields = read({"catalyst_operation": "speak"}, {"catalyst_voice": "rex"}, reader)

    assert isinstance(fields, RawFields)
    assert fields.fields == {**SPEAK, "catalyst_voice": "rex"}
    assert fields.non_default == {"catalyst_voice": "rex"}
    assert fields.required_variables == frozenset(SPEAK)


def test_operation_that_is_unknown_has_the_first_ones_fields():
    assert read({"catalyst_operation": "speak"}).fields == {**CHAT_DEFAULTS, "catalyst_operation": "speak"}
