"""The content of a message: a text, or a list of parts. Pure.

Groq accepts nothing else there, but a text that is exactly one placeholder keeps the type of its value: a number, a
Boolean, an object or null. Elsewhere in a payload that is intended; in a message's content it becomes a text.
"""

from collections.abc import Sequence
from typing import Any

from catalyst_groq.connector.expressions.conversions import to_text
from catalyst_groq.connector.expressions.placeholders import find_opaque_values
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError

TEXT_ROLES = ("system", "developer", "assistant", "tool")
"""Roles in whose messages Groq accepts a text only, and no list of parts."""

INSTRUCTING_ROLES = ("system", "developer")


def normalize_content(message: Any) -> Any:
    """Return the message with a content that Groq accepts. A message that only calls tools needs none."""
    if not isinstance(message, dict) or "content" not in message:
        return message
    if message["content"] is None and message.get("tool_calls"):
        return message
    return {**message, "content": _normalize(message["content"])}


def join_texts(messages: Sequence[Any]) -> list[Any]:
    """Return the messages with one text where a message of `TEXT_ROLES` has a list of texts. Raises `FieldError`.

    Parts with further keys stay: they are meant for another server.
    """
    return [_join_texts(number, message) for number, message in enumerate(messages)]


def _join_texts(number: int, message: Any) -> Any:
    match message:
        case {"role": str(role), "content": list() as parts} if role in TEXT_ROLES and parts:
            kinds = [part.get("type") if isinstance(part, dict) else None for part in parts]
            if role in INSTRUCTING_ROLES and "image_url" in kinds:
                problem = f"has an image in messages[{number}], a {role} message, where only texts can be"
                raise FieldError(PAYLOAD, problem, 'Let it be a part of a message with "role": "user"')
            if all(isinstance(part, dict) and part.keys() == {"type", "text"} for part in parts):
                return {**message, "content": "\n".join(str(part["text"]) for part in parts)}
    return message


def _normalize(content: Any) -> Any:
    if isinstance(content, list) and any(map(_is_part, content)):
        return [_normalize_part(entry) for entry in content]
    return _to_text_unless_file(content)


def _normalize_part(entry: Any) -> Any:
    match entry:
        case {"type": "text", "text": text}:
            return {**entry, "text": _to_text_unless_file(text)}
        case list():
            return _normalize(entry)
        case _:
            return entry if _is_part(entry) else _to_text_unless_file(entry)


def _is_part(entry: Any) -> bool:
    """Whether a list's entry is a message part, or a list with one, rather than other data such as a table row."""
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


def _to_text_unless_file(value: Any) -> Any:
    """Convert a value to text; Files, and structures that hold one, stay for `insert_files`."""
    return value if any(find_opaque_values(value)) else to_text(value)
