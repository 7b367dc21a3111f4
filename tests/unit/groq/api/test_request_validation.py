"""Requests that Groq refuses are found before they are sent; the emulator refuses them too."""

from typing import Any

import httpx
import pytest

from catalyst_groq.groq.api.request_validation import can_stream, find_unsupported

CHAT = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}]}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}, "additionalProperties": False}},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
UNSUPPORTED: dict[str, dict[str, Any]] = {
    "logprobs": {"logprobs": True},
    "top_logprobs": {"top_logprobs": 2},
    "logit_bias": {"logit_bias": {"1": 2}},
    "n": {"n": 2},
    "name": {"messages": [{"role": "user", "content": "Hi", "name": "Ada"}]},
    "stop": {"stop": list("abcde")},
    "tools'": {"tools": [TOOL] * 129},
    "stream": {"stream": True, "response_format": SCHEMA},
    "tools and a JSON schema": {"tools": [TOOL], "response_format": SCHEMA},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_parameter_is_found_before_sending(name, groq_emulator):
    payload = CHAT | UNSUPPORTED[name]
    url = f"{groq_emulator.base_url}/chat/completions"
    response = httpx.post(url, json=payload, headers={"authorization": "Bearer gsk_x"}, trust_env=False)

    assert response.status_code == 400, "the emulator accepts it"
    assert name.strip("'") in find_unsupported(payload).problem


@pytest.mark.parametrize(
    "parameters",
    [{"n": 1}, {"logprobs": None}, {"stream": True}, {"response_format": SCHEMA}, {"tools": [TOOL], "stop": ["a"]}],
)
def test_supported_request_has_no_problem(parameters):
    assert find_unsupported(CHAT | parameters) is None


def test_schema_excludes_streaming():
    assert can_stream(CHAT)
    assert not can_stream(CHAT | {"response_format": SCHEMA})
