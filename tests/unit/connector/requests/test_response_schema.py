"""Schemas for the response are checked before Groq is asked, and no reference leaves them."""

import asyncio

import pytest

from catalyst_groq.common.bounded_execution import InterruptedCallError
from catalyst_groq.connector.requests.response_schema import check_response_schema
from catalyst_groq.errors import FieldError
from support.inline_executor import InlineExecutor, SlowExecutor

DRAFT_3 = {"$schema": "http://json-schema.org/draft-03/schema#"}
DRAFT_2019 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}


def check(schema, executor=None):
    payload = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}
    asyncio.run(check_response_schema(payload, executor or InlineExecutor()))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "file:///etc/hostname"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"items": {"$dynamicRef": "http://127.0.0.1:9/#a"}},
        {**DRAFT_2019, "$recursiveRef": "http://127.0.0.1:9/"},
        {"$id": "http://127.0.0.1:9/", "items": {"$ref": "other.json"}},
        {"items": {"$ref": "#/$defs/none"}},
        {"items": {"$ref": "#none"}},
        {"unknown": {"$ref": "file:///etc/hostname"}, "items": {"$ref": "#/unknown"}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"$schema": "http://json-schema.org/draft-04/schema#", "items": {"$ref": "other.json"}},
        {**DRAFT_3, "type": [{"$ref": "file:///etc/hostname"}]},
        {**DRAFT_3, "disallow": [{"items": [{"$ref": "file:///etc/hostname"}]}]},
        {**DRAFT_3, "type": [{"properties": {"enum": {"$ref": "other.json"}}}]},
        {"dependencies": {"a": {"$ref": "http://127.0.0.1:9/"}}},
        {"dependencies": {"default": {"$ref": "http://127.0.0.1:9/"}}},
    ],
)
def test_reference_that_leaves_the_schema_is_refused(schema):
    with pytest.raises(
        FieldError, match=r"^catalyst_payload: has an invalid JSON schema: its \$\w+ '.*' leads to nothing"
    ):
        check(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"$anchor": "b"}}, "items": {"$ref": "#b"}},
        {"$id": "http://127.0.0.1:9/a", "$defs": {"b": {"$id": "b"}}, "items": {"$ref": "b"}},
        {"properties": {"$ref": {"type": "string"}}},
        {"enum": [{"$ref": "file:///etc/hostname"}]},
        {"items": {"properties": {"a": {"default": {"$ref": "file:///etc/hostname"}}}}},
        {"dependencies": {"a": {"$ref": "#/$defs/b"}, "$ref": ["a"]}, "$defs": {"b": True}},
        {**DRAFT_3, "id": "http://127.0.0.1:9/a", "type": [{"$ref": "a"}]},
        {"$schema": "http://127.0.0.1:9/schema"},
    ],
)
def test_reference_within_the_schema_is_allowed(schema):
    check(schema)


@pytest.mark.parametrize("schema", [{"$schema": ["a"]}, {"$id": 5}, {"type": "text"}, {"$id": "http://[", "$ref": "a"}])
def test_schema_that_is_none_is_refused(schema):
    with pytest.raises(FieldError, match=r"^catalyst_payload: has an invalid JSON schema: "):
        check(schema)


def test_long_schema_is_checked_once_in_the_executor():
    executor = InlineExecutor()
    schema = {"properties": {f"a property {number}": {"type": "string"} for number in range(100)}}
    check(schema, executor)
    check(schema, executor)
    assert executor.functions == ["schema_problem"]


def test_concurrent_checks_share_one_run_and_an_interrupted_one_is_not_cached():
    executor = SlowExecutor()
    schema = {"properties": {f"some property {number}": {"type": "text"} for number in range(100)}}
    payload = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}

    async def check_thrice():
        checks = (check_response_schema(payload, executor) for _ in range(3))
        return await asyncio.gather(*checks, return_exceptions=True)

    assert set(map(type, asyncio.run(check_thrice()))) == {InterruptedCallError}
    assert set(map(type, asyncio.run(check_thrice()))) == {FieldError}
    assert executor.functions == ["schema_problem"] * 2
