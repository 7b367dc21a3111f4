"""Corrects the form of the tool calls that a model has generated, and sets those aside that cannot be made. Pure.

A model may write control tokens of its format into a name, `functions.` before it, or the arguments after it; and
arguments as an object, as JSON in JSON, with line breaks inside texts, or with tokens behind them.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from catalyst_groq.common.json_codec import check_finite, to_text
from catalyst_groq.groq.api.lenient_json import parse_lenient
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.api.structured_output import MAX_LENIENT_CHARS, NATURAL_ENDS

INVALID_TOOL_CALLS = "invalid_tool_calls"
"""The entry of a message with the calls that cannot be made, each with its `error`."""

FUNCTION_TAG = re.compile(r"\s*<function=(?P<name>[\w.-]+)>\s*(?P<arguments>\{.*\})\s*</function>\s*", re.DOTALL)
TOOL_CALL_TAG = re.compile(r"\s*<tool_call>(?P<call>.*)</tool_call>\s*", re.DOTALL)
"""How Llama and Hermes models write a call, where their server has not recognized it."""

CONTROL_TOKEN = "<|"  # noqa: S105 -- of the model's format
NAMESPACE = "functions."
NUMBER = re.compile(r":\d+\Z")
QUOTES = "\"'`"


class ToolCalls(NamedTuple):
    """The calls that can be made, and the others with the reason in `error`."""

    valid: list[dict[str, Any]]
    invalid: list[dict[str, Any]]


def correct_calls(response: Response, payload: Payload) -> Response:
    """Return the response with its tool calls in the form of the API. Each choice may have `invalid_tool_calls`."""
    if not response.ok or not response.choices:
        return response
    names = _offered_names(payload)
    choices = [_correct_choice(choice, names) for choice in response.choices]
    return response if choices == response.choices else response.with_body({**response.body, "choices": choices})


def _offered_names(payload: Payload) -> frozenset[str]:
    """Return the names of the functions that a request offers."""
    tools = payload.get("tools")
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return frozenset(str(function.get("name")) for function in functions if isinstance(function, dict))


def _sort_calls(calls: Sequence[Any], names: frozenset[str], finish_reason: str) -> ToolCalls:
    """Correct each call, and separate those that cannot be made: one of them does not take the others along."""
    is_cut_off = finish_reason not in NATURAL_ENDS
    valid, invalid = [], []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            invalid.append({"call": call, "error": "it has no function"})
            continue
        name, arguments = _split_name(str(function.get("name") or ""), function.get("arguments"), names)
        parsed = None if is_cut_off and _is_blank(arguments) else _parse_arguments(arguments)
        if names and name not in names:
            invalid.append({**call, "error": f"the request offers no tool '{name}'"})
        elif parsed is None:
            invalid.append({**call, "error": "its arguments are not a whole JSON object"})
        else:
            text = arguments if isinstance(arguments, str) and _is_object(arguments) else to_text(parsed, str)
            valid.append({**call, "function": {**function, "name": name, "arguments": text}})
    return ToolCalls(valid, invalid)


def _correct_choice(choice: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice
    calls, content = message.get("tool_calls"), message.get("content")
    if not calls and names and isinstance(content, str) and (call := _find_call_in(content)):
        calls, content = [call], None
    if not calls or not isinstance(calls, list):
        return choice
    valid, invalid = _sort_calls(calls, names, str(choice.get("finish_reason") or "").lower())
    message = {**message, "content": content, "tool_calls": valid}
    return {**choice, "message": message | ({INVALID_TOOL_CALLS: invalid} if invalid else {})}


def _find_call_in(content: str) -> dict[str, Any] | None:
    """Return the call that a content is as a whole, in the words of the model's own format."""
    if match := FUNCTION_TAG.fullmatch(content):
        return _make_call(match["name"], match["arguments"])
    if match := TOOL_CALL_TAG.fullmatch(content):
        call = _parse(match["call"])
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            return _make_call(call["name"], call.get("arguments", call.get("parameters")))
    return None


def _make_call(name: str, arguments: Any) -> dict[str, Any]:
    call_id = f"call_{sha256(f'{name} {arguments}'.encode(errors='replace')).hexdigest()[:24]}"
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _split_name(name: str, arguments: Any, names: frozenset[str]) -> tuple[str, Any]:
    """Return the name without what the model has written around it; the arguments if they stand in it."""
    name = name.partition(CONTROL_TOKEN)[0].strip()
    bracket = name.find("{")
    if bracket >= 0 and _is_blank(arguments):
        name, arguments = name[:bracket].rstrip(" ,:("), name[bracket:].rstrip(" )")
    return _clean_name(name, names), arguments


def _clean_name(name: str, names: frozenset[str]) -> str:
    """Return the offered name that a name has within quotes, brackets, a number and a namespace."""
    if name in names:
        return name
    inner = NUMBER.sub("", name.strip(QUOTES).removesuffix("()"))
    found = {part for part in (inner, inner.removeprefix(NAMESPACE), inner.rpartition(".")[2]) if part in names}
    return found.pop() if len(found) == 1 else name.removeprefix(NAMESPACE)


def _is_blank(arguments: Any) -> bool:
    return arguments is None or (isinstance(arguments, str) and not arguments.strip())


def _parse_arguments(arguments: Any) -> dict[str, Any] | None:
    """Return the object that arguments are in any form; None for anything else. No arguments are an empty object."""
    for _ in range(2):  # JSON in JSON
        if _is_blank(arguments):
            return {}
        if isinstance(arguments, str):
            arguments = _parse(arguments)
    return arguments if isinstance(arguments, dict) and _is_finite(arguments) else None


def _parse(text: str) -> Any:
    """Return the value of a text that is JSON, or JSON in another form, with or without control tokens behind it.

    0 for any other text.
    """
    for json_text in (text, text.partition(CONTROL_TOKEN)[0]):
        try:
            return json.loads(json_text, strict=False)
        except (ValueError, RecursionError):
            continue
    try:
        return parse_lenient(text) if len(text) <= MAX_LENIENT_CHARS else 0
    except ValueError:
        return 0


def _is_finite(value: Any) -> bool:
    try:
        check_finite(value)
    except (ValueError, RecursionError):
        return False
    return True


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
