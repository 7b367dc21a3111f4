"""JMESPath, the one language of placeholders and response mappings."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

CACHED_EXPRESSIONS = 4096


class ReadingFunctions(functions.Functions):
    """`parse_json(text)`: what the text says. `tool_calls(answer)`: the calls, with their arguments as objects."""

    @functions.signature({"types": ["string", "null"]})
    def _func_parse_json(self, text: str | None) -> Any:
        return None if text is None else _parse_json("parse_json", text)

    @functions.signature({"types": ["object"]})
    def _func_tool_calls(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        calls = jmespath.search("choices[0].message.tool_calls", answer)
        return [_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    said = function if isinstance(function, dict) else {}
    arguments = _parse_json("tool_calls", str(said.get("arguments") or "{}"))
    return {"id": call.get("id"), "name": said.get("name"), "arguments": arguments}


def _parse_json(function: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JMESPathTypeError(function, text[:80], "text that is no JSON", ["JSON"]) from error


INTERPRETER = TreeInterpreter(jmespath.Options(custom_functions=ReadingFunctions()))
"""One for all: it keeps nothing of what it evaluates, and to make one takes longer than most evaluations."""


class ExpressionError(ValueError):
    """A text is no JMESPath, or its evaluation fails (a function given the wrong type)."""


@lru_cache(CACHED_EXPRESSIONS)
def compile_expression(text: str) -> ParsedResult:
    """Parse once. Raises `ExpressionError` that says where the text stops making sense."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` is not JMESPath: {_one_line(error)}") from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error


def evaluate(text: str, data: Mapping[str, Any]) -> Any:
    """Evaluate an expression; None where it leads nowhere. Raises `ExpressionError`."""
    try:
        path = _path_of(text)
        return INTERPRETER.visit(compile_expression(text).parsed, data) if path is None else _follow_path(path, data)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` cannot be evaluated: {_one_line(error)}") from error


@lru_cache(CACHED_EXPRESSIONS)
def _path_of(text: str) -> tuple[str | int, ...] | None:
    """Return the names and numbers of an expression that is nothing but a path; most are, and quickly followed."""
    return _path(compile_expression(text).parsed)


def _path(node: Mapping[str, Any]) -> tuple[str | int, ...] | None:
    match node:
        case {"type": "field" | "index", "value": str() | int() as step}:
            return (step,)
        case {"type": "subexpression" | "index_expression", "children": list(children)}:
            paths = [_path(child) for child in children]
            return tuple(step for path in paths if path for step in path) if all(paths) else None
        case _:
            return None


def _follow_path(path: tuple[str | int, ...], data: Any) -> Any:
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and -len(data) <= step < len(data):
            data = data[step]
        else:
            return None
    return data


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
