"""Errors inside a response with status 200."""

import pytest

from catalyst_groq.groq.api.embedded_errors import surface_error
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from support.factories import make_response


def with_choice(**choice):
    return {"choices": [{"index": 0, "message": {"content": "The sum is"}, **choice}]}


ERRORS = {
    "OpenRouter, 429": ({"error": {"message": "Provider returned error", "code": 429}}, 429, ErrorKind.RATE_LIMITED),
    "OpenRouter, 401": ({"error": {"message": "No auth", "code": 401}}, 401, ErrorKind.AUTHENTICATION),
    "OpenRouter, choice": (with_choice(error={"message": "lost", "code": 502}), 502, ErrorKind.TRANSIENT),
    "finish reason": (with_choice(finish_reason="error"), 502, ErrorKind.TRANSIENT),
    "native": (with_choice(finish_reason="stop", native_finish_reason="network_error"), 502, ErrorKind.TRANSIENT),
    "status as a text": ({"error": {"message": "m", "code": "503"}}, 503, ErrorKind.TRANSIENT),
    "Groq's code": ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, 429, ErrorKind.RATE_LIMITED),
    "type": ({"error": {"message": "m", "type": "authentication_error"}}, 401, ErrorKind.AUTHENTICATION),
    "vLLM": ({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, 400, ErrorKind.BAD_REQUEST),
    "TGI": ({"error": "m", "error_type": "validation"}, 422, ErrorKind.GENERATION_FAILED),
    "x_groq": ({"x_groq": {"error": "m"}, "choices": []}, 500, ErrorKind.TRANSIENT),
    "Gemini": ({"error": {"message": "m", "status": "RESOURCE_EXHAUSTED"}}, 429, ErrorKind.RATE_LIMITED),
    "code as a float": ({"error": {"message": "m", "code": 429.0}}, 429, ErrorKind.RATE_LIMITED),
    "a text": ({"error": "m"}, 500, ErrorKind.TRANSIENT),
    "a strange code": ({"error": {"message": "m", "code": 99999}}, 500, ErrorKind.TRANSIENT),
}


@pytest.mark.parametrize(("body", "status", "kind"), ERRORS.values(), ids=ERRORS)
def test_error_has_its_own_status(body, status, kind):
    response = surface_error(make_response(200, body))
    assert (response.status, classify(response).kind) == (status, kind)


def test_raw_message_of_a_provider_is_shown():
    error = {"message": "Provider returned error", "code": 429, "metadata": {"raw": "rate-limited upstream"}}
    response = surface_error(make_response(200, {"error": error}))
    assert response.message == "Provider returned error: rate-limited upstream"


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "[]",
        {"text": ""},
        {"error": None, **with_choice()},
        with_choice(finish_reason="stop"),
        {"choices": [5]},
        {"error": {"message": "", "type": "", "param": "", "code": None}, **with_choice()},
        with_choice(error={"message": "", "code": 0}),
        with_choice(finish_reason=["stop"]),
        with_choice(finish_reason={"a": 1}),
    ],
)
def test_response_without_an_error_is_left_unchanged(body):
    response = make_response(200, body)
    assert surface_error(response) is response


def test_status_of_an_error_response_stays():
    response = make_response(503, {"error": {"message": "m", "code": 400}})
    assert surface_error(response) is response
