"""Requests to the emulated service without a server, and their replies."""

import json
from collections.abc import Mapping
from typing import Any

from catalyst_groq.sandbox.emulator.chat_completion import ChatCompletion
from catalyst_groq.sandbox.emulator.config import EmulatorConfig
from catalyst_groq.sandbox.emulator.control import add_rule
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse
from catalyst_groq.sandbox.emulator.generated_text import last_user_text
from catalyst_groq.sandbox.emulator.messages import ApiRequest, CompletionReply, ErrorReply
from catalyst_groq.sandbox.emulator.service import GroqService

CHAT = "/openai/v1/chat/completions"
GPT_OSS = "openai/gpt-oss-120b"
QWEN = "qwen/qwen3.8-27b"


def chat_body(text: str = "How are you?", *, model: str = GPT_OSS, **fields: Any) -> dict[str, Any]:
    """Return the body of a chat completions request."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def make_service(*rules: Mapping[str, Any], **settings: Any) -> GroqService:
    """Return a service without a server, with rules for the next requests."""
    groq = GroqService(EmulatorConfig(**settings))
    for rule in rules:
        add_rule(groq, rule)
    return groq


def reply_to(groq: GroqService, body: Mapping[str, Any] | None, organization: str | None = "org_1") -> Any:
    """Send a chat request and return the reply."""
    return groq.chat(ApiRequest("POST", CHAT, organization, body, last_user_text(body or {})))


def completion_of(groq: GroqService, body: Mapping[str, Any]) -> ChatCompletion:
    """Send a chat request and return the completion."""
    reply = reply_to(groq, body)
    assert isinstance(reply, CompletionReply), reply
    return reply.completion


def error_of(groq: GroqService, body: Mapping[str, Any] | None, organization: str | None = "org_1") -> ErrorResponse:
    """Send a chat request and return the error response."""
    reply = reply_to(groq, body, organization)
    assert isinstance(reply, ErrorReply), reply
    return reply.error.with_headers(reply.headers)


def error_object(response: ErrorResponse) -> dict[str, Any]:
    """Return the error object of an error response."""
    error: dict[str, Any] = json.loads(response.body)["error"]
    return error


def tool(name: str, **properties: Any) -> dict[str, Any]:
    """Return a function tool whose parameters are all required."""
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"}, days={"type": "integer", "minimum": 3})
ORDER = tool("find_order", number={"type": "string"})
