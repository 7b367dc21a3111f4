"""Response mapping and error mapping."""

import pytest
from samples import REPLY

from worker.connector.mapping import ErrorMapping, ResponseMapping
from worker.connector.payload import parse_structure
from worker.errors import FieldError


def test_a_mapping_finds_texts_numbers_and_structures_and_null_where_a_path_leads_nowhere():
    mapping = ResponseMapping.parse(
        "f",
        parse_structure(
            "f",
            '{"reply": "choices[0].message.content", "tokens": "usage.total_tokens", "all": "usage", "none": "a.b"}',
        ),
    )
    assert mapping.apply(REPLY) == {"reply": "Hello Ada", "tokens": 23, "all": REPLY["usage"], "none": None}


def test_a_variable_may_be_named_by_a_number():
    assert ResponseMapping.parse("f", parse_structure("f", "1: model")).apply(REPLY) == {"1": "openai/gpt-oss-120b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"catalyst_success": "model"}',
            "f: 'catalyst_success' cannot be set: catalyst_… is the worker's own. Choose",
        ),
        ('{"": "model"}', "f: has an empty name. Write "),
        ('{"a": 1}', "f: 'a' is no expression. Write \"a\": "),
        ('{"a": "choices["}', "f: 'a': `choices[` is not JMESPath: "),
        ('{"a": ""}', "f: 'a': `` is not JMESPath: "),
        ("[]", "f: is a list, not an object"),
    ],
)
def test_a_wrong_mapping_is_found_before_anything_is_paid_for(text, message):
    with pytest.raises(FieldError) as caught:
        ResponseMapping.parse("f", parse_structure("f", text))
    assert str(caught.value).startswith(message)


def test_a_mapping_that_fails_on_the_answer_points_to_the_answer():
    mapping = ResponseMapping.parse("f", parse_structure("f", '{"n": "length(usage.total_tokens)"}'))
    with pytest.raises(
        FieldError, match=r"^f: `length.* cannot be evaluated.*Groq has answered, see catalyst_responseBody"
    ):
        mapping.apply(REPLY)


def test_the_most_telling_cause_decides_the_bpmn_error():
    mapping = ErrorMapping.parse(
        "f", parse_structure("f", '{"4xx": "REFUSED", "429": "RATE_LIMITED", "model_not_found": "NO_MODEL"}')
    )
    assert mapping.code_for(("model_not_found", "404", "4xx")) == "NO_MODEL"
    assert mapping.code_for(("rate_limit_exceeded", "429", "4xx")) == "RATE_LIMITED"
    assert mapping.code_for(("401", "4xx")) == "REFUSED"
    assert mapping.code_for(("timeout",)) is None


def test_an_error_mapping_in_yaml_may_write_statuses_as_numbers():
    assert ErrorMapping.parse("f", parse_structure("f", "429: RATE_LIMITED")).code_for(("429",)) == "RATE_LIMITED"


@pytest.mark.parametrize("code", ["null", '""', "5", '["A"]'])
def test_a_cause_that_names_no_error_code_is_named(code):
    with pytest.raises(FieldError, match=r"^f: '429' names no BPMN error code\. Write \"429\": \"SOME_CODE\"$"):
        ErrorMapping.parse("f", parse_structure("f", f'{{"429": {code}}}'))


@pytest.mark.parametrize("cause", ["40x", "*", "", "600", "4294"])
def test_a_cause_that_cannot_happen_is_named(cause):
    with pytest.raises(FieldError, match="is nothing that can happen"):
        ErrorMapping.parse("f", {cause: "CODE"})


def test_causes_are_read_without_regard_to_case():
    assert ErrorMapping.parse("f", {"5XX": "DOWN", "Timeout": "SLOW"}).codes == {"5xx": "DOWN", "timeout": "SLOW"}
