"""A chat completion, and its JSON form (`chat.completion`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROMPT_TOKENS_PER_SECOND = 26_500
"""Speed of prompt processing: 18 tokens in 0.00068 s in Groq's documentation."""

SYSTEM_FINGERPRINT = "fp_emulator00"
"""The `system_fingerprint` of all completions: the same seed gives the same text."""


@dataclass(frozen=True, slots=True)
class CompletionUsage:
    """Tokens and seconds of one completion. The total excludes the time in the queue."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    queue_time: float
    completion_time: float

    @property
    def prompt_time(self) -> float:
        """Seconds of prompt processing."""
        return self.prompt_tokens / PROMPT_TOKENS_PER_SECOND

    def as_json(self) -> dict[str, Any]:
        """Return the `usage` object."""
        usage: dict[str, Any] = {
            "queue_time": round(self.queue_time, 9),
            "prompt_tokens": self.prompt_tokens,
            "prompt_time": round(self.prompt_time, 9),
            "completion_tokens": self.completion_tokens,
            "completion_time": round(self.completion_time, 9),
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "total_time": round(self.prompt_time + self.completion_time, 9),
        }
        if self.cached_tokens:
            usage["prompt_tokens_details"] = {"cached_tokens": self.cached_tokens}
        if self.reasoning_tokens:
            usage["completion_tokens_details"] = {"reasoning_tokens": self.reasoning_tokens}
        return usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the request's tools."""

    id: str
    name: str
    arguments: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `tool_calls`. Its arguments are a JSON text."""
        arguments = json.dumps(self.arguments, ensure_ascii=False, separators=(",", ":"))
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": arguments}}


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """A model's completion, before it is encoded as a whole or in chunks."""

    id: str
    request_id: str
    created: int
    model: str
    content: str | None
    reasoning: str | None
    tool_calls: tuple[ToolCall, ...]
    executed_tools: tuple[Mapping[str, Any], ...]
    finish_reason: str
    usage: CompletionUsage
    service_tier: str
    seed: int

    def as_completion(self) -> dict[str, Any]:
        """Return the `chat.completion` object."""
        message: dict[str, Any] = {"role": "assistant", "content": self.content}
        if self.reasoning is not None:
            message["reasoning"] = self.reasoning
        if self.tool_calls:
            message["tool_calls"] = [call.as_json() for call in self.tool_calls]
        if self.executed_tools:
            message["executed_tools"] = list(self.executed_tools)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": self.usage.as_json(),
            "usage_breakdown": None,
            "system_fingerprint": SYSTEM_FINGERPRINT,
            "x_groq": {"id": self.request_id, "seed": self.seed},
            "service_tier": self.service_tier,
        }
