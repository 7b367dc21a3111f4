"""Groq's error responses, compared verbatim with those collected in reference/groq-api.md, section 2.3."""

import json

import pytest

from support.emulator_requests import chat_body, error_object, error_of, make_service

VERBATIM = {
    "invalid_api_key": (
        '{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}'
    ),
    "network_blocked": '{"error":{"message":"Access denied. Please check your network settings."}}',
    "model_permission_blocked_org": (
        '{"error":{"message":"The model `openai/gpt-oss-120b` is blocked at the organization level. Please have the '
        "org admin enable this model in the org settings at https://console.groq.com/settings/limits"
        '","type":"permissions_error","code":"model_permission_blocked_org"}}'
    ),
    "model_permission_blocked_project": (
        '{"error":{"message":"The model `openai/gpt-oss-120b` is blocked at the project level. Please have a project '
        "admin enable this model in the project settings at https://console.groq.com/settings/project/limits"
        '","type":"permissions_error","code":"model_permission_blocked_project"}}'
    ),
    "model_not_found": (
        '{"error":{"message":"The model `openai/gpt-oss-120b` does not exist or you do not have access to it.",'
        '"type":"invalid_request_error","code":"model_not_found"}}'
    ),
    "model_decommissioned": (
        '{"error":{"message":"The model `openai/gpt-oss-120b` has been decommissioned and is no longer supported. '
        "Please refer to https://console.groq.com/docs/deprecations for a recommendation on which model to use "
        'instead.","type":"invalid_request_error","code":"model_decommissioned"}}'
    ),
    "context_length_exceeded": (
        '{"error":{"message":"Please reduce the length of the messages or completion.",'
        '"type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}'
    ),
    "spend_limit_reached": (
        '{"error":{"message":"Organization has blocked API access because a spend alert threshold was met. Please '
        'visit https://console.groq.com/settings/billing to manage your spend alerts.","type":"invalid_request_error",'
        '"code":"spend_limit_reached"}}'
    ),
    "over_capacity": (
        '{"error":{"message":"openai/gpt-oss-120b is currently over capacity. Please try again and back off '
        "exponentially. Visit https://groqstatus.com to see if there is an active incident."
        '","type":"internal_server_error"}}'
    ),
}


@pytest.mark.parametrize(("code", "expected"), VERBATIM.items(), ids=VERBATIM)
def test_error_by_code_has_groqs_text(code, expected):
    groq = make_service({"error_code": code})

    assert error_of(groq, chat_body()).body == expected + "\n"


def test_invalid_key_error_has_96_bytes():
    response = error_of(make_service(), chat_body(), organization=None)

    assert (response.status, len(response.body)) == (401, 96)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 424, 429, 498, 500, 502, 503, 504, 520, 524])
def test_error_of_every_status_has_a_body(status):
    groq = make_service({"status": status})

    response = error_of(groq, chat_body())

    assert response.status == status
    assert ("html" in response.content_type) == response.body.startswith("<!DOCTYPE html>")


def test_retry_after_is_in_header_and_message():
    groq = make_service({"status": 429, "headers": {"Retry-After": 7}})

    response = error_of(groq, chat_body())

    assert response.headers["retry-after"] == "7"
    assert "Please try again in 7s." in response.body


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("llama-3.3-70b-versatile", 404, "model_not_found"),
        ("llama-3.1-70b-versatile", 400, "model_decommissioned"),
        ("gemma2-9b-it", 400, "model_decommissioned"),
        ("no-such-model", 404, "model_not_found"),
        ("minimaxai/minimax-m2.7", 404, "model_not_found"),
    ],
)
def test_retired_model_error_depends_on_its_date(model, status, code):
    response = error_of(make_service(), chat_body(model=model))

    assert (response.status, error_object(response)["code"]) == (status, code)


def test_truncated_json_is_a_json_validate_failed_error():
    response = error_of(
        make_service(), chat_body("Give me json", response_format={"type": "json_object"}, max_completion_tokens=20)
    )

    assert json.loads(response.body)["error"] == {
        "message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
        "type": "invalid_request_error",
        "code": "json_validate_failed",
        "failed_generation": "max completion tokens reached before generating a valid document",
    }


def test_flex_request_gets_498_without_capacity():
    groq = make_service(flex_full=True)

    assert error_of(groq, chat_body(service_tier="flex")).status == 498
