"""JMESPath, the language of placeholders and response mappings: compiles, caches and evaluates expressions."""

import json
from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from catalyst_groq.common.json_codec import check_depth
from catalyst_groq.common.lru_cache import cache_short_texts

CACHED_EXPRESSIONS = 4096
MAX_EXPRESSION_CHARS = 10_000


class CustomFunctions(functions.Functions):
    """JMESPath's functions and two more.

    `parse_json(text)`: the value of a JSON text. `tool_calls(answer)`: the tool calls, with their arguments as objects.
    """

    @functions.signature({"types": ["string", "null"]})
    def _func_parse_json(self, text: str | None) -> Any:
        return None if text is None else _parse_json("parse_json", text)

    @functions.signature({"types": ["object"]})
    def _func_tool_calls(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        calls = jmespath.search("choices[0].message.tool_calls", answer)
        return [_parse_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _parse_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    called = function if isinstance(function, dict) else {}
    arguments = _parse_json("tool_calls", str(called.get("arguments") or "{}"))
    return {"id": call.get("id"), "name": called.get("name"), "arguments": arguments}


def _parse_json(function: str, text: str) -> Any:
    try:
        value = json.loads(text)
        check_depth(value, text)
    except (ValueError, RecursionError) as error:
        raise JMESPathTypeError(function, text[:80], "text that is not JSON", ["JSON"]) from error
    return value


INTERPRETER = TreeInterpreter(jmespath.Options(custom_functions=CustomFunctions()))
"""Shared by all evaluations: it has no state, and making one takes longer than most evaluations."""


class ExpressionError(ValueError):
    """A text is not JMESPath, or its evaluation fails (a function gets an argument of the wrong type)."""


@cache_short_texts(CACHED_EXPRESSIONS)
def compile_expression(text: str) -> ParsedResult:
    """Parse an expression, once per text. Raises `ExpressionError` that names the position of the mistake."""
    if len(text) > MAX_EXPRESSION_CHARS:
        raise ExpressionError(f"`{text[:40]}…` has more than {MAX_EXPRESSION_CHARS:,} characters")
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` is not JMESPath: {_one_line(error)}") from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error


def evaluate(text: str, data: Mapping[str, Any]) -> Any:
    """Evaluate an expression; None where it finds no value. Raises `ExpressionError`."""
    try:
        path = _simple_path(text)
        return INTERPRETER.visit(compile_expression(text).parsed, data) if path is None else _follow_path(path, data)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` cannot be evaluated: {_one_line(error)}") from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # jmespath does not expect every value: `sum` of a huge integer and a fraction, `sort` of different types.
        reason = f"{type(error).__name__}: {_one_line(error)}"
        raise ExpressionError(f"`{text}` cannot be evaluated ({reason})") from error


@cache_short_texts(CACHED_EXPRESSIONS)
def _simple_path(text: str) -> tuple[str | int, ...] | None:
    """Return the names and indexes of an expression that is only a path (`a.b[0]`); None for any other.

    Most expressions are paths, and following one costs a fraction of the CPU that JMESPath's interpreter takes. A test
    compares both.
    """
    return _path_of_node(compile_expression(text).parsed)


def _path_of_node(node: Mapping[str, Any]) -> tuple[str | int, ...] | None:
    match node:
        case {"type": "field" | "index", "value": str() | int() as step}:
            return (step,)
        case {"type": "subexpression" | "index_expression", "children": list(children)}:
            paths = [_path_of_node(child) for child in children]
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
