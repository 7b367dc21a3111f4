"""Groq's answers as values."""

import httpx
import pytest

from catalyst_groq.groq.api.responses import Response
from support.factories import RATE_LIMITED, REPLY, make_answer


def test_response_body_is_parsed():
    answer = make_answer()
    assert answer.ok
    assert answer.body == REPLY
    assert (answer.code, answer.request_id) == ("", "req_1")


def test_error_response_has_code_message_and_request_id():
    answer = make_answer(429, RATE_LIMITED, x_request_id="req_9")
    assert not answer.ok
    assert answer.code == "rate_limit_exceeded"
    assert answer.message.startswith("Rate limit reached")
    assert answer.request_id == "req_9"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "an empty response"),
        (" \n", "an empty response"),
        ('{"model": "cut', '{"model": "cut'),
        ("[1, 2]", "[1, 2]"),
        ('"text"', '"text"'),
        ('{"error": "plain"}', '{"error": "plain"}'),
        ('{"error": {"message": null}}', '{"error": {"message": null}}'),
        ('{"error": {"message": ["a"]}}', "['a']"),
        ("<html>\n <h1>502:  Bad gateway</h1>" + "x" * 999, ("<html> <h1>502: Bad gateway</h1>" + "x" * 999)[:300]),
    ],
)
def test_message_is_an_excerpt_of_a_body_without_an_error(body, message):
    answer = make_answer(502, body)
    assert (answer.message, answer.code, answer.request_id) == (message, "", "")


@pytest.mark.parametrize(
    ("status", "body", "ok"),
    [
        (200, '{"choices": [{}]}', True),
        (299, '{"choices": [{}]}', True),
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
    assert make_answer(status, body).ok is ok


def test_body_nested_too_deeply_is_no_json():
    assert make_answer(200, "[" * 100_000).body is None


@pytest.mark.parametrize("body", ['{"x_groq": null}', '{"x_groq": "?"}', '{"x_groq": {"id": null}}', "[]"])
def test_request_id_falls_back_to_the_header(body):
    assert Response(200, httpx.Headers({"X-Request-Id": "req_2"}), body.encode()).request_id == "req_2"
