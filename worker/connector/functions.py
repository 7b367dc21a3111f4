"""What an expression can do beyond JMESPath's own functions: read JSON that stands inside a text."""

import json
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathTypeError


class ReadingFunctions(functions.Functions):
    """`parse_json(text)`: what the text says. `tool_calls(answer)`: the calls, with their arguments as objects."""

    @functions.signature({"types": ["string", "null"]})
    def _func_parse_json(self, text: str | None) -> Any:
        return None if text is None else _parsed("parse_json", text)

    @functions.signature({"types": ["object"]})
    def _func_tool_calls(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        calls = jmespath.search("choices[0].message.tool_calls", answer)
        return [_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    said = function if isinstance(function, dict) else {}
    arguments = _parsed("tool_calls", str(said.get("arguments") or "{}"))
    return {"id": call.get("id"), "name": said.get("name"), "arguments": arguments}


def _parsed(function: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JMESPathTypeError(function, text[:80], "text that is no JSON", ["JSON"]) from error
