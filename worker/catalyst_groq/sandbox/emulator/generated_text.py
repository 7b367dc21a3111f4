"""Default texts for requests without a rule: the same text for the same request, and easy to recognise."""

import json
import re
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from catalyst_groq.groq.models.token_estimate import cut_to_tokens
from catalyst_groq.sandbox.emulator.capabilities import image_urls
from catalyst_groq.sandbox.emulator.rules import Rule

_MAX_QUOTED_CHARS = 200
_LENGTH_REQUEST = re.compile(r"\b(?:answer|reply) (?:in|with) (\d+) (characters|tokens)\b", re.IGNORECASE)
_PROSE = (
    "the process waits for a reply and then the next task begins while the model still writes one more line of text "
    "that nobody has to read but that is long enough for a test"
)
_WORDS_PER_SENTENCE = 12

Body = Mapping[str, Any]


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message with a text or several parts as content."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict) and "text" in part)


def last_user_text(body: Body) -> str:
    """Return the text of the last user message."""
    messages = body.get("messages")
    objects = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return next((text_of(message) for message in reversed(objects) if message.get("role") == "user"), "")


def generate_text(body: Body, model: str) -> str:
    """Generate a response text that quotes the request.

    A user message with "answer in 20000 characters" (or "tokens") gets exactly that length.
    """
    if length := _LENGTH_REQUEST.search(last_user_text(body)):
        amount = int(length[1])
        return (
            generate_filler(characters=amount) if length[2].lower() == "characters" else generate_filler(tokens=amount)
        )
    last = body["messages"][-1]
    if last["role"] == "tool":
        opening = f"The tool said: {_quote(text_of(last))}"
    else:
        opening = f"You asked: {_quote(last_user_text(body))}"
    images = len(image_urls(body))
    image_note = f" It came with {images} image{'s' if images > 1 else ''}." if images else ""
    return f"{opening}{image_note} The Groq emulator generated this response for {model}."


def scripted_text(rule: Rule | None) -> str | None:
    """Return the text of a rule, or None. A structure becomes JSON."""
    if rule is None:
        return None
    if rule.characters or rule.tokens:
        return generate_filler(characters=rule.characters, tokens=rule.tokens)
    if rule.answer is None or isinstance(rule.answer, str):
        return rule.answer
    return json.dumps(rule.answer, ensure_ascii=False)


def generate_filler(*, characters: int | None = None, tokens: int | None = None) -> str:
    """Return prose of an exact number of characters or tokens."""
    if characters is not None:
        return _prose(characters)[:characters]
    return cut_to_tokens(_prose((tokens or 0) * 8), tokens or 0).rstrip()


def _prose(at_least: int) -> str:
    words: list[str] = []
    length = 0
    for number, word in enumerate(cycle(_PROSE.split())):
        if length > at_least:
            break
        starts, ends = number % _WORDS_PER_SENTENCE == 0, (number + 1) % _WORDS_PER_SENTENCE == 0
        words.append((word.capitalize() if starts else word) + ("." if ends else ""))
        length += len(words[-1]) + 1
    return " ".join(words)


def _quote(text: str) -> str:
    shown = " ".join(text.split())
    return f"“{shown[:_MAX_QUOTED_CHARS]}…”" if len(shown) > _MAX_QUOTED_CHARS else f"“{shown}”"
