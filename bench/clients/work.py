"""What every Python contender does with a task, and where it finds engine and stub."""

import json
import os
from dataclasses import dataclass
from typing import Any

LOCK_MS = 60_000
POLL_MS = 5_000
"""As this worker has it: no contender gains or loses by another length."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a contender is told, under the names of this worker's own settings."""

    engine: str
    topic: str
    worker_id: str
    at_once: int
    chat: str
    key: str


def assignment() -> Assignment:
    """Read it from the environment."""
    return Assignment(
        engine=os.environ["CATALYST_ENGINE_URL"],
        topic=os.environ["CATALYST_TOPIC"],
        worker_id=os.environ["CATALYST_WORKER_ID"],
        at_once=int(os.environ["CATALYST_CONCURRENCY"]),
        chat=os.environ["GROQ_API_URL"] + "/chat/completions",
        key=os.environ["GROQ_API_KEY"],
    )


def request(message: str) -> dict[str, Any]:
    """Return the chat request for a user's message: the element template's payload."""
    return {
        "model": "openai/gpt-oss-120b",
        "max_tokens": 1024,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": message},
        ],
    }


def variables(status: int, body: str) -> dict[str, dict[str, Any]]:
    """Return the process variables made of an answer, typed; as many and as large as this worker writes."""
    answer = json.loads(body)
    choice, usage = answer["choices"][0], answer["usage"]
    return {
        "aiReply": {"type": "String", "value": choice["message"]["content"]},
        "modelUsed": {"type": "String", "value": answer["model"]},
        "promptTokens": {"type": "Integer", "value": usage["prompt_tokens"]},
        "completionTokens": {"type": "Integer", "value": usage["completion_tokens"]},
        "finishReason": {"type": "String", "value": choice["finish_reason"]},
        "catalyst_responseBody": {"type": "String", "value": body},
        "catalyst_statusCode": {"type": "Integer", "value": status},
        "catalyst_success": {"type": "Boolean", "value": True},
        "catalyst_error": {"type": "String", "value": ""},
        "catalyst_meta": {"type": "Json", "value": json.dumps({"model": answer["model"], "usage": usage})},
    }
