"""Responses: body, error, usage and request id, whatever the bytes."""

import json

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalyst_groq.groq.api.responses import Response, Usage
from support.factories import RATE_LIMITED, REPLY, make_response


def test_response_body_is_parsed():
    response = make_response()
    assert response.ok
    assert response.body == REPLY
    assert (response.code, response.request_id) == ("", "req_1")


def test_error_response_has_code_message_and_request_id():
    response = make_response(429, RATE_LIMITED, x_request_id="req_9")
    assert not response.ok
    assert response.code == "rate_limit_exceeded"
    assert response.message.startswith("Rate limit reached")
    assert response.request_id == "req_9"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "an empty response"),
        (" \n", "an empty response"),
        ('{"model": "cut', '{"model": "cut'),
        ("[1, 2]", "[1, 2]"),
        ('{"error": {"message": null}}', '{"error": {"message": null}}'),
    ],
)
def test_message_is_an_excerpt_of_a_body_without_an_error(body, message):
    response = make_response(502, body)
    assert (response.message, response.code, response.request_id) == (message, "", "")


@pytest.mark.parametrize(
    ("status", "body", "ok"),
    [
        (200, '{"choices": [{}]}', True),
        (299, '{"choices": [{}]}', True),
        (200, '{"text": ""}', True),
        (200, '{"data": [{}]}', True),
        (200, '{"text": null}', False),
        (200, "{}", False),
        (200, '{"choices": []}', False),
        (200, '{"choices": [{}], "error": {"message": "boo"}}', False),
        (200, "[]", False),
        (200, "{", False),
        (200, "", False),
        (302, "{}", False),
    ],
)
def test_response_is_ok_with_status_2xx_and_a_result(status, body, ok):
    assert make_response(status, body).ok is ok


def test_body_nested_too_deeply_is_no_json():
    assert make_response(200, "[" * 100_000).body is None


@pytest.mark.parametrize("body", ['{"x_groq": null}', '{"x_groq": "?"}', '{"x_groq": {"id": null}}', "[]"])
def test_request_id_falls_back_to_the_header(body):
    assert Response(200, httpx.Headers({"X-Request-Id": "req_2"}), body.encode()).request_id == "req_2"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, Usage(9, 0, 4)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5}}, Usage(9, 5, 0)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 50}}, Usage(9, 9, 0)),
        ({"prompt_tokens": -9, "completion_tokens": "4", "prompt_tokens_details": 5}, Usage(0, 0, 0)),
        ({}, Usage(0, 0, 0)),
        (None, None),
        ([1], None),
    ],
)
def test_usage_is_read_from_the_body(usage, tokens):
    assert make_response(body={"usage": usage}).usage == tokens


NAMES = [
    *("choices", "text", "data", "error", "message", "code", "x_groq", "id"),
    *("usage", "prompt_tokens", "prompt_tokens_details", "cached_tokens"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=3),
    lambda nested: st.lists(nested, max_size=3) | st.dictionaries(st.sampled_from(NAMES), nested, max_size=5),
    max_leaves=12,
)


@given(st.integers(100, 599), st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
@example(200, b"[" * 100_000)
@example(200, b'{"usage": {"prompt_tokens": ' + b"9" * 10_000 + b"}}")
@example(400, b'\xff{"error": {"message": "\\ud83d"}}')
def test_response_of_any_bytes_has_all_properties(status, content):
    response = Response(status, {}, content)

    assert response.ok in {True, False}
    assert isinstance(response.text, str)
    assert isinstance(response.choices, list)
    assert isinstance(response.error, dict)
    assert response.usage is None or min(response.usage) >= 0
    assert response.message
    assert {type(text) for text in (response.code, response.message, response.request_id)} == {str}
    assert response.body is None or isinstance(response.body, dict | list | str | int | float)
