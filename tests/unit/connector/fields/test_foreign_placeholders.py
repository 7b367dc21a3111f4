"""Placeholders of other languages are refused where they can hardly be text, and otherwise reported."""

import json

import pytest

from catalyst_groq.connector.fields.names import API_KEY, CHAT_DEFAULTS, MODEL, PAYLOAD, PROMPT, TRANSCRIPTION_DEFAULTS
from catalyst_groq.connector.fields.reader import FieldReader
from catalyst_groq.errors import FieldError
from support.factories import make_definition, make_task

DEFAULTS = {"chat": CHAT_DEFAULTS, "transcribe": TRANSCRIPTION_DEFAULTS}
VARIABLES = {"userMessage": "Hi", "customer": {"name": "Ada"}}


def payload_with(content):
    return json.dumps({"messages": [{"role": "user", "content": content}]})


def check(properties, variables=VARIABLES):
    fields = FieldReader(DEFAULTS).read(make_task(variables, properties), make_definition())
    return fields.check_foreign_placeholders()


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ("#{userMessage}", "${userMessage}"),
        ("{{userMessage}}", "${userMessage}"),
        ("{{ userMessage }}", "${userMessage}"),
        ("{{{userMessage}}}", "${userMessage}"),
        ("<%= userMessage %>", "${userMessage}"),
        ("{{customer.name}}", "${customer.name}"),
        ("#{customer.prop('name')}", "${name}"),
        ("#{execution.getVariable('order')}", "${order}"),
        ("{{userMessage | upper}}", "${userMessage | upper}"),
    ],
)
def test_foreign_placeholder_of_a_variable_is_refused(written, own):
    with pytest.raises(FieldError) as caught:
        check({PAYLOAD: payload_with(["Question:", f"${{userMessage}} or {written}?"])})
    literal = "${'" + written.replace("'", "\\'") + "'}"
    assert str(caught.value) == (
        f"{PAYLOAD}: `{written}` is no placeholder here: it would be sent as it is. "
        f"Write {own}, or {literal} for the text itself"
    )
    assert check({PAYLOAD: payload_with(literal)}) == ()


@pytest.mark.parametrize("field", [PAYLOAD, API_KEY])
def test_secret_in_a_text_is_refused(field):
    written = "{{secrets.GROQ_KEY}}"
    with pytest.raises(
        FieldError, match=r"is no placeholder here.* Write the name of the secret into the Groq API Key"
    ):
        check({field: payload_with(written) if field == PAYLOAD else written}, {})


@pytest.mark.parametrize("written", ["{{model}}", "#{model}", "<%= model %>"])
def test_foreign_placeholder_in_a_field_that_is_no_text_is_refused(written):
    with pytest.raises(FieldError) as caught:
        check({MODEL: written}, {})
    assert str(caught.value) == (
        f"{MODEL}: `{written}` is no placeholder here: it would be sent as it is. Write ${{model}}"
    )


def test_foreign_placeholder_in_an_error_code_is_refused():
    with pytest.raises(FieldError, match=r"^catalyst_errorMapping: `\{\{code\}\}` is no placeholder here"):
        check({"catalyst_errorMapping": '{"429": "{{code}}"}'}, {})


@pytest.mark.parametrize("written", ["{{name}}", "{{#if ready}}", "#{name}", "<%= name %>"])
@pytest.mark.parametrize("field", [PAYLOAD, PROMPT])
def test_foreign_placeholder_that_may_be_text_is_reported(written, field):
    text = f"Translate: Hello {written}, bye {written}"
    properties = (
        {PAYLOAD: payload_with(text)} if field == PAYLOAD else {"catalyst_operation": "transcribe", field: text}
    )
    assert check(properties) == (f"{field}: `{written}` is sent as it is, because it is no placeholder here",)


def test_foreign_placeholder_in_a_variable_is_data():
    assert check({}, {PAYLOAD: payload_with("Dear {{userMessage}}"), "userMessage": "Hi"}) == (
        f"{PAYLOAD}: `{{{{userMessage}}}}` is sent as it is, because it is no placeholder here",
    )


@pytest.mark.parametrize(
    "content",
    ["${{a: userMessage}}", "${'{{userMessage}}'}", "${userMessage}", "{userMessage} $userMessage 5 # {", "a{{}}b#{}"],
)
def test_own_placeholder_and_other_braces_are_no_foreign_ones(content):
    assert check({PAYLOAD: payload_with(content), "catalyst_responseMapping": '{"x": "a.{b: {c: d}}"}'}) == ()


def test_variable_named_in_a_foreign_placeholder_is_fetched():
    fields = FieldReader(DEFAULTS).read(make_task({}, {PAYLOAD: payload_with("{{ order.id }}")}), make_definition())
    assert "order" in fields.required_variables


def test_foreign_placeholders_that_are_reported_are_limited():
    text = " ".join(f"{{{{x{number}}}}}" for number in range(100))
    assert len(check({PAYLOAD: payload_with(text)})) == 20


def test_foreign_placeholders_that_are_searched_are_limited():
    text = " ".join(f"{{{{x{number}}}}}" for number in range(20_000))
    fields = FieldReader(DEFAULTS).read(make_task({}, {PAYLOAD: payload_with(text)}), make_definition())
    assert len(fields.required_variables) < 200
