"""An answer that must be JSON: taken, mended, asked for again, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api import structured_output
from catalyst_groq.groq.api.structured_output import (
    InvalidOutput,
    OutputFormat,
    ValidOutput,
    output_format_of,
    repair_request,
    schema_problem,
)
from support.factories import make_answer

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}
ANY, FITTING = OutputFormat(), OutputFormat(SCHEMA)


def fit(answer, wanted):
    return structured_output.validate_output(answer, wanted, "some/model")


def saying(content, finish_reason="stop", **message):
    choice = {"message": {"content": content, **message}, "finish_reason": finish_reason}
    return make_answer(body={"choices": [choice]})


@pytest.mark.parametrize(
    ("wanted", "structure"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, ANY),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}, FITTING),
        ({"type": "json_schema"}, ANY),
        ("json", None),
    ],
)
def test_output_format_is_read_from_the_request(wanted, structure):
    assert output_format_of({"response_format": wanted}) == structure


def test_valid_json_is_left_unchanged():
    answer = saying('{"total":  12.5}')
    assert fit(answer, FITTING) == ValidOutput(answer)


@pytest.mark.parametrize("careless", ['```json\n{"total": 12.5}\n```', "{'total': 12.5}", 'Here: {"total": 12.5,}'])
def test_malformed_json_is_repaired(careless):
    fitting = fit(saying(careless), FITTING)
    assert fitting.repaired
    assert json.loads(fitting.response.body["choices"][0]["message"]["content"]) == {"total": 12.5}


def test_schema_mismatch_names_the_location():
    misfit = fit(saying('{"total": "much"}'), FITTING)
    assert misfit.problem == "at $.total 'much' is not of type 'number'"
    assert misfit.may_improve


@pytest.mark.parametrize("content", ["Sorry, no.", "", None])
def test_content_that_is_not_json_is_invalid(content):
    assert fit(saying(content), ANY).problem == "the response is not JSON"


def test_truncated_json_is_not_repaired():
    misfit = fit(saying('{"total": 12', finish_reason="length"), ANY)
    assert isinstance(misfit, InvalidOutput)
    assert not misfit.may_improve


def failed(generated):
    said = {"message": "Failed to generate JSON.", "code": "json_validate_failed", "failed_generation": generated}
    return make_answer(400, {"error": said})


@pytest.mark.parametrize(
    ("generated", "may_improve"),
    [("Sorry", True), ('{"total": "much"}', True), ("max completion tokens reached before generating", False)],
)
def test_invalid_json_found_by_groq_may_improve_unless_truncated(generated, may_improve):
    misfit = fit(failed(generated), FITTING)
    assert (misfit.problem, misfit.content) == ("Failed to generate JSON.", generated)
    assert misfit.may_improve is may_improve


def test_invalid_json_found_by_groq_is_repaired():
    fitting = fit(failed('```json\n{"total": 1}\n```'), FITTING)
    assert fitting.repaired
    assert fitting.response.ok
    assert fitting.response.body["model"] == "some/model"
    assert fitting.response.body["choices"][0]["message"]["content"] == '{"total": 1}'


def test_tool_calls_and_other_errors_are_not_validated():
    for answer in (saying(None, tool_calls=[{}]), make_answer(503, ""), make_answer(body={"choices": 5})):
        assert fit(answer, FITTING) == ValidOutput(answer)


def test_repair_request_shows_the_response_and_its_problem():
    again = repair_request({"model": "m", "messages": [{"role": "user"}]}, InvalidOutput("at $ no", "[]"))
    assert [turn["role"] for turn in again["messages"]] == ["user", "assistant", "user"]
    assert again["messages"][1]["content"] == "[]"
    assert "at $ no" in again["messages"][2]["content"]


def test_schema_problem_is_described():
    assert schema_problem(SCHEMA) is None
    assert "'objekt' is not valid" in schema_problem({"type": "objekt"})


@given(st.text())
def test_content_of_any_text_gets_a_verdict(content):
    match fit(saying(content), ANY):
        case ValidOutput(answer):
            json.loads(answer.body["choices"][0]["message"]["content"])
        case InvalidOutput(problem):
            assert problem
