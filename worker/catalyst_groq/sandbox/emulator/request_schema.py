"""Validates the schema of a request: known properties, types, ranges, messages.

The texts are those of Groq's own schema checker, as far as observed (reference/groq-api.md, section 2.3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, bad_request

Body = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "a string": (str,),
    "a number": (int, float),
    "an integer": (int,),
    "a boolean": (bool,),
    "an array": (list,),
    "an object": (dict,),
}


@dataclass(frozen=True, slots=True)
class _Property:
    kinds: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


_STRING = _Property(("a string",))
_BOOLEAN = _Property(("a boolean",))
_OBJECT = _Property(("an object",))
_ARRAY = _Property(("an array",))
_PENALTY = _Property(("a number",), -2, 2)
_TOKENS = _Property(("an integer",), 1)
_PROPERTIES: Mapping[str, _Property] = {
    "messages": _ARRAY,
    "model": _STRING,
    "citation_options": _Property(values=("enabled", "disabled")),
    "compound_custom": _OBJECT,
    "disable_tool_validation": _BOOLEAN,
    "documents": _ARRAY,
    "exclude_domains": _ARRAY,
    "frequency_penalty": _PENALTY,
    "function_call": _Property(("a string", "an object")),
    "functions": _ARRAY,
    "include_domains": _ARRAY,
    "include_reasoning": _BOOLEAN,
    "max_completion_tokens": _TOKENS,
    "max_tokens": _TOKENS,
    "metadata": _OBJECT,
    "n": _Property(("an integer",), 1, 1),
    "parallel_tool_calls": _BOOLEAN,
    "presence_penalty": _PENALTY,
    "reasoning_effort": _Property(values=("none", "default", "low", "medium", "high")),
    "reasoning_format": _Property(values=("hidden", "raw", "parsed")),
    "response_format": _OBJECT,
    "search_settings": _OBJECT,
    "seed": _Property(("an integer",)),
    "service_tier": _Property(values=("auto", "on_demand", "flex", "performance")),
    "stop": _Property(("a string", "an array")),
    "stream": _BOOLEAN,
    "stream_options": _OBJECT,
    "temperature": _Property(("a number",), 0, 2),
    "tool_choice": _Property(("a string", "an object")),
    "tools": _ARRAY,
    "top_p": _Property(("a number",), 0, 1),
    "user": _STRING,
}
_UNSUPPORTED = ("logprobs", "top_logprobs", "logit_bias")
_MAX_STOP_SEQUENCES = 4
_MAX_SUGGESTION_EDITS = 2
_MESSAGE_PROPERTIES: Mapping[str, frozenset[str]] = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "tool_calls", "function_call", "reasoning"}),
    "tool": frozenset({"role", "content", "tool_call_id"}),
    "function": frozenset({"role", "content", "name"}),
}
_PARTS = {"text": ("text", str), "image_url": ("image_url", dict), "document": ("document", dict)}


def validate_schema(body: Body) -> ErrorResponse | None:
    """Return an error for the first schema violation of a chat completions request."""
    return next(
        (
            error
            for check in (_check_required, _check_properties, _check_stop_sequences, _check_messages)
            for error in check(body)
        ),
        None,
    )


def _check_required(body: Body) -> Iterator[ErrorResponse]:
    for name in ("model", "messages"):
        if body.get(name) is None:
            yield bad_request(f"'{name}' : property '{name}' is missing")


def _check_properties(body: Body) -> Iterator[ErrorResponse]:
    for name, value in body.items():
        if name in _UNSUPPORTED:
            yield bad_request(f"`{name}` is not supported with this model", param=name)
        elif name not in _PROPERTIES:
            yield bad_request(_unsupported_message(name, tuple(_PROPERTIES)))
        elif value is not None:
            yield from (bad_request(f"'{name}' : {problem}") for problem in _value_problems(_PROPERTIES[name], value))


def _check_stop_sequences(body: Body) -> Iterator[ErrorResponse]:
    stops = body.get("stop") or []
    if isinstance(stops, list) and len(stops) > _MAX_STOP_SEQUENCES:
        yield bad_request(f"'stop' : maximum number of items is {_MAX_STOP_SEQUENCES}")
    for number, stop in enumerate(stops):
        if not isinstance(stop, str):
            yield bad_request(f"'stop.{number}' : value must be a string")


def _check_messages(body: Body) -> Iterator[ErrorResponse]:
    if not body["messages"]:
        yield bad_request("'messages' : minimum number of items is 1")
    for number, message in enumerate(body["messages"]):
        yield from (bad_request(problem) for problem in _message_problems(f"messages.{number}", message))


def _unsupported_message(name: str, known: tuple[str, ...]) -> str:
    nearest = min(known, key=lambda candidate: _edit_distance(name, candidate))
    is_similar = _edit_distance(name, nearest) <= _MAX_SUGGESTION_EDITS
    return f"property '{name}' is unsupported" + (f", did you mean '{nearest}'?" if is_similar else "")


def _edit_distance(word: str, other: str) -> int:
    """Return the Levenshtein distance of two words."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        diagonal, row[0] = row[0], i
        for j, expected in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (letter != expected))
    return row[-1]


def _value_problems(expected: _Property, value: object) -> Iterator[str]:
    if expected.values and value not in expected.values:
        yield f"value is not one of the allowed values {list(expected.values)}"
    if expected.kinds and not any(_is_of(kind, value) for kind in expected.kinds):
        yield f"value must be {' or '.join(expected.kinds)}"
    elif isinstance(value, (int, float)):
        if expected.low is not None and value < expected.low:
            yield f"number must be at least {expected.low}"
        if expected.high is not None and value > expected.high:
            yield f"number must be at most {expected.high}"


def _is_of(kind: str, value: object) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "a boolean" or not isinstance(value, bool))


def _message_problems(path: str, message: object) -> Iterator[str]:
    if not isinstance(message, dict):
        yield f"'{path}' : value must be an object"
        return
    role = message.get("role")
    if not isinstance(role, str) or role not in _MESSAGE_PROPERTIES:
        yield f"'{path}' : discriminator property 'role' has invalid value"
        return
    for problem in _role_problems(path, role, message):
        yield f"'{path}' : for 'role:{role}' the following must be satisfied[({problem})]"


def _role_problems(path: str, role: str, message: Mapping[str, Any]) -> Iterator[str]:
    for name, value in message.items():
        if name not in _MESSAGE_PROPERTIES[role] or (name == "function_call" and value is None):
            yield f"'{path}' : property '{name}' is unsupported"
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield f"'{path}' : property 'tool_call_id' is missing"
    content = message.get("content")
    if content is None:
        if role != "assistant":
            yield f"'{path}' : property 'content' is missing"
    elif isinstance(content, list):
        for number, part in enumerate(content):
            yield from _part_problems(f"{path}.content.{number}", part)
    elif not isinstance(content, str):
        where = f"'{path}.content'"
        yield (
            f"{where} : one of the following must be satisfied[({where} : value must be a string) OR "
            f"({where} : value must be an array)]"
        )


def _part_problems(path: str, part: object) -> Iterator[str]:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in _PARTS:
        yield f"'{path}' : discriminator property 'type' has invalid value"
        return
    name, expected = _PARTS[kind]
    if not isinstance(part.get(name), expected):
        yield f"'{path}' : property '{name}' is missing"
    elif kind == "image_url" and not isinstance(part["image_url"].get("url"), str):
        yield f"'{path}.image_url' : property 'url' is missing"
