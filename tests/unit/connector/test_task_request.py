"""The fields of a task: where each is looked up, and the message of a wrong one."""

from datetime import timedelta

import pytest

from catalyst_groq.connector.fields.names import (
    API_KEY,
    CHAT_DEFAULTS,
    ERROR_MAPPING,
    GIVE_UP_AFTER,
    MODEL,
    OPERATION,
    PAYLOAD,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    STANDARD_VARIABLES,
    SUCCESS,
    TIMEOUT,
    URL,
)
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskRequestReader
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

READER = TaskRequestReader(shipped_catalog())
CHAT = '{"messages": [{"role": "user", "content": "%s"}]}'


def read(variables=None, properties=None, fields=None):
    return READER.read(READER.read_fields(make_task(variables or {}, properties), make_definition(fields)))


def error_of(name, text, **variables):
    with pytest.raises(FieldError) as caught:
        read(variables, {name: text})
    assert caught.value.field == name
    return str(caught.value)


def test_task_without_fields_has_all_defaults():
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
    assert (fields.retries.max_attempts, fields.retries.intervals) == (3, (timedelta(seconds=10),))
    assert fields.give_up_after == timedelta(minutes=15)


@pytest.mark.parametrize(
    "written", ["never", "ALWAYS", "onfailure", "on failure", "true", "always,onFailure", "${choice}"]
)
def test_standard_variables_has_one_of_two_values(written):
    problem = f"'{'no' if written == '${choice}' else written}' is not a valid value"
    assert error_of(STANDARD_VARIABLES, written, choice="no") == (
        f"catalyst_standardVariables: {problem}. It must be one of always, onFailure"
    )


@pytest.mark.parametrize("earlier", [{}, {SUCCESS: True}, {SUCCESS: None}, {SUCCESS: ""}, {SUCCESS: False}])
def test_standard_variables_replace_those_of_a_failure(earlier):
    request = read({"userMessage": "Hi", **earlier}, {STANDARD_VARIABLES: "onFailure"})

    assert request.reports_success == (earlier == {SUCCESS: False})
    assert read({"userMessage": "Hi", **earlier}).reports_success


def test_standard_variables_of_a_failure_are_fetched_if_needed():
    def required(written):
        task = make_task({}, {STANDARD_VARIABLES: written})
        return READER.read_fields(task, make_definition()).required_variables

    assert SUCCESS in required("onFailure")
    assert SUCCESS in required("${choice}")
    assert SUCCESS not in required("always")


def test_field_comes_from_property_field_variable_or_default():
    sources = {"variables": {MODEL: "variable"}, "properties": {MODEL: "property"}, "fields": {MODEL: "field"}}
    for source in ("property", "field", "variable"):
        assert read(**sources).builder.model == source
        sources.pop({"property": "properties", "field": "fields", "variable": "variables"}[source])
    assert read(**sources).builder.model is None


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_blank_field_counts_as_missing(blank):
    assert read({TIMEOUT: "5"}, {TIMEOUT: blank}, {TIMEOUT: blank}).timeout == 5


def test_field_placeholders_are_filled_from_variables():
    fields = read(
        {"who": "b", "seconds": 7, "nothing": None},
        {API_KEY: " groq_${who} ", TIMEOUT: "${seconds}", MODEL: "${nothing}", RETRIES: "R${seconds}/PT1S"},
    )
    assert (fields.api_key, fields.timeout, fields.builder.model, fields.retries.max_attempts) == ("groq_b", 7, None, 7)


def test_payload_and_mappings_are_not_filled_yet():
    fields = read({}, {}, {PAYLOAD: CHAT % "${later}", RESPONSE_MAPPING: "reply: model", ERROR_MAPPING: "5xx: DOWN"})
    assert fields.builder.template == {"messages": [{"role": "user", "content": "${later}"}]}
    assert fields.response_mapping.expressions == {"reply": "model"}
    assert fields.error_mapping.codes == {"5xx": "DOWN"}


def test_input_parameter_has_the_payload_as_text_or_json():
    assert (
        read({PAYLOAD: CHAT % "Hi"}).builder.template
        == read({PAYLOAD: {"messages": [{"role": "user", "content": "Hi"}]}}).builder.template
    )


def test_payload_broken_by_the_engine_names_the_fix():
    with pytest.raises(FieldError) as caught:
        read({PAYLOAD: CHAT % 'a "quoted" text'})
    assert str(caught.value).startswith("catalyst_payload: is not JSON: Expecting ',' delimiter at line 1")
    assert str(caught.value).endswith(
        r"In an input parameter write \${…}, or the engine fills the text in before the worker can"
    )


def test_payload_broken_by_the_modeller_names_the_position():
    message = error_of(PAYLOAD, "{,}")
    assert message.startswith(
        "catalyst_payload: is not JSON: Expecting property name enclosed in double quotes at line 1"
    )
    assert "input parameter" not in message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (SECRET_SOURCE, "vault", "'vault' is not a valid value. It must be one of env, file, properties, variable"),
        (TIMEOUT, "soon", "'soon' is not a number of seconds above 0. Write for example 60"),
        (TIMEOUT, "0", "'0' is not a number of seconds above 0"),
        (TIMEOUT, "-1", "'-1' is not a number"),
        (TIMEOUT, "inf", "'inf' is not a number"),
        (TIMEOUT, "nan", "'nan' is not a number"),
        (RETRIES, "three", "'three' is not an ISO 8601 duration such as PT30S or PT15M. Write R3/PT10S"),
        (GIVE_UP_AFTER, "15m", "'15m' is not an ISO 8601 duration such as PT30S or PT15M. Write for example PT15M"),
        (API_KEY, "${nobody}", "${nobody} needs the process variable 'nobody', which does not exist. Set it before"),
        (URL, "${a b}", "`a b` is not JMESPath"),
        (RESPONSE_MAPPING, '{"catalyst_x": "model"}', "'catalyst_x' cannot be set"),
        (ERROR_MAPPING, '{"429": 1}', "'429' has no BPMN error code"),
    ],
)
def test_wrong_field_names_itself_the_problem_and_the_fix(name, text, message):
    assert error_of(name, text).startswith(f"{name}: {message}")


def test_message_with_its_fix_fits_into_666_characters():
    message = error_of(TIMEOUT, "${long}", long="x" * 100_000)
    assert len(message) <= 666
    assert message.endswith("…. Write for example 60")


def test_field_with_a_placeholder_is_read_for_each_task():
    properties = {TIMEOUT: "${seconds}", MODEL: "${model}", ERROR_MAPPING: '{"429": "${code}"}', URL: "https://${host}"}
    for number in (1, 2):
        variables = {"seconds": number, "model": f"m{number}", "code": f"C{number}", "host": f"h{number}"}
        fields = read({"userMessage": "Hi", **variables}, properties)
        assert (fields.timeout, fields.builder.model, fields.url) == (number, f"m{number}", f"https://h{number}")
        assert fields.error_mapping.codes == {"429": f"C{number}"}


def test_field_in_a_variable_is_read_for_each_task():
    for seconds in (7, 8):
        assert read({TIMEOUT: str(seconds)}).timeout == seconds


def test_field_without_variables_is_read_once_for_all_tasks():
    first, second = read({"userMessage": "one"}), read({"userMessage": "two"})
    assert first.response_mapping is second.response_mapping


def test_field_may_be_parsed_by_several_functions():
    fields = READER.read_fields(make_task({}, {TIMEOUT: "7"}), make_definition())
    assert (fields.text(TIMEOUT), fields.parse(TIMEOUT, lambda _, text: float(text))) == ("7", 7.0)


def test_defaults_can_be_written_by_a_modeller():
    assert read({}, dict(CHAT_DEFAULTS)) == read()


def test_operation_field_must_name_an_operation():
    assert error_of(OPERATION, "sing") == (
        "catalyst_operation: 'sing' is not an operation of this worker. Write one of chat, transcribe"
    )


def test_secret_source_must_be_one_of_the_operators():
    reader = TaskRequestReader(shipped_catalog(), TASK_OPERATIONS, ("vault", "variable"))
    fields = reader.read_fields(make_task({}, {SECRET_SOURCE: "vault"}), make_definition())
    assert reader.read(fields).secret_source == "vault"


def test_conversation_and_mapped_variable_of_one_name_are_refused():
    with pytest.raises(FieldError) as caught:
        read(properties={"catalyst_conversation": "turns", RESPONSE_MAPPING: '{"turns:Json": "model"}'})

    assert str(caught.value) == (
        "catalyst_conversation: 'turns' is also a name in the Response Mapping. Give one of them another name"
    )
