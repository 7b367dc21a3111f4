"""Validation of a chat request: finds what Groq is known to refuse before the request is sent. Pure.

Other servers may accept all of it.
Source: Groq's page on OpenAI compatibility, and refusals of Groq that were observed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

UNSUPPORTED_PARAMETERS = ("logprobs", "top_logprobs", "logit_bias")
MAX_STOPS = 4
MAX_TOOLS = 128


class UnsupportedParameter(NamedTuple):
    """What is wrong with a payload, and how to fix it."""

    problem: str
    fix: str


def find_unsupported(payload: Mapping[str, Any]) -> UnsupportedParameter | None:
    """Return why Groq would refuse a chat request; None when no reason is known."""
    return next(_find_problems(payload), None)


def can_stream(payload: Mapping[str, Any]) -> bool:
    """Whether the response may be streamed: Groq refuses a stream together with a JSON schema."""
    return not _has_schema(payload)


def _find_problems(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for check in (_find_unsupported, _find_too_many, _find_exclusive):
        yield from check(payload)


def _find_unsupported(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for name in UNSUPPORTED_PARAMETERS:
        if payload.get(name) is not None:
            yield UnsupportedParameter(f"has '{name}', which Groq refuses", "Remove it")
    if payload.get("n") not in (None, 1):
        yield UnsupportedParameter("requests more than one choice ('n'), which Groq refuses", "Remove it")
    for number, message in enumerate(payload.get("messages") or ()):
        if isinstance(message, dict) and "name" in message and message.get("role") != "function":
            yield UnsupportedParameter(f"has a 'name' in messages[{number}], which Groq refuses", "Remove it")


def _find_too_many(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for name, maximum in (("stop", MAX_STOPS), ("tools", MAX_TOOLS)):
        entries = payload.get(name)
        if isinstance(entries, list) and len(entries) > maximum:
            yield UnsupportedParameter(f"has {len(entries)} entries in '{name}'", f"Groq accepts at most {maximum}")


def _find_exclusive(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    if payload.get("stream") and _has_schema(payload):
        yield UnsupportedParameter(
            "requests a stream and a JSON schema, which Groq refuses together", "Remove 'stream'"
        )
    if payload.get("tools") and _has_schema(payload):
        yield UnsupportedParameter(
            "has tools and a JSON schema for the response, which Groq refuses together", "Remove one"
        )
    if payload.get("include_reasoning") is not None and payload.get("reasoning_format") is not None:
        yield UnsupportedParameter(
            "has 'include_reasoning' and 'reasoning_format', which Groq refuses together", "Remove one"
        )


def _has_schema(payload: Mapping[str, Any]) -> bool:
    response_format = payload.get("response_format")
    return isinstance(response_format, dict) and response_format.get("type") == "json_schema"
