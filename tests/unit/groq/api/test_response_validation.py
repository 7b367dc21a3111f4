"""Validation of responses: reasoning, JSON in the requested format, and the error that remains."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.response_validation import ResponseValidator, ValidatedResponse
from catalyst_groq.groq.api.responses import Response
from support.factories import REPLY, make_response
from support.inline_executor import InlineExecutor

TEXT = {"model": "m", "messages": []}
JSON = {**TEXT, "response_format": {"type": "json_object"}}


def json_schema(schema):
    return {**TEXT, "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


def make_content_response(content, reason="stop"):
    return make_response(body={**REPLY, "choices": [{"message": {"content": content}, "finish_reason": reason}]})


def make_json_error(generated):
    error = {"message": "Failed.", "code": "json_validate_failed", "failed_generation": generated}
    return make_response(400, {"error": error})


def validate(response, payload):
    return asyncio.run(ResponseValidator(InlineExecutor()).validate(response, payload, classify(response)))


def content_of(validated):
    return validated.response.choices[0]["message"]["content"]


@pytest.mark.parametrize(
    ("response", "payload"),
    [
        (make_response(), TEXT),
        (make_content_response("not JSON"), TEXT),
        (make_content_response('{"a": 1}'), JSON),
        (make_content_response('{"a": 1}'), json_schema({"required": ["a"]})),
    ],
)
def test_validation_leaves_a_valid_response_unchanged(response, payload):
    assert validate(response, payload) == ValidatedResponse(response, None)


def test_validation_separates_reasoning_before_it_parses_json():
    validated = validate(make_content_response('<think>{</think>{"a": 1}'), JSON)

    assert (validated.error, validated.repaired) == (None, False)
    assert validated.response.choices[0]["message"] == {"content": '{"a": 1}', "reasoning": "{"}


EMPTY = {
    "length": ({"content": "", "reasoning": "We need to"}, "length", "The answer is empty (finish_reason: length)"),
    "filter": ({"content": None}, "content_filter", "The answer is empty (finish_reason: content_filter)"),
    "null": ({"content": None}, "stop", "The answer is empty (finish_reason: stop)"),
    "blanks": ({"content": " \n"}, None, "The answer is empty (finish_reason: none)"),
    "thoughts alone": ({"content": "<think>Hm."}, "length", "The answer is empty (finish_reason: length)"),
    "refusal": ({"content": None, "refusal": "I cannot."}, "stop", "The model refuses: I cannot."),
}


@pytest.mark.parametrize(("message", "reason", "text"), EMPTY.values(), ids=EMPTY)
def test_validation_calls_an_empty_answer_what_it_is(message, reason, text):
    response = make_response(body={**REPLY, "choices": [{"message": message, "finish_reason": reason}]})
    error = validate(response, TEXT).error
    assert (error.kind, error.causes, error.message) == (ErrorKind.EMPTY_ANSWER, ("empty_answer",), text)


def test_validation_requests_json_again_for_an_empty_answer():
    assert validate(make_content_response(""), JSON).invalid.may_improve


@pytest.mark.parametrize(("message", "reason", "text"), EMPTY.values(), ids=EMPTY)
def test_validation_calls_an_empty_answer_with_a_format_both(message, reason, text):
    response = make_response(body={**REPLY, "choices": [{"message": message, "finish_reason": reason}]})
    error = validate(response, JSON).error
    assert (error.kind, error.causes) == (ErrorKind.INVALID_OUTPUT, ("json_validate_failed", "empty_answer"))
    assert text in error.message


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUT_OFF = {"id": "b", "type": "function", "function": {"name": "f", "arguments": '{"a'}}


def test_validation_keeps_the_calls_that_can_be_made():
    body = {**REPLY, "choices": [{"message": {"content": None, "tool_calls": [CALL, CUT_OFF]}}]}
    validated = validate(make_response(body=body), TEXT)
    assert (validated.error, validated.response.choices[0]["message"]["tool_calls"]) == (None, [CALL])


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([CUT_OFF], "No tool call can be made: its arguments are not a whole JSON object"),
        ([], "finish_reason is 'tool_calls', but the response has no tool call"),
    ],
)
@pytest.mark.parametrize("payload", [TEXT, JSON])
def test_validation_of_calls_that_cannot_be_made(calls, message, payload):
    choice = {"message": {"content": "", "tool_calls": calls}, "finish_reason": "tool_calls"}
    error = validate(make_response(body={**REPLY, "choices": [choice]}), payload).error
    assert (error.kind, error.causes, error.message) == (ErrorKind.INVALID_OUTPUT, ("tool_use_failed",), message)


def test_validation_of_control_tokens_in_an_unknown_order():
    error = validate(make_content_response("42<|message|><|channel|><|start|>"), TEXT).error
    assert (error.kind, error.causes) == (ErrorKind.INVALID_OUTPUT, ("output_parse_failed",))


def test_validation_repairs_malformed_json():
    validated = validate(make_content_response("```json\n{}\n```"), JSON)

    assert (validated.error, validated.repaired, content_of(validated)) == (None, True, "{}")


def test_validation_of_invalid_json_gives_groqs_own_error_code():
    validated = validate(make_content_response("Sorry."), JSON)

    assert validated.error.kind is ErrorKind.INVALID_OUTPUT
    assert validated.error.causes == ("json_validate_failed",)
    assert validated.error.message == "The response is not what was requested: the response is not one whole JSON value"
    assert validated.error.status == 200
    assert (validated.invalid.content, validated.invalid.may_improve) == ("Sorry.", True)


def test_validation_repairs_json_that_groq_refused():
    validated = validate(make_json_error("{'a': 1}"), JSON)

    assert (validated.error, validated.repaired, content_of(validated)) == (None, True, '{"a": 1}')
    assert validated.response.ok


def test_validation_leaves_groqs_error_for_json_beyond_repair():
    response = make_json_error("Sorry.")
    validated = validate(response, JSON)

    assert validated.error == classify(response)
    assert validated.invalid.content == "Sorry."


@pytest.mark.parametrize("payload", [TEXT, JSON])
def test_validation_leaves_other_errors_unchanged(payload):
    response = make_response(503, "")
    assert validate(response, payload) == ValidatedResponse(response, classify(response))


def test_validation_that_fails_is_an_error_of_the_response():
    validated = validate(make_content_response("{}"), json_schema({"$ref": "https://nowhere.invalid/schema"}))

    assert validated.error.kind is ErrorKind.INVALID_OUTPUT
    assert validated.error.message.endswith(
        "fails (_WrappedReferencingError: Unresolvable: https://nowhere.invalid/schema)"
    )
    assert not validated.invalid.may_improve


def test_validation_that_fails_leaves_an_earlier_error():
    response = make_json_error("{}")
    validated = validate(response, json_schema({"$ref": "https://nowhere.invalid/schema"}))

    assert validated.error == classify(response)


contents = st.text() | st.sampled_from(["<think>", "<think>a</think>{}", "[" * 10_000, '{"a": ' * 500, "\ud83d", None])
bodies = st.binary() | contents.map(
    lambda content: json.dumps({"choices": [{"message": {"content": content}}]}).encode()
)


@given(st.sampled_from([200, 400, 503]), bodies, st.sampled_from([TEXT, JSON, json_schema({"type": "object"})]))
def test_validation_of_any_bytes_never_raises(status, content, payload):
    response = Response(status, {}, content)
    validated = validate(response, payload)

    assert isinstance(validated.response, Response)
    assert validated.response.ok or validated.error
