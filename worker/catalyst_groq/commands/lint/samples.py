"""Fills the placeholders whose values are known only when a task runs with samples, so that the rest can be checked."""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS, PLACEHOLDER_START, Placeholder, parse
from catalyst_groq.connector.expressions.required_variables import NO_VARIABLES, variables_used_by

SAMPLE_TEXT = "…"
SAMPLE_IMAGE = "https://example.com/image.png"
SAMPLE_MESSAGE = {"role": "user", "content": SAMPLE_TEXT}
SAMPLE_PART = {"type": "text", "text": SAMPLE_TEXT}


def is_constant(value: Any) -> bool:
    """Whether no placeholder in a text or a structure needs a variable."""
    return variables_used_by(value) == NO_VARIABLES


def is_placeholder(value: Any) -> bool:
    """Whether a value is a text that one placeholder with variables makes up, so that it may be of any type."""
    if not isinstance(value, str) or is_constant(value):
        return False
    parts = parse(value)
    return len(parts) == 1


def fill_samples(text: str) -> str:
    """Return a text with a sample in the place of each placeholder with variables; one with a mistake as it is."""
    if is_constant(text):
        return text
    return "".join(
        part.replace(PLACEHOLDER_START, f"${PLACEHOLDER_START}") if isinstance(part, str) else _sample(part)
        for part in parse(text)
    )


def _sample(part: Placeholder) -> str:
    written = f"${{{part.expression}}}"
    return written if is_constant(written) else SAMPLE_TEXT


def sample_payload(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload with samples. A parameter whose form is not known is left out."""
    payload = {name: value for name, value in template.items() if name != "messages" and not _has_open_form(value)}
    if "messages" in template:
        messages = template["messages"]
        payload["messages"] = [SAMPLE_MESSAGE] if is_placeholder(messages) else _sample_messages(messages)
    return {name: _fill_all(value) for name, value in payload.items()}


def sample_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a mapping whose values do not need variables."""
    return {name: value for name, value in mapping.items() if is_constant(value)}


def expressions_in(text: str) -> list[str]:
    """Return the expressions of the placeholders in a text; none of a text with a mistake."""
    try:
        parts = parse(text) if OPENING_MARKS.search(text) else ()
    except (PlaceholderError, ExpressionError):
        return []
    return [part.expression for part in parts if isinstance(part, Placeholder)]


def _has_open_form(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_open_form, value.values()))
    if isinstance(value, list):
        return any(map(_has_open_form, value))
    return is_placeholder(value)


def _sample_messages(messages: Any) -> Any:
    if not isinstance(messages, list):
        return messages
    return [SAMPLE_MESSAGE if is_placeholder(message) else _sample_message(message) for message in messages]


def _sample_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    if _has_open_form({name: value for name, value in message.items() if name != "content"}):
        return SAMPLE_MESSAGE
    content = message.get("content")
    if is_placeholder(content):
        return {**message, "content": SAMPLE_TEXT}
    return {**message, "content": list(map(_sample_part, content))} if isinstance(content, list) else message


def _sample_part(part: Any) -> Any:
    match part:
        case {"type": "image_url", "image_url": {"url": str() as url}} if not is_constant(url):
            return {**part, "image_url": {**part["image_url"], "url": SAMPLE_IMAGE}}
        case _ if _has_open_form(part):
            return SAMPLE_PART
        case str():
            return {"type": "text", "text": part}
        case _:
            return part


def _fill_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _fill_all(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return list(map(_fill_all, value))
    return fill_samples(value) if isinstance(value, str) else value
