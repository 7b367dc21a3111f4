"""JMESPath, the language of placeholders and response mappings: compiles, caches and evaluates expressions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import ArityError, JMESPathError, JMESPathTypeError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from catalyst_groq.common.json_codec import check_depth
from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.foreign_syntax import find_silent_mistake, suggest

CACHED_EXPRESSIONS = 4096
MAX_EXPRESSION_CHARS = 10_000
MAX_SHOWN_EXPRESSION_CHARS = 150
MAX_SHOWN_CHARS = 80
"""Of a value in a message."""

MAX_REASON_CHARS = 200
"""Of what the parser says."""

Node = Mapping[str, Any]
"""A node of the tree that jmespath makes of an expression."""

Path = tuple[str | int, ...]
"""Names and indexes."""


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
        shown = shorten(text, MAX_SHOWN_CHARS)
        raise JMESPathError(f"{function}() gets a text that is not JSON: {shown!r}") from error
    return value


INTERPRETER = TreeInterpreter(jmespath.Options(custom_functions=CustomFunctions()))
"""Shared by all evaluations: it has no state, and making one takes longer than most evaluations."""


class ExpressionError(ValueError):
    """A text is not JMESPath, or its evaluation fails (a function gets an argument of the wrong type).

    `corrected`: the expression that is meant, where that is known.
    """

    def __init__(self, message: str, corrected: str | None = None) -> None:
        super().__init__(message)
        self.corrected = corrected


@cache_short_texts(CACHED_EXPRESSIONS)
def compile_expression(text: str) -> ParsedResult:
    """Parse an expression, once per text. Raises `ExpressionError` with the correction or the place of the mistake."""
    if len(text) > MAX_EXPRESSION_CHARS:
        raise ExpressionError(f"`{text[:40]}…` has more than {MAX_EXPRESSION_CHARS:,} characters")
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise _not_jmespath(text, "", _one_line(error)) from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error


@cache_short_texts(CACHED_EXPRESSIONS)
def check_expression(text: str) -> None:
    """Check an expression that a modeller wrote, before data is there. Raises `ExpressionError`.

    A call of an unknown function is refused, and so is what JMESPath accepts with a meaning that is hardly intended.
    """
    parsed = compile_expression(text).parsed
    if problem := find_silent_mistake(text):
        raise ExpressionError(f"`{_shown(text)}`: {problem}")
    for node in walk_nodes(parsed):
        if node["type"] == "function_expression" and (problem := _problem_of_call(node)):
            raise _not_jmespath(text, f"{problem}. ", problem)


def _not_jmespath(text: str, problem: str, otherwise: str) -> ExpressionError:
    """Return the error of a text: the problem and what to write, or `otherwise` where that is unknown."""
    suggestion = suggest(text)
    reason = f"{problem}{suggestion.sentence}" if suggestion else otherwise
    return ExpressionError(f"`{_shown(text)}` is not JMESPath: {reason}", suggestion.expression if suggestion else None)


def walk_nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it."""
    remaining = [node]
    while remaining:
        yield (node := remaining.pop())
        remaining += [child for child in node.get("children", ()) if isinstance(child, dict)]


def _problem_of_call(node: Node) -> str | None:
    """Return what is wrong with a function's name, or with the number of its arguments."""
    name, given = node["value"], len(node["children"])
    if name not in CustomFunctions.FUNCTION_TABLE:
        return f"there is no function {name}()"
    signature = CustomFunctions.FUNCTION_TABLE[name]["signature"]
    expected, is_variadic = len(signature), bool(signature and signature[-1].get("variadic"))
    if given == expected or (is_variadic and given > expected):
        return None
    return str(ArityError(expected, given, name))


def evaluate(text: str, data: Mapping[str, Any]) -> Any:
    """Evaluate an expression as JMESPath defines it; None where it finds no value. Raises `ExpressionError`."""
    if path := simple_path(text):
        return follow_path(path, data)
    with evaluation_errors(text):
        return INTERPRETER.visit(compile_expression(text).parsed, data)


@contextmanager
def evaluation_errors(text: str) -> Iterator[None]:
    """Raise what fails in the evaluation of an expression as `ExpressionError`."""
    try:
        yield
    except ExpressionError:
        raise
    except JMESPathTypeError as error:
        raise ExpressionError(f"`{_shown(text)}` cannot be evaluated: {_describe_type_error(error)}") from error
    except JMESPathError as error:
        raise ExpressionError(f"`{_shown(text)}` cannot be evaluated: {_one_line(error)}") from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # jmespath does not expect every value: `sum` of a huge integer and a fraction, `sort` of different types.
        reason = f"{type(error).__name__}: {_one_line(error)}"
        raise ExpressionError(f"`{_shown(text)}` cannot be evaluated ({reason})") from error


def _describe_type_error(error: JMESPathTypeError) -> str:
    kind = functions.TYPES_MAP.get(error.actual_type, error.actual_type)
    shown = shorten(json.dumps(error.current_value, ensure_ascii=False, default=str), MAX_SHOWN_CHARS)
    given = "null (no value)" if kind == "null" else f"{kind} ({shown})"
    return f"{error.function_name}() takes {' or '.join(error.expected_types)}, and gets {given}"


@cache_short_texts(CACHED_EXPRESSIONS)
def simple_path(text: str) -> Path | None:
    """Return the names and indexes of an expression that is only a path (`a.b[0]`); None for any other.

    Most expressions are paths, and following one costs a fraction of the CPU that JMESPath's interpreter takes. A test
    compares both. Raises `ExpressionError`.
    """
    path, is_whole = leading_path(compile_expression(text).parsed)
    return path if is_whole else None


def leading_path(node: Node) -> tuple[Path, bool]:
    """Return the path at the beginning of a node, and whether the node is nothing else."""
    match node:
        case {"type": "field" | "index", "value": str() | int() as step}:
            return (step,), True
        case {"type": "subexpression" | "index_expression", "children": list(children)}:
            path: Path = ()
            for child in children:
                steps, is_whole = leading_path(child)
                path += steps
                if not is_whole:
                    return path, False
            return path, True
        case {"type": "projection" | "value_projection" | "filter_projection" | "flatten", "children": [base, *_]}:
            return leading_path(base)[0], False
        case _:
            return (), False


def follow_path(path: Path, data: Any) -> Any:
    """Return the value at a path as JMESPath defines it: None where there is none."""
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and -len(data) <= step < len(data):
            data = data[step]
        else:
            return None
    return data


def _shown(expression: str) -> str:
    return shorten(expression, MAX_SHOWN_EXPRESSION_CHARS)


def _one_line(error: Exception) -> str:
    return shorten(" ".join(str(error).split()), MAX_REASON_CHARS)
