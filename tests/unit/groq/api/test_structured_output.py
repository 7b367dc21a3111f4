"""Responses that must be JSON: valid, repaired, or invalid."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.json_schema import schema_problem
from catalyst_groq.groq.api.structured_output import (
    CUT_OFF,
    InvalidOutput,
    OutputFormat,
    ValidOutput,
    output_format_of,
    validate_output,
)
from support.factories import make_response
from support.inline_executor import InlineExecutor

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}
ANY_JSON, AN_OBJECT, WITH_SCHEMA = OutputFormat(), OutputFormat(is_object=True), OutputFormat(SCHEMA)


def validate(response, output_format):
    return asyncio.run(validate_output(response, output_format, "some/model", InlineExecutor()))


def make_content_response(content, finish_reason="stop", **message):
    choice = {"message": {"content": content, **message}, "finish_reason": finish_reason}
    return make_response(body={"choices": [choice]})


@pytest.mark.parametrize(
    ("response_format", "output_format"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, AN_OBJECT),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}, WITH_SCHEMA),
        ({"type": "json_schema"}, ANY_JSON),
        ("json", None),
    ],
)
def test_output_format_is_read_from_the_request(response_format, output_format):
    assert output_format_of({"response_format": response_format}) == output_format


def test_valid_json_is_left_unchanged():
    response = make_content_response('{"total":  12.5}')
    assert validate(response, WITH_SCHEMA) == ValidOutput(response)


@pytest.mark.parametrize("content", ['```json\n{"total": 12.5}\n```', "{'total': 12.5}", '{"total": 12.5,}'])
def test_malformed_json_is_repaired(content):
    verdict = validate(make_content_response(content), WITH_SCHEMA)
    assert verdict.repaired
    assert json.loads(verdict.response.body["choices"][0]["message"]["content"]) == {"total": 12.5}


def test_schema_mismatch_names_the_location():
    verdict = validate(make_content_response('{"total": "much"}'), WITH_SCHEMA)
    assert verdict.problem == "at $.total 'much' is not of type 'number'"
    assert verdict.may_improve


@pytest.mark.parametrize("content", ["Sorry, no.", "", None])
def test_content_that_is_not_json_is_invalid(content):
    assert validate(make_content_response(content), ANY_JSON).problem == "the response is not one whole JSON value"


@pytest.mark.slow
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
@pytest.mark.parametrize("output_format", [ANY_JSON, AN_OBJECT, WITH_SCHEMA])
@pytest.mark.parametrize("form", ['{{"total": {}}}', "```{{'total': {}}}```"])
def test_number_that_json_cannot_represent_is_invalid(number, output_format, form):
    verdict = validate(make_content_response(form.format(number)), output_format)
    assert verdict.problem == "the response is not one whole JSON value"
    assert verdict.may_improve


def test_number_that_groq_found_invalid_is_not_repaired():
    assert isinstance(validate(make_json_error('{"total": NaN}'), WITH_SCHEMA), InvalidOutput)


@pytest.mark.parametrize("content", ["[1]", "5", "null", '"text"', "['a']"])
def test_json_object_is_an_object(content):
    assert validate(make_content_response(content), AN_OBJECT).problem == "the response is not a JSON object"
    assert isinstance(validate(make_content_response(content), ANY_JSON), ValidOutput)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "error", "content_filter", "MAX_TOKENS", "unheard-of", 5])
@pytest.mark.parametrize("content", ['{"total": 12', '{"total": 12}'])
def test_json_of_a_response_that_was_cut_off_is_invalid(reason, content):
    verdict = validate(make_content_response(content, finish_reason=reason), ANY_JSON)
    assert isinstance(verdict, InvalidOutput)
    assert verdict.may_improve


@pytest.mark.parametrize("reason", ["stop", None, "", "eos", "eos_token", "end_turn", "STOP", "tool_calls"])
def test_json_of_a_response_that_the_model_ended_is_valid(reason):
    assert isinstance(validate(make_content_response('{"total": 12}', finish_reason=reason), ANY_JSON), ValidOutput)


def make_json_error(generated):
    error = {"message": "Failed to generate JSON.", "code": "json_validate_failed", "failed_generation": generated}
    return make_response(400, {"error": error})


@pytest.mark.parametrize(
    ("generated", "problem"),
    [
        ("Sorry", "Failed to generate JSON."),
        ('{"total": "much"}', "Failed to generate JSON."),
        ('{"total": 12', "Failed to generate JSON."),
        ("max completion tokens reached before generating", CUT_OFF),
    ],
)
def test_invalid_json_found_by_groq_may_improve(generated, problem):
    verdict = validate(make_json_error(generated), WITH_SCHEMA)
    assert verdict == InvalidOutput(problem, generated, may_improve=True)


def test_invalid_json_found_by_groq_is_repaired():
    verdict = validate(make_json_error('```json\n{"total": 1}\n```'), WITH_SCHEMA)
    assert verdict.repaired
    assert verdict.response.ok
    assert verdict.response.body["model"] == "some/model"
    assert verdict.response.body["choices"][0]["message"]["content"] == '{"total": 1}'


def test_tool_calls_and_other_errors_are_not_validated():
    for response in (
        make_content_response(None, tool_calls=[{}]),
        make_response(503, ""),
        make_response(body={"choices": 5}),
    ):
        assert validate(response, WITH_SCHEMA) == ValidOutput(response)


def test_schema_problem_is_described():
    assert schema_problem(SCHEMA) is None
    assert "'objekt' is not valid" in schema_problem({"type": "objekt"})


@given(st.text())
def test_content_of_any_text_gets_a_verdict(content):
    match validate(make_content_response(content), ANY_JSON):
        case ValidOutput(response):
            json.loads(response.body["choices"][0]["message"]["content"])
        case InvalidOutput(problem):
            assert problem


def nest(depth, schema, **keywords):
    for _ in range(depth):
        schema = {**keywords, "allOf": [schema]}
    return schema


@pytest.mark.parametrize(
    ("schema", "is_bounded"),
    [
        (SCHEMA, True),
        ({"type": "array", "items": SCHEMA, "minItems": 1}, True),
        ({"properties": {"pattern": {"enum": ["$ref"]}, "unevaluatedItems": True}}, True),
        ({"type": ["object", "null"], "additionalProperties": {"type": "string"}}, True),
        (nest(20, {"type": "object"}, unevaluatedProperties=False), False),
        ({"properties": {"a": nest(20, {}, unevaluatedItems=False)}}, False),
        ({"type": [{"pattern": "^(a+)+$"}]}, False),
        ({"additionalProperties": {"pattern": "^(a+)+$"}}, False),
        ({"items": [{"type": "string"}]}, False),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, False),
    ],
)
def test_schema_is_checked_beside_the_loop_unless_its_keywords_bound_the_time(schema, is_bounded):
    executor = InlineExecutor()
    asyncio.run(validate_output(make_content_response("1"), OutputFormat(schema), "some/model", executor))
    assert executor.functions == ([] if is_bounded else ["check_json"])
