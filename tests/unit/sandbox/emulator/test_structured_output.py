"""Structured output: JSON mode, schemas and samples that satisfy them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from catalyst_groq.sandbox.emulator.messages import CompletionReply
from catalyst_groq.sandbox.emulator.schemas import generate_sample
from support.emulator_requests import chat_body, completion_of, error_object, error_of, make_service, reply_to


def test_json_mode_returns_a_json_object():
    answer = completion_of(make_service(), chat_body("Answer as json", response_format={"type": "json_object"}))

    assert json.loads(str(answer.content))["question"] == "Answer as json"


NODE = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["leaf", "branch"]},
        "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
    "required": ["kind", "left", "children"],
    "additionalProperties": False,
}
SCHEMAS = [
    {"type": "object", "properties": {"total": {"type": "number", "minimum": 2.5, "maximum": 2.6}}},
    {"type": "object", "properties": {"a": {"type": ["null", "integer"]}, "b": {"const": 5}, "c": {"type": "null"}}},
    {"type": "object", "properties": {"even": {"type": "integer", "multipleOf": 2, "minimum": 5}}},
    {
        "type": "object",
        "properties": {"short": {"type": "string", "maxLength": 3}, "long": {"type": "string", "minLength": 90}},
    },
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            {"properties": {"b": {"type": "boolean"}}},
        ]
    },
    {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    {"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
    {"exclusiveMinimum": 7, "type": "integer"},
    {"exclusiveMaximum": 7, "type": "integer", "minimum": 6},
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=[json.dumps(schema)[:50] for schema in SCHEMAS])
def test_structured_output_satisfies_its_schema(schema):
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}

    answer = completion_of(make_service(), chat_body(response_format=response_format))

    validate(json.loads(str(answer.content)), schema)


leaves = st.one_of(
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-50, 50),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, size: {"type": "string", "minLength": low, "maxLength": low + size},
        st.integers(0, 60),
        st.integers(0, 9),
    ),
    st.just({"type": "boolean"}),
    st.just({"enum": [3, "x"]}),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abcd"), inner).map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            }
        ),
        inner.map(lambda items: {"type": "array", "items": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
    ),
    max_leaves=8,
)


@given(schemas)
def test_sample_satisfies_every_schema(schema):
    validate(generate_sample(schema), schema)


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"$ref": "#/$defs/gone"}, {"type": "word"}]
)
def test_invalid_schema_is_rejected(schema):
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}

    response = error_of(make_service(), chat_body(response_format=response_format))

    assert error_object(response)["message"].startswith("invalid JSON schema for response_format: 'reply': ")


def test_recursive_schema_gets_a_finite_sample():
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": endless}}

    assert json.loads(str(completion_of(make_service(), chat_body(response_format=response_format)).content))["a"]


def test_json_mode_rejects_scripted_text_that_is_not_json():
    groq = make_service({"answer": "Sure! Here it is"})

    response = error_of(groq, chat_body("json please", response_format={"type": "json_object"}))

    assert error_object(response)["failed_generation"] == "Sure! Here it is"


@pytest.mark.parametrize(("strict", "accepted"), [(True, False), (False, True)])
def test_only_strict_schema_validates_scripted_answers(strict, accepted):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    response_format = {"type": "json_schema", "json_schema": {"name": "reply", "strict": strict, "schema": schema}}

    reply = reply_to(make_service({"answer": {"n": "many"}}), chat_body(response_format=response_format))

    assert isinstance(reply, CompletionReply) == accepted
