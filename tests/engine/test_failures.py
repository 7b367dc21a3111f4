"""What a process and its modeller see when something is wrong."""

from typing import Any

import pytest

from support.diagrams import diagram

pytestmark = pytest.mark.engine

REFUSALS = {401: "AUTH_FAILED", 429: "RATE_LIMITED", 400: "INVALID_REQUEST"}
NO_PATIENCE = {"catalyst_giveUpAfter": "PT0S"}


@pytest.mark.parametrize(("status", "code"), REFUSALS.items())
@pytest.mark.every_engine
def test_bpmn_error_sets_all_standard_variables(start_instance, emulator, status, code):
    emulator.next(None, status=status)
    instance = start_instance(diagram(boundary=True, properties=NO_PATIENCE), userMessage="hello")

    assert instance.task() == "Caught"
    variables = instance.variables()
    assert variables["errorCode"] == code
    assert variables["errorMessage"].startswith(f"Groq: {status}")
    assert variables["catalyst_statusCode"] == status
    assert variables["catalyst_success"] is False
    assert variables["catalyst_error"].startswith(str(status))
    assert '"error"' in variables["catalyst_responseBody"]
    assert variables["catalyst_meta"]["attemptCount"] == 1
    assert len(emulator.calls) == 1


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.every_engine
def test_bpmn_error_without_catch_event_is_incident(start_instance, emulator, status):
    emulator.next(None, status=status)
    instance = start_instance(diagram(properties=NO_PATIENCE), userMessage="hello")

    message = instance.incident()
    assert message.startswith(f"Groq: {status}")
    assert f"Nothing catches the BPMN error {REFUSALS[status]}. If the process shall handle it, attach" in message
    assert instance.state() == "ACTIVE"
    assert len(emulator.calls) == 1


@pytest.mark.every_engine
def test_error_details_show_request_and_response(start_instance, emulator):
    emulator.next(None, status=403, headers={"x-request-id": "req_1"})
    question = "What is this? 😀" * 1000
    refused = start_instance(diagram(), userMessage=question)
    mistaken = start_instance(diagram(properties={"catalyst_timeout": "soon"}), userMessage="hello")

    assert refused.incident().startswith("Groq: 403")
    assert mistaken.incident().startswith("catalyst_timeout: ")
    response_details, field_details = refused.error_details(), mistaken.error_details()
    assert "Status: 403\n" in response_details
    assert "x-request-id: req_1\n" in response_details
    assert question[:2000] in response_details
    assert "(15,000 characters)" in response_details
    assert field_details.endswith("catalyst_timeout:\nsoon")


@pytest.mark.every_engine
def test_rate_limit_is_waited_out(start_instance, emulator):
    emulator.next(1, error_code="rate_limit_exceeded", headers={"retry-after": "1"})
    instance = start_instance(diagram(boundary=True), userMessage="hello")

    assert instance.task() == "Review"
    assert [call.status for call in emulator.calls] == [429, 200]
    meta = instance.variables()["catalyst_meta"]
    assert meta["attemptCount"] == 2
    assert meta["waitedMs"] > 0


@pytest.mark.every_engine
def test_retry_by_the_engine_after_transient_fault(start_instance, emulator):
    emulator.next(2, status=503)
    instance = start_instance(diagram(properties={"catalyst_retries": "R3/PT0S"}), userMessage="hello")

    assert instance.task() == "Review"
    assert [call.status for call in emulator.calls] == [503, 503, 200]


def test_retries_send_one_request_each(start_instance, emulator):
    emulator.next(None, status=503)
    instance = start_instance(diagram(properties={"catalyst_retries": "R3/PT0S"}), userMessage="hello")

    assert instance.incident().startswith("Groq: 503")
    assert len(emulator.calls) == 3


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "payload not JSON": (
        {"fields": {"catalyst_payload": '{"messages": [}'}},
        "catalyst_payload: is not JSON: Expecting value at line 1, column 15",
    ),
    "payload without messages": (
        {"fields": {"catalyst_payload": '{"prompt": "hello"}'}},
        "catalyst_payload: has no list of messages",
    ),
    "missing variable": (
        {"fields": {"catalyst_payload": '{"messages": [{"role": "user", "content": "${nobody}"}]}'}},
        "catalyst_payload: ${nobody} needs the process variable 'nobody', which does not exist",
    ),
    "unclosed placeholder": (
        {"fields": {"catalyst_payload": '{"messages": [{"role": "user", "content": "${userMessage"}]}'}},
        "catalyst_payload: `${userMessage` opens a placeholder that is not closed",
    ),
    "unknown secret source": (
        {"properties": {"catalyst_secretSource": "vault"}},
        "catalyst_secretSource: 'vault' is not a valid value. It must be one of env, file, properties, variable",
    ),
    "missing secret": (
        {"properties": {"catalyst_apiKey": "groq_other_key"}},
        "catalyst_apiKey: the environment variable GROQ_OTHER_KEY is not set",
    ),
    "forbidden secret": (
        {"properties": {"catalyst_apiKey": "aws_secret"}},
        "catalyst_apiKey: the secret name 'aws_secret' is not allowed here",
    ),
    "secret outside its folder": (
        {"properties": {"catalyst_secretSource": "file", "catalyst_apiKey": "groq/../../etc/passwd"}},
        "catalyst_apiKey: 'groq/../../etc/passwd' is not the bare name of a secret",
    ),
    "missing key variable": (
        {"properties": {"catalyst_secretSource": "variable", "catalyst_apiKey": "myKey"}},
        "catalyst_apiKey: there is no process variable 'myKey'",
    ),
    "mapping that is no JMESPath": (
        {"fields": {"catalyst_responseMapping": '{"aiReply": "choices[0"}'}},
        "catalyst_responseMapping: 'aiReply': `choices[0` is not JMESPath",
    ),
    "mapping onto a reserved name": (
        {"fields": {"catalyst_responseMapping": '{"catalyst_error": "id"}'}},
        "catalyst_responseMapping: 'catalyst_error' cannot be set",
    ),
    "error mapping without codes": (
        {"fields": {"catalyst_errorMapping": '{"429": 1}'}},
        "catalyst_errorMapping: '429' has no BPMN error code",
    ),
    "URL not allowed": (
        {"properties": {"catalyst_url": "https://evil.example/openai/v1"}},
        "catalyst_url: 'https://evil.example/openai/v1' is not allowed here",
    ),
    "URL that is none": ({"properties": {"catalyst_url": "groq"}}, "catalyst_url: 'groq' is not a plain http(s) URL"),
    "timeout that is no number": (
        {"properties": {"catalyst_timeout": "a minute"}},
        "catalyst_timeout: 'a minute' is not a number of seconds above 0",
    ),
    "retries": ({"properties": {"catalyst_retries": "3"}}, "catalyst_retries: '3' is not an ISO 8601 duration"),
    "give up after": (
        {"properties": {"catalyst_giveUpAfter": "15 min"}},
        "catalyst_giveUpAfter: '15 min' is not an ISO 8601 duration",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_invalid_field_is_incident_without_request(start_instance, emulator, mistake):
    parts, message = MISTAKES[mistake]
    instance = start_instance(diagram(boundary=True, **parts), userMessage="hello")
    other = start_instance(diagram(), userMessage="the others go on")

    assert message in instance.incident().splitlines()[0]
    assert other.task() == "Review"
    assert len(emulator.calls) == 1
