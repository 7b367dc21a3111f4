"""Tool calls that the emulator makes up, and those it was told to make."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from catalyst_groq.groq.models.catalog import Feature, Model
from catalyst_groq.sandbox.emulator.answers import ToolCall
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, tool_use_failed
from catalyst_groq.sandbox.emulator.generated_text import last_user_text
from catalyst_groq.sandbox.emulator.rules import ScriptedCall
from catalyst_groq.sandbox.emulator.schemas import generate_sample, schema_violations

Body = Mapping[str, Any]


def generate_tool_calls(body: Body, model: Model) -> tuple[ToolCall, ...]:
    """Call the tools that must be called, or whose names the user mentions.

    With `auto`, a conversation that already has the tool's answer gets a text. Arguments fit the parameters' schema.
    """
    functions = [tool["function"] for tool in _functions(body)]
    choice = body.get("tool_choice") or "auto"
    if choice == "none" or not functions:
        return ()
    if isinstance(choice, dict):
        chosen = [one for one in functions if one["name"] == choice["function"]["name"]]
    else:
        answered = body["messages"][-1]["role"] == "tool"
        chosen = [] if answered else _find_mentioned(functions, last_user_text(body))
        if choice == "required":
            chosen = chosen or functions[:1]
    if not (Feature.PARALLEL_TOOLS in model.features and body.get("parallel_tool_calls") is not False):
        chosen = chosen[:1]
    return tuple(
        _make_call(number, one["name"], generate_sample(one.get("parameters") or {"type": "object"}, one["name"]))
        for number, one in enumerate(chosen)
    )


def make_scripted_calls(body: Body, scripted: Iterable[ScriptedCall]) -> tuple[ToolCall, ...] | ErrorResponse:
    """Make the calls of a script; as with Groq, one that does not suit the request's tools fails."""
    calls = tuple(_make_call(number, one.name, one.arguments) for number, one in enumerate(scripted))
    if body.get("disable_tool_validation"):
        return calls
    offered = {tool["function"]["name"]: tool["function"] for tool in _functions(body)}
    for call in calls:
        if problem := _find_call_problem(call, offered):
            generation = json.dumps({"name": call.name, "arguments": dict(call.arguments)})
            return tool_use_failed(generation, f"tool call validation failed: {problem}")
    return calls


def _find_call_problem(call: ToolCall, offered: Mapping[str, Mapping[str, Any]]) -> str | None:
    if call.name not in offered:
        return f"attempted to call tool '{call.name}' which was not in request.tools"
    if errors := schema_violations(call.arguments, offered[call.name].get("parameters") or {}):
        return f"parameters for tool {call.name} did not match schema: errors: [{', '.join(errors)}]"
    return None


def _functions(body: Body) -> list[Mapping[str, Any]]:
    return [tool for tool in body.get("tools") or () if tool["type"] == "function"]


def executed_tools(body: Body) -> tuple[Mapping[str, Any], ...]:
    """Return what Groq's own tools (search, code) are said to have done."""
    built_in = [tool["type"] for tool in body.get("tools") or () if tool["type"] != "function"]
    arguments = json.dumps({"query": last_user_text(body)[:80]}, ensure_ascii=False)
    return tuple(
        {"index": number, "type": kind, "arguments": arguments, "output": f"Made-up output of {kind}."}
        for number, kind in enumerate(built_in)
    )


def _find_mentioned(functions: Iterable[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    said = _normalize(text)
    return [one for one in functions if _normalize(one["name"]) in said]


def _normalize(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).casefold()


def _make_call(number: int, name: str, arguments: Mapping[str, Any]) -> ToolCall:
    mark = crc32(f"{number}{name}{json.dumps(arguments, sort_keys=True, default=dict)}".encode())
    return ToolCall(f"call_{mark % 16**4:04x}", name, arguments)
