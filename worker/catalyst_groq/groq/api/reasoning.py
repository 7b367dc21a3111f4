"""Separates the reasoning of a model from its content, in every form in which models and servers mix them. Pure.

Groq returns the reasoning as `reasoning`, other servers as `reasoning_content`. Some models write it into the content:
between `<think>` and `</think>` (a chat template may have written the first tag), or in the channels of the harmony
format. Others return a list of parts.
"""

import re
from typing import Any, NamedTuple

from catalyst_groq.groq.api.responses import Response

THINK_BLOCK = re.compile(
    r"\s*+(?:<(?P<name>think|thinking)>(?P<tagged>.*?)(?:</(?P=name)>|\Z)"
    r"|\[think\](?P<bracketed>.*?)(?:\[/think\]|\Z))\s*+",
    re.DOTALL | re.IGNORECASE,
)
"""Only at the beginning: elsewhere the tag is part of the content. The end tag is missing when the output limit was
reached during the reasoning."""

END_OF_TAG = "/think"
START_OF_THINKING = re.compile(r"<think(?:ing)?>|\[think\]", re.IGNORECASE)
END_OF_THINKING = re.compile(
    r"""(?:^[ \t]*+|(?<=[^\s`"'“(]))(?:</think(?:ing)?>|\[/think\])[ \t\r]*+(?:\n\s*+|\Z)""",
    re.IGNORECASE | re.MULTILINE,
)
"""Without the first tag: alone on its line, or at the end of one without a blank before it. In a sentence about the
tag, a blank or a quote stands before it, or more text follows on the same line."""

CODE_FENCE = "```"

HARMONY_TOKEN = re.compile(r"<\|(start|channel|constrain|message|end|return|call)\|>")
HARMONY_ENDS = frozenset(("end", "return", "call"))
HARMONY_HEADERS = frozenset(("start", "channel", "constrain"))
HARMONY_WITHOUT_TOKENS = re.compile(r"\s*+analysis(?P<reasoning>.*?)assistantfinal(?P<content>.*)", re.DOTALL)
CHANNEL_NAME = re.compile(r"\w+")
MAX_HEADER_CHARS = 100
ASSISTANT, FINAL_CHANNEL = "assistant", "final"
CHANNELS = frozenset((FINAL_CHANNEL, "analysis", "commentary"))
QUOTES = tuple("`\"'“(")

TEXT_TYPES = ("text", "output_text", None)
MEANINGFUL_TYPES = (
    *("image", "image_url", "output_image", "audio", "input_audio", "output_audio", "video_url", "file"),
    *("refusal", "tool_use"),
)
"""Parts of a content that its texts do not stand for. Others, such as references, accompany the texts."""


class UnreadableContentError(ValueError):
    """A content has control tokens of the harmony format in an order that the format does not have."""

    def __init__(self) -> None:
        super().__init__("the content has control tokens of the harmony format (<|channel|>) in an unknown order")


class Parts(NamedTuple):
    """The content and the reasoning of a message."""

    content: Any
    reasoning: str = ""


def split_reasoning(response: Response) -> Response:
    """Return the response with the content of each choice as text, and the reasoning as `reasoning`.

    Raises `UnreadableContentError`.
    """
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
    content, within = _join_parts(written) if isinstance(written, list | dict) else Parts(written)
    if isinstance(content, str):
        content, reasoning = _split_text(content)
        within += reasoning
    apart = message.get("reasoning") or message.get("reasoning_content")
    if content is written and not within and (apart is message.get("reasoning") or apart is None):
        return choice
    reasoning = "\n".join(map(str, filter(None, (apart, within))))
    return {**choice, "message": {**message, "content": content, **({"reasoning": reasoning} if reasoning else {})}}


def _join_parts(content: list[Any] | dict[str, Any]) -> Parts:
    """Join the texts of a content that is a list, or one part; leave it as it is if it has images or has no texts."""
    parts = content if isinstance(content, list) else [content]
    texts, thoughts, has_others = [], [], False
    for part in parts:
        match part:
            case None:
                continue
            case str():
                texts.append(part)
            case {"type": "thinking" | "reasoning", **rest}:
                thoughts.append(_thought(rest.get("thinking") or rest.get("text") or rest.get("reasoning") or ""))
            case {"text": str() | None as text, **rest} if rest.get("type") in TEXT_TYPES:
                texts.append(text or "")
            case {"type": kind} if kind in MEANINGFUL_TYPES:
                return Parts(content)
            case _:
                has_others = True
    if has_others and not texts and not thoughts:
        return Parts(content)
    return Parts("".join(texts), "\n".join(filter(None, thoughts)))


def _thought(value: Any) -> str:
    if not isinstance(value, list | dict):
        return str(value)
    text, thought = _join_parts(value)
    return "\n".join(filter(None, (thought, text if isinstance(text, str) else "")))


def _split_text(text: str) -> Parts:
    content, reasoning = _split_tags(text)
    content, channels = _split_harmony(content)
    return Parts(content, "\n".join(filter(None, (reasoning, channels))))


def _split_tags(text: str) -> Parts:
    """Separate the reasoning between tags, or before the last of them."""
    thoughts, start = [], 0
    while block := THINK_BLOCK.match(text, start):
        thoughts.append((block["tagged"] or block["bracketed"] or "").strip())
        start = block.end()
    if start:
        return Parts(text[start:], "\n".join(filter(None, thoughts)))
    # The expression looks at every character of a long text, which takes many times as long as a search for a word.
    end = END_OF_THINKING.search(text) if END_OF_TAG in text.lower() else None
    if end and not START_OF_THINKING.search(text) and not _is_in_code(text[: end.start()]):
        return Parts(text[end.end() :], text[: end.start()].strip())
    return Parts(text)


def _split_harmony(text: str) -> Parts:
    """Separate the channels of the harmony format. Raises `UnreadableContentError`."""
    before, *pieces = HARMONY_TOKEN.split(text)
    if not pieces:
        harmony = HARMONY_WITHOUT_TOKENS.fullmatch(text)
        return Parts(harmony["content"], harmony["reasoning"]) if harmony else Parts(text)
    is_mentioned = before.endswith((*QUOTES, " ", "\t")) and not before.isspace()
    if _is_in_code(before) or before.endswith(QUOTES) or (is_mentioned and pieces[0] not in HARMONY_ENDS):
        return Parts(text)
    messages = _read_messages(before, list(zip(pieces[::2], pieces[1::2], strict=True)))
    if messages is None and is_mentioned:
        return Parts(text)
    if messages is None:
        raise UnreadableContentError
    has_final = any(channel == FINAL_CHANNEL for channel, _ in messages)
    shown = FINAL_CHANNEL if has_final else ""
    return Parts(
        "".join(part for channel, part in messages if channel == shown),
        "\n".join(part for channel, part in messages if channel != shown),
    )


def _read_messages(before: str, pieces: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """Return channel and text of each message; None if the tokens, each with the text behind it, are not in order.

    The first message may lack its header, wholly or in part: a chat template has written it. Its channel is then "".
    """
    first, messages = before.strip(), []
    channel, is_open = FINAL_CHANNEL, True
    if first in CHANNELS and pieces[0][0] == "message":
        channel = first
    elif first and first != ASSISTANT:
        messages.append(("", first))
        is_open = pieces[0][0] == "channel"
    for token, text in pieces:
        is_message = token == "message"  # noqa: S105 -- of the format
        if not (is_open if is_message else _is_in_order(token, text.strip())):
            return None
        if is_message:
            messages.append((channel, text))
            channel = FINAL_CHANNEL
        elif match := CHANNEL_NAME.match(text.strip()):
            channel = match[0] if token == "channel" else channel  # noqa: S105 -- of the format
        is_open = token in HARMONY_HEADERS
    return messages


def _is_in_order(token: str, text: str) -> bool:
    """Whether a text may stand behind a token that begins or ends a header or a message."""
    if token in HARMONY_ENDS:
        return not text
    is_header = len(text) <= MAX_HEADER_CHARS and "\n" not in text
    return is_header and (token != "start" or text.partition(" ")[0] in (ASSISTANT, ""))  # noqa: S105


def _is_in_code(before: str) -> bool:
    """Whether the text before a place opens a block of code that it does not close."""
    return before.count(CODE_FENCE) % 2 == 1
