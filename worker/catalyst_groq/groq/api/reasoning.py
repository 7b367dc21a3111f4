"""What a model thought, kept apart from what it says. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from catalyst_groq.groq.api.responses import Response

THINK_BLOCK = re.compile(r"\s*<think>(?P<thought>.*?)(?:</think>|\Z)\s*", re.DOTALL)
"""At the beginning only: further on it is text about thinking. Without an end the budget ended inside."""


def split_reasoning(answer: Response) -> Response:
    """Move `<think>…</think>` from the content to `reasoning`, where other models have it by themselves."""
    if not answer.ok or not answer.choices or "<think>" not in answer.text:
        return answer
    return answer.with_body({**answer.body, "choices": [_split_choice(choice) for choice in answer.choices]})


def _split_choice(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice
    content = message.get("content")
    if not isinstance(content, str) or not (found := THINK_BLOCK.match(content)):
        return choice
    thoughts = filter(None, [message.get("reasoning"), found["thought"].strip()])
    said = {**message, "content": content[found.end() :], "reasoning": "\n".join(map(str, thoughts))}
    return {**choice, "message": said}
