"""Separates the reasoning of a model from its content, in every form in which models and servers mix them. Pure.

Groq returns the reasoning as `reasoning`, other servers as `reasoning_content`. Some models write it into the content:
between `<think>` and `</think>` (a chat template may have written the first tag), or in the channels of the harmony
format. Others return a list of parts.
"""

import re
from typing import Any, NamedTuple

from catalyst_groq.groq.api.responses import Response

THINK_BLOCK = re.compile(r"\s*<think>(?P<reasoning>.*?)(?:</think>|\Z)\s*", re.DOTALL)
"""Only at the beginning: elsewhere the tag is part of the content. The end tag is missing when the output limit was
reached during the reasoning."""

END_OF_THINKING = re.compile(r"</think>(?:[ \t]*\n\s*|\s*\Z)")
"""Without the first tag. In a sentence about the tag, more text follows on the same line."""

HARMONY_START = re.compile(r"\s*(?:<\|start\|>\s*assistant\s*)?<\|channel\|>")
HARMONY_MESSAGE = re.compile(
    r"<\|channel\|>\s*(?P<channel>\w+)[^<]*(?:<\|constrain\|>\s*\w*\s*)?<\|message\|>(?P<text>.*?)"
    r"(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
HARMONY_WITHOUT_TOKENS = re.compile(r"\s*analysis(?P<reasoning>.*?)assistantfinal(?P<content>.*)", re.DOTALL)
HARMONY_END = re.compile(r"(?:\s*<\|(?:end|return|call)\|>)+\s*\Z")
MAX_END_CHARS = 200
FINAL_CHANNEL = "final"


class Parts(NamedTuple):
    """The content and the reasoning of a message."""

    content: Any
    reasoning: str = ""


def split_reasoning(response: Response) -> Response:
    """Return the response with the content of each choice as text, and the reasoning as `reasoning`."""
    if not response.ok or not response.choices:
        return response
    choices = [_split_choice(choice) for choice in response.choices]
    if all(choice is earlier for choice, earlier in zip(choices, response.choices, strict=True)):
        return response
    return response.with_body({**response.body, "choices": choices})


def _split_choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice
    written = message.get("content")
    content, within = _join_parts(written) if isinstance(written, list) else Parts(written)
    if isinstance(content, str):
        content, reasoning = _split_text(content)
        within += reasoning
    apart = message.get("reasoning") or message.get("reasoning_content")
    if content is written and not within and (apart is message.get("reasoning") or apart is None):
        return choice
    reasoning = "\n".join(map(str, filter(None, (apart, within))))
    return {**choice, "message": {**message, "content": content, **({"reasoning": reasoning} if reasoning else {})}}


def _join_parts(parts: list[Any]) -> Parts:
    """Join the texts of a content that is a list; leave it as it is if it has other parts, such as images."""
    texts, thoughts = [], []
    for part in parts:
        match part:
            case None:
                continue
            case str() | {"type": "text" | "output_text", "text": str()}:
                texts.append(part if isinstance(part, str) else part["text"])
            case {"type": "thinking" | "reasoning", **rest}:
                thoughts.append(_thought(rest.get("thinking") or rest.get("text") or rest.get("reasoning") or ""))
            case _:
                return Parts(parts)
    return Parts("".join(texts), "\n".join(filter(None, thoughts)))


def _thought(value: Any) -> str:
    return _join_parts(value).content if isinstance(value, list) else str(value)


def _split_text(text: str) -> Parts:
    if block := THINK_BLOCK.match(text):
        return Parts(text[block.end() :], block["reasoning"].strip())
    if "<think>" not in text and (end := END_OF_THINKING.search(text)):
        return Parts(text[end.end() :], text[: end.start()].strip())
    if HARMONY_START.match(text):
        messages = [(message["channel"], message["text"]) for message in HARMONY_MESSAGE.finditer(text)]
        content = "".join(part for channel, part in messages if channel == FINAL_CHANNEL)
        return Parts(content, "\n".join(part for channel, part in messages if channel != FINAL_CHANNEL))
    if harmony := HARMONY_WITHOUT_TOKENS.fullmatch(text):
        return Parts(harmony["content"], harmony["reasoning"])
    if text.endswith("|>"):
        return Parts(text[:-MAX_END_CHARS] + HARMONY_END.sub("", text[-MAX_END_CHARS:]))
    return Parts(text)
