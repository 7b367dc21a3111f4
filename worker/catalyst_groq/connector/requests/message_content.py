"""What a message says: a text, or a list of parts. Pure.

Groq takes nothing else there, and a text that is just one placeholder keeps the type of its value: a number, a Boolean,
an object or null. Elsewhere in a payload that is what is wanted, here it becomes a text.
"""

from typing import Any

from catalyst_groq.connector.expressions.conversions import to_text
from catalyst_groq.connector.expressions.placeholders import find_opaque_values
from catalyst_groq.domain.variables import OpaqueValue


def normalize_content(message: Any) -> Any:
    """Return the message with a content that Groq takes. One that only calls tools needs none."""
    if not isinstance(message, dict) or "content" not in message:
        return message
    if message["content"] is None and message.get("tool_calls"):
        return message
    return {**message, "content": _content(message["content"])}


def _content(content: Any) -> Any:
    if isinstance(content, list) and any(map(_is_part, content)):
        return [_part(entry) for entry in content]
    return _text(content)


def _part(entry: Any) -> Any:
    match entry:
        case {"type": "text", "text": text}:
            return {**entry, "text": _text(text)}
        case list():
            return _content(entry)
        case _:
            return entry if _is_part(entry) else _text(entry)


def _is_part(entry: Any) -> bool:
    """Whether it may stand in a list of parts, other than the rows of a table or the entries of an order."""
    match entry:
        case str() | OpaqueValue() | None:
            return True
        case dict():
            kind = entry.get("type")
            return isinstance(kind, str) and kind in entry
        case list():
            return any(map(_is_part, entry))
        case _:
            return False


def _text(value: Any) -> Any:
    """Say it as a text; a File, or what holds one, is left to whoever reads files."""
    return value if any(find_opaque_values(value)) else to_text(value)
