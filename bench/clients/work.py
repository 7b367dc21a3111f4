"""The work of every Python client on a task, and its configuration."""

import json
import os
from dataclasses import dataclass
from typing import Any

LOCK_MS = 60_000
POLL_MS = 5_000
"""The same poll duration as this worker, for a fair comparison."""


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The configuration of a client, from the environment variables of this worker."""

    engine_url: str
    topic: str
    worker_id: str
    concurrency: int
    chat_url: str
    api_key: str


def read_config() -> ClientConfig:
    """Read the configuration from the environment."""
    return ClientConfig(
        engine_url=os.environ["CATALYST_ENGINE_URL"],
        topic=os.environ["CATALYST_TOPIC"],
        worker_id=os.environ["CATALYST_WORKER_ID"],
        concurrency=int(os.environ["CATALYST_CONCURRENCY"]),
        chat_url=os.environ["GROQ_API_URL"] + "/chat/completions",
        api_key=os.environ["GROQ_API_KEY"],
    )


def chat_request(message: str) -> dict[str, Any]:
    """Return the chat request for a user's message: the element template's payload."""
    return {
        "model": "openai/gpt-oss-120b",
        "max_tokens": 1024,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": message},
        ],
    }


def output_variables(status: int, body: str) -> dict[str, dict[str, Any]]:
    """Return the typed process variables for a response: as many and as large as this worker writes."""
    response = json.loads(body)
    choice, usage = response["choices"][0], response["usage"]
    return {
        "aiReply": {"type": "String", "value": choice["message"]["content"]},
        "modelUsed": {"type": "String", "value": response["model"]},
        "promptTokens": {"type": "Integer", "value": usage["prompt_tokens"]},
        "completionTokens": {"type": "Integer", "value": usage["completion_tokens"]},
        "finishReason": {"type": "String", "value": choice["finish_reason"]},
        "catalyst_responseBody": {"type": "String", "value": body},
        "catalyst_statusCode": {"type": "Integer", "value": status},
        "catalyst_success": {"type": "Boolean", "value": True},
        "catalyst_error": {"type": "String", "value": ""},
        "catalyst_meta": {"type": "Json", "value": json.dumps({"model": response["model"], "usage": usage})},
    }
