"""The fields of a task: where each may stand, and what a wrong one says."""

from datetime import timedelta

import pytest

from catalyst_groq.connector.fields.names import (
    API_KEY,
    CHAT_DEFAULTS,
    ERROR_MAPPING,
    GIVE_UP_AFTER,
    MODEL,
    PAYLOAD,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    TIMEOUT,
    URL,
)
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.task_request import read_task_request
from catalyst_groq.errors import FieldError
from support.factories import make_definition, make_task

PLAIN = make_definition()
CHAT = '{"messages": [{"role": "user", "content": "%s"}]}'


def read(variables=None, properties=None, fields=None):
    return read_task_request(RawFields.from_task(make_task(variables or {}, properties), make_definition(fields)))


def wrong(name, text, **variables):
    with pytest.raises(FieldError) as caught:
        read(variables, {name: text})
    assert caught.value.field == name
    return str(caught.value)


def test_a_task_with_nothing_written_gets_all_defaults():
    fields = read()
    assert fields.builder.template["messages"][1] == {"role": "user", "content": "${userMessage}"}
    assert fields.builder.model is None
    assert fields.secret_source == "env"
    assert fields.api_key == "groq_api_key"
    assert set(fields.response_mapping.expressions) == {
        "aiReply", "modelUsed", "promptTokens", "completionTokens", "finishReason"
    }  # fmt: skip
    assert fields.error_mapping.codes == {"429": "RATE_LIMITED", "401": "AUTH_FAILED", "400": "INVALID_REQUEST"}
    assert fields.url == "https://api.groq.com/openai/v1/chat/completions"
    assert fields.timeout == 60
    assert (fields.retries.tries, fields.retries.intervals) == (3, (timedelta(seconds=10),))
    assert fields.give_up_after == timedelta(minutes=15)


def test_a_property_wins_over_a_field_that_over_a_variable_and_that_over_the_default():
    everywhere = {"variables": {MODEL: "variable"}, "properties": {MODEL: "property"}, "fields": {MODEL: "field"}}
    for winner in ("property", "field", "variable"):
        assert read(**everywhere).builder.model == winner
        everywhere.pop({"property": "properties", "field": "fields", "variable": "variables"}[winner])
    assert read(**everywhere).builder.model is None


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_blank_counts_as_not_written(blank):
    assert read({TIMEOUT: "5"}, {TIMEOUT: blank}, {TIMEOUT: blank}).timeout == 5


def test_fields_are_filled_from_process_variables():
    fields = read(
        {"who": "b", "seconds": 7, "nothing": None},
        {API_KEY: " groq_${who} ", TIMEOUT: "${seconds}", MODEL: "${nothing}", RETRIES: "R${seconds}/PT1S"},
    )
    assert (fields.api_key, fields.timeout, fields.builder.model, fields.retries.tries) == ("groq_b", 7, None, 7)


def test_payload_and_mappings_are_not_filled_yet():
    fields = read({}, {}, {PAYLOAD: CHAT % "${later}", RESPONSE_MAPPING: "reply: model", ERROR_MAPPING: "5xx: DOWN"})
    assert fields.builder.template == {"messages": [{"role": "user", "content": "${later}"}]}
    assert fields.response_mapping.expressions == {"reply": "model"}
    assert fields.error_mapping.codes == {"5xx": "DOWN"}


def test_an_input_parameter_may_hold_the_payload_as_text_or_as_json():
    assert (
        read({PAYLOAD: CHAT % "Hi"}).builder.template
        == read({PAYLOAD: {"messages": [{"role": "user", "content": "Hi"}]}}).builder.template
    )


def test_a_payload_that_the_engine_has_broken_says_how_to_write_it():
    with pytest.raises(FieldError) as caught:
        read({PAYLOAD: CHAT % 'a "quoted" text'})
    assert str(caught.value).startswith("catalyst_payload: is not JSON: Expecting ',' delimiter at line 1")
    assert str(caught.value).endswith(
        r"In an input parameter write \${…}, or the engine fills the text in before the worker can"
    )


def test_a_payload_that_the_modeller_has_broken_says_where():
    said = wrong(PAYLOAD, "{,}")
    assert said.startswith("catalyst_payload: is not JSON: Expecting property name enclosed in double quotes at line 1")
    assert "input parameter" not in said


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (SECRET_SOURCE, "vault", "'vault' is not a valid value. It must be one of env, file, properties, variable"),
        (TIMEOUT, "soon", "'soon' is no number of seconds above 0. Write for example 60"),
        (TIMEOUT, "0", "'0' is no number of seconds above 0"),
        (TIMEOUT, "-1", "'-1' is no number"),
        (TIMEOUT, "inf", "'inf' is no number"),
        (TIMEOUT, "nan", "'nan' is no number"),
        (RETRIES, "three", "'three' is not an ISO 8601 duration such as PT30S or PT15M. Write R3/PT10S"),
        (GIVE_UP_AFTER, "15m", "'15m' is not an ISO 8601 duration such as PT30S or PT15M. Write for example PT15M"),
        (API_KEY, "${nobody}", "${nobody} needs the process variable 'nobody', which does not exist. Set it before"),
        (URL, "${a b}", "`a b` is not JMESPath"),
        (RESPONSE_MAPPING, '{"catalyst_x": "model"}', "'catalyst_x' cannot be set"),
        (ERROR_MAPPING, '{"429": 1}', "'429' has no BPMN error code"),
    ],
)
def test_a_wrong_field_names_itself_the_problem_and_the_mend(name, text, message):
    assert wrong(name, text).startswith(f"{name}: {message}")


def test_a_message_fits_into_what_the_engine_keeps_and_the_mend_is_still_in_it():
    said = wrong(TIMEOUT, "${long}", long="x" * 100_000)
    assert len(said) <= 666
    assert said.endswith("…. Write for example 60")


def test_a_field_with_a_placeholder_is_read_anew_for_each_task():
    properties = {TIMEOUT: "${seconds}", MODEL: "${model}", ERROR_MAPPING: '{"429": "${code}"}', URL: "https://${host}"}
    for number in (1, 2):
        variables = {"seconds": number, "model": f"m{number}", "code": f"C{number}", "host": f"h{number}"}
        fields = read({"userMessage": "Hi", **variables}, properties)
        assert (fields.timeout, fields.builder.model, fields.url) == (number, f"m{number}", f"https://h{number}")
        assert fields.error_mapping.codes == {"429": f"C{number}"}


def test_a_field_in_a_variable_is_read_anew_for_each_task():
    for seconds in (7, 8):
        assert read({TIMEOUT: str(seconds)}).timeout == seconds


def test_what_no_variable_has_a_part_in_is_read_once_for_all_tasks():
    first, second = read({"userMessage": "one"}), read({"userMessage": "two"})
    assert first.response_mapping is second.response_mapping


def test_a_field_may_be_understood_in_more_than_one_way():
    written = RawFields.from_task(make_task({}, {TIMEOUT: "7"}), PLAIN)
    assert (written.text(TIMEOUT), written.parse(TIMEOUT, lambda _, text: float(text))) == ("7", 7.0)


def test_every_default_is_one_that_a_modeller_could_have_written():
    assert read({}, dict(CHAT_DEFAULTS)) == read()
