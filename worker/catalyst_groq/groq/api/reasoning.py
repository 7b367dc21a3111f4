"""Separates the reasoning that some models write into their content. Other models return it as `reasoning`. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from catalyst_groq.groq.api.responses import Response

THINK_TAG = b"<think>"
THINK_BLOCK = re.compile(r"\s*<think>(?P<reasoning>.*?)(?:</think>|\Z)\s*", re.DOTALL)
"""Only at the beginning: elsewhere the tag is part of the content. The end tag is missing when the output limit was
reached during the reasoning."""


def split_reasoning(response: Response) -> Response:
    """Return the response with `<think>…</think>` moved from the content of each choice to its `reasoning`."""
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
