"""Reasoning that a model writes into its content, moved to where other models have it. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from catalyst_groq.groq.api.responses import Response

THINK_TAG = b"<think>"
THINK_BLOCK = re.compile(r"\s*<think>(?P<reasoning>.*?)(?:</think>|\Z)\s*", re.DOTALL)
"""At the beginning only: further on it is text about thinking. Without an end the output limit ended inside."""


def split_reasoning(response: Response) -> Response:
    """Move `<think>…</think>` from the content to `reasoning`."""
    if THINK_TAG not in response.content or not response.ok or not response.choices:
        return response
    return response.with_body({**response.body, "choices": [_split_choice(choice) for choice in response.choices]})


def _split_choice(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice
    content = message.get("content")
    if not isinstance(content, str) or not (block := THINK_BLOCK.match(content)):
        return choice
    reasoning = filter(None, [message.get("reasoning"), block["reasoning"].strip()])
    return {
        **choice,
        "message": {**message, "content": content[block.end() :], "reasoning": "\n".join(map(str, reasoning))},
    }
