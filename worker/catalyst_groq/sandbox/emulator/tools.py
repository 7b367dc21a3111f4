"""Tool calls: generated ones and scripted ones."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from catalyst_groq.groq.models.catalog import Feature, Model
from catalyst_groq.sandbox.emulator.chat_completion import ToolCall
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, tool_use_failed
from catalyst_groq.sandbox.emulator.generated_text import last_user_text
from catalyst_groq.sandbox.emulator.rules import ScriptedCall
from catalyst_groq.sandbox.emulator.schemas import generate_sample, schema_violations

Body = Mapping[str, Any]


def generate_tool_calls(body: Body, model: Model) -> tuple[ToolCall, ...]:
    """Generate calls of the required tools, or of those whose names the user mentions.

    With `auto`, a conversation that already contains the tool's result gets a text. Arguments satisfy the
    parameter schema.
    """
    functions = [tool["function"] for tool in _functions(body)]
    choice = body.get("tool_choice") or "auto"
    if choice == "none" or not functions:
        return ()
    if isinstance(choice, dict):
        chosen = [function for function in functions if function["name"] == choice["function"]["name"]]
    else:
        has_tool_result = body["messages"][-1]["role"] == "tool"
        chosen = [] if has_tool_result else _find_mentioned(functions, last_user_text(body))
        if choice == "required":
            chosen = chosen or functions[:1]
    if not (Feature.PARALLEL_TOOLS in model.features and body.get("parallel_tool_calls") is not False):
        chosen = chosen[:1]
    return tuple(
        _make_call(number, tool["name"], generate_sample(tool.get("parameters") or {"type": "object"}, tool["name"]))
        for number, tool in enumerate(chosen)
    )


def make_scripted_calls(body: Body, scripted: Iterable[ScriptedCall]) -> tuple[ToolCall, ...] | ErrorResponse:
    """Return the calls of a rule. As at Groq, a call that does not match the request's tools is an error."""
    calls = tuple(_make_call(number, call.name, call.arguments) for number, call in enumerate(scripted))
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
    """Return invented results of Groq's built-in tools (search, code)."""
    built_in = [tool["type"] for tool in body.get("tools") or () if tool["type"] != "function"]
    arguments = json.dumps({"query": last_user_text(body)[:80]}, ensure_ascii=False)
    return tuple(
        {"index": number, "type": kind, "arguments": arguments, "output": f"Sample output of {kind}."}
        for number, kind in enumerate(built_in)
    )


def _find_mentioned(functions: Iterable[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    words = _normalize(text)
    return [function for function in functions if _normalize(function["name"]) in words]


def _normalize(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).casefold()


def _make_call(number: int, name: str, arguments: Mapping[str, Any]) -> ToolCall:
    checksum = crc32(f"{number}{name}{json.dumps(arguments, sort_keys=True, default=dict)}".encode())
    return ToolCall(f"call_{checksum % 16**4:04x}", name, arguments)
