"""The error object and the message in the body of a refusal, in the forms in which servers write them. Pure.

Groq and OpenAI: `error` with `message`, `type`, `code`. FastAPI: `detail`, a text or a list of findings with their
places. vLLM before 0.9: the error's fields at the top. Gemini: the error inside a list. TGI: `error` as a text. Problem
details (RFC 9457): `title`, `detail`. Gateways: a web page.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalyst_groq.common.texts import shorten
from catalyst_groq.common.web_page import find_title, is_web_page

MAX_EXCERPT_CHARS = 300
"""Length to which a message quotes a body that is not JSON."""

MAX_FINDINGS = 5
"""Of a list that a message quotes."""

MAX_DEPTH = 4
"""Levels of a body that are searched for a message."""

MESSAGE_NAMES = (
    "error_description",
    "error_message",
    "message",
    "msg",
    "detail",
    "details",
    "title",
    "reason",
    "error",
    "errors",
)
"""Fields that hold a message, or an object that holds one, the most exact first."""


def find_error_object(body: Any) -> Mapping[str, Any]:
    """Return the `error` object of a parsed body; empty when there is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def reports_error(value: Any) -> bool:
    """Whether the value of an `error` reports one: gateways send an object with empty values beside a good response."""
    match value:
        case dict():
            return any(map(reports_error, value.values()))
        case list():
            return any(map(reports_error, value))
        case _:
            return bool(value)


def find_message(body: Any, text: str) -> str:
    """Return what a server says in a body: its message, the title of its page, or the beginning of the text."""
    error = find_error_object(body)
    message = next(_messages(error, MAX_DEPTH), "") or next(_messages(body, MAX_DEPTH), "")
    if raw := find_raw_message(error):
        message = f"{message}: {raw}" if message else raw
    if not message and body is None:
        message = _describe_page(text)
    return message or shorten(" ".join(text.split()), MAX_EXCERPT_CHARS) or "an empty response"


def names_field(body: Any) -> bool:
    """Whether a body lists findings about fields of the request, as FastAPI does."""
    findings = body.get("detail") if isinstance(body, dict) else None
    return isinstance(findings, list) and any(isinstance(finding, dict) and finding.get("loc") for finding in findings)


def find_raw_message(error: Mapping[str, Any]) -> str:
    """Return what OpenRouter quotes of the server behind it; empty when there is nothing."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return raw if isinstance(raw, str) else ""


def _messages(value: Any, depth: int) -> Iterator[str]:
    """Yield the messages in an error's value, the most exact first."""
    match value:
        case str() if value.strip():
            yield value
        case list() if value and depth:
            findings = [next(_messages(entry, depth - 1), "") for entry in value[:MAX_FINDINGS]]
            if text := "; ".join(filter(None, findings)):
                yield text
        case dict() if depth:
            place = value.get("loc")
            prefix = f"{'.'.join(map(str, place))}: " if isinstance(place, list) and place else ""
            for name in MESSAGE_NAMES:
                yield from (prefix + message for message in _messages(value.get(name), depth - 1))


def _describe_page(text: str) -> str:
    if not is_web_page(text):
        return ""
    title = find_title(text)
    return f"a web page: {title}" if title else "a web page instead of a response of the API"
