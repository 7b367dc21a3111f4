"""An answer as a stream: server-sent events with one `chat.completion.chunk` each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalyst_groq.groq.models.token_estimate import split_tokens
from catalyst_groq.sandbox.emulator.answers import FINGERPRINT, Completion

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event, and how many tokens of the answer it brings."""

    data: dict[str, Any]
    tokens: float = 0

    def as_event(self) -> bytes:
        """Return the event's bytes."""
        return f"data: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")


def error_event(body: str) -> bytes:
    """Return the event with which Groq ends a stream that failed on the way."""
    return f"event: error\ndata: {body.strip()}\n\n".encode()


def chunks(answer: Completion) -> Iterator[Chunk]:
    """Yield the role first, then reasoning, text and tool calls, and last the finish reason with the usage."""
    opening = {"x_groq": {"id": answer.request_id, "seed": answer.seed}}
    yield Chunk(_chunk(answer, {"role": "assistant", "content": ""}) | opening)
    for name, text in (("reasoning", answer.reasoning), ("content", answer.content)):
        for piece, weight in split_tokens(text or ""):
            yield Chunk(_chunk(answer, {name: piece}), weight)
    for number, call in enumerate(answer.tool_calls):
        yield Chunk(_chunk(answer, {"tool_calls": [{"index": number, **call.as_json()}]}), 1)
    if answer.executed_tools:
        yield Chunk(_chunk(answer, {"executed_tools": list(answer.executed_tools)}))
    usage = answer.usage.as_json()
    closing = {"x_groq": {"id": answer.request_id, "usage": usage}, "usage": usage}
    yield Chunk(_chunk(answer, {}, answer.finish_reason) | closing)


def _chunk(answer: Completion, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
