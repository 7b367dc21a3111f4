"""The emulator's call log and control endpoint."""

import json

import httpx
import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.emulator_http import post_chat
from support.emulator_requests import chat_body


def control(groq_emulator, path, wanted=None):
    return httpx.post(groq_emulator.control_url + path, json=wanted)


def test_call_log_contains_requests_without_keys(groq_emulator):
    groq_emulator.next(status=429)
    post_chat(groq_emulator, chat_body("First?"))
    post_chat(groq_emulator, chat_body("Second?"))

    first, second = groq_emulator.calls

    assert (first.status, second.status) == (429, 200)
    assert (second.model, second.messages[0]["content"]) == ("openai/gpt-oss-120b", "Second?")
    assert second.organization == "org_01emulator000000000001"
    seen = httpx.get(f"{groq_emulator.control_url}/calls").json()["calls"]
    assert [call["number"] for call in seen] == [1, 2]
    assert "gsk_test_key_of_mine" not in json.dumps(seen) + repr(groq_emulator.calls)


def test_call_log_holds_only_the_newest_calls():
    with running_emulator(EmulatorConfig(max_calls=2)) as groq_emulator:
        for text in ("one", "two", "three"):
            post_chat(groq_emulator, chat_body(text))

        assert [call.messages[0]["content"] for call in groq_emulator.calls] == ["two", "three"]


def test_control_endpoint_adds_rules_and_resets(groq_emulator):
    assert control(groq_emulator, "/next", {"count": 2, "status": 503}).status_code == 204
    assert post_chat(groq_emulator).status_code == 503
    assert control(groq_emulator, "/reset").status_code == 204
    assert post_chat(groq_emulator).status_code == 200
    assert len(groq_emulator.calls) == 1


def test_control_endpoint_changes_settings_and_clock(groq_emulator):
    control(groq_emulator, "/settings", {"limits": {"*": {"rpd": 1}}}).raise_for_status()
    assert [post_chat(groq_emulator).status_code for _ in range(2)] == [200, 429]

    control(groq_emulator, "/advance", {"seconds": 86_400}).raise_for_status()

    assert post_chat(groq_emulator).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("/next", '{"status": 900}', "status: Input should be less than or equal to 599"),
        ("/next", "{", "The body is not JSON"),
        ("/next", "[]", "The body must be a JSON object"),
        ("/settings", '{"speed": 1}', "speed: Extra inputs are not permitted"),
        ("/advance", '{"seconds": -1}', "a number from 0"),
    ],
)
def test_control_endpoint_names_the_invalid_field(groq_emulator, path, body, problem):
    answer = httpx.post(groq_emulator.control_url + path, content=body)

    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_emulator_next_raises_on_an_invalid_rule(groq_emulator):
    with pytest.raises(SandboxError, match="Invalid rule for the next requests: statsu: Extra inputs"):
        groq_emulator.next(statsu=500)
