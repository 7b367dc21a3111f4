"""What Groq is known to refuse, found before it is asked. Pure.

Source: Groq's OpenAI compatibility page and the refusals seen of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from catalyst_groq.groq.api.structured_output import output_format_of, schema_problem

UNSUPPORTED_PARAMETERS = ("logprobs", "top_logprobs", "logit_bias")
MAX_STOPS = 4
MAX_TOOLS = 128


class UnsupportedParameter(NamedTuple):
    """What is wrong with a payload, and what mends it."""

    problem: str
    fix: str


def find_unsupported(payload: Mapping[str, Any]) -> UnsupportedParameter | None:
    """Say for what Groq would refuse a chat request; nothing where nothing is known against it."""
    return next(_problems(payload), None)


def can_stream(payload: Mapping[str, Any]) -> bool:
    """Whether the answer may come as a stream: one that must fit a schema may not."""
    return not _has_schema(payload)


def _problems(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for check in (_unsupported, _too_many, _not_together, _no_schema):
        yield from check(payload)


def _unsupported(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for name in UNSUPPORTED_PARAMETERS:
        if payload.get(name) is not None:
            yield UnsupportedParameter(f"asks for '{name}', which Groq refuses", "Remove it")
    if payload.get("n") not in (None, 1):
        yield UnsupportedParameter("asks for more than one answer ('n'), which Groq refuses", "Remove it")
    for number, message in enumerate(payload.get("messages") or ()):
        if isinstance(message, dict) and "name" in message and message.get("role") != "function":
            yield UnsupportedParameter(f"has a 'name' in messages[{number}], which Groq refuses", "Remove it")


def _too_many(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    for name, most in (("stop", MAX_STOPS), ("tools", MAX_TOOLS)):
        entries = payload.get(name)
        if isinstance(entries, list) and len(entries) > most:
            yield UnsupportedParameter(f"has {len(entries)} entries in '{name}'", f"Groq takes {most}")


def _not_together(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    if payload.get("stream") and _has_schema(payload):
        yield UnsupportedParameter("asks for a stream that fits a JSON schema, which Groq refuses", "Remove 'stream'")
    if payload.get("tools") and _has_schema(payload):
        yield UnsupportedParameter(
            "has tools and a JSON schema for the answer, which Groq refuses together", "Remove one"
        )
    if payload.get("include_reasoning") is not None and payload.get("reasoning_format") is not None:
        yield UnsupportedParameter(
            "has 'include_reasoning' and 'reasoning_format', which Groq refuses together", "Remove one"
        )


def _no_schema(payload: Mapping[str, Any]) -> Iterator[UnsupportedParameter]:
    wanted = output_format_of(payload)
    if wanted and wanted.schema is not None and (problem := schema_problem(wanted.schema)):
        yield UnsupportedParameter(f"has a JSON schema that is none: {problem}", "Mend 'response_format'")


def _has_schema(payload: Mapping[str, Any]) -> bool:
    wanted = payload.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") == "json_schema"
