"""A completion as a stream: server-sent events with one `chat.completion.chunk` each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalyst_groq.groq.models.token_estimate import split_tokens
from catalyst_groq.sandbox.emulator.chat_completion import SYSTEM_FINGERPRINT, ChatCompletion

DONE_EVENT = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event, and the number of tokens it contains."""

    data: dict[str, Any]
    tokens: float = 0

    def as_event(self) -> bytes:
        """Return the event's bytes."""
        return f"data: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")


def error_event(body: str) -> bytes:
    """Return the event with which Groq ends a failed stream."""
    return f"event: error\ndata: {body.strip()}\n\n".encode()


def split_into_chunks(completion: ChatCompletion) -> Iterator[Chunk]:
    """Yield the role, then reasoning, text and tool calls, and finally the finish reason with the usage."""
    opening = {"x_groq": {"id": completion.request_id, "seed": completion.seed}}
    yield Chunk(_chunk(completion, {"role": "assistant", "content": ""}) | opening)
    for name, text in (("reasoning", completion.reasoning), ("content", completion.content)):
        for piece, weight in split_tokens(text or ""):
            yield Chunk(_chunk(completion, {name: piece}), weight)
    for number, call in enumerate(completion.tool_calls):
        yield Chunk(_chunk(completion, {"tool_calls": [{"index": number, **call.as_json()}]}), 1)
    if completion.executed_tools:
        yield Chunk(_chunk(completion, {"executed_tools": list(completion.executed_tools)}))
    usage = completion.usage.as_json()
    closing = {"x_groq": {"id": completion.request_id, "usage": usage}, "usage": usage}
    yield Chunk(_chunk(completion, {}, completion.finish_reason) | closing)


def _chunk(completion: ChatCompletion, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": SYSTEM_FINGERPRINT,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
