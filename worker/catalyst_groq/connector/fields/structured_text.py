"""Fields that hold an object: JSON or YAML is parsed first, placeholders are filled afterwards."""

import json
import re
from collections.abc import Mapping
from itertools import chain, islice
from math import inf
from typing import Any

import yaml

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.json_codec import is_nested_too_deeply
from catalyst_groq.common.lru_cache import LruCache
from catalyst_groq.common.shared_calls import SharedCalls
from catalyst_groq.common.structures import walk
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError
from catalyst_groq.connector.expressions.placeholders import find_opaque_values, render_all
from catalyst_groq.connector.fields.names import RESPONSE_MAPPING
from catalyst_groq.errors import FieldError

MAX_PROBLEM_CHARS = 200
MAX_CHARS = 1_000_000
"""Of a field that holds an object."""

MAX_PARTS = 10_000
"""Values in one object, also those that YAML aliases and merge keys repeat."""

MAX_INLINE_YAML_CHARS = 10_000
MAX_INLINE_YAML_MARKS = 300
"""A longer YAML text, or one with more structure, is parsed in another process: PyYAML takes its time."""

YAML_MARKS = re.compile(r"[:,\-?\[{&*]")
UNQUOTED_PLACEHOLDER = re.compile(r"(?:\$\{|\{\{)([^{}\n]{1,100})\}")
TOO_DEEP = ("is nested too deeply", "Write it flatter")
TOO_MANY_PARTS = (f"has more than {MAX_PARTS} parts", "Use fewer YAML aliases, and none within itself")
Mistake = tuple[str, str]
"""What is wrong with a text, and how to fix it."""

_parsed_objects: LruCache[dict[str, Any] | Mistake] = LruCache(1024, max_chars=20_000_000)
"""Objects, or what is wrong with them, by their texts."""

_parses: SharedCalls[dict[str, Any] | Mistake] = SharedCalls()


class _TooManyPartsError(Exception):
    """A YAML document has more than `MAX_PARTS` nodes."""


class _JsonSchemaLoader(yaml.SafeLoader):
    """YAML with the types of JSON: only a text that JSON reads as a number, true, false or null becomes one.

    Any other text stays text, where PyYAML would make 750 of 12:30, false of `no`, and a date of 2026-11-21.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 -- PyYAML is configured like this


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
    ("merge", r"<<", ["<"]),
):
    _JsonSchemaLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_pattern})$"), _first)


def parse_object(field: str, text: str) -> dict[str, Any]:
    """Parse the JSON, or YAML, object in a multi-line field. Raises `FieldError`.

    A text that starts with a brace must be JSON, so that a mistake in it gives JSON's message and is never parsed as
    YAML. The result is cached and shared by tasks: copy it before changing it.
    """
    try:
        result = _parsed_objects.get(text)
    except KeyError:
        result = _parsed_objects.put(text, parse_text(text))
    if isinstance(result, tuple):
        raise FieldError(field, *result)
    return result


async def parse_in_advance(text: str, executor: BoundedExecutor) -> None:
    """Parse a text that may take long, so that `parse_object` finds its result. Raises the executor's `OSError`."""
    if text not in _parsed_objects and not _is_parsed_quickly(text):
        _parsed_objects.put(text, await _parses.get(text, lambda: _parse_in_executor(text, executor)))


async def _parse_in_executor(text: str, executor: BoundedExecutor) -> dict[str, Any] | Mistake:
    result: dict[str, Any] | Mistake | Unfinished = await executor.run(parse_text, text)
    if isinstance(result, Unfinished):
        return f"is a YAML text whose parsing {result.reason}", "Write it as JSON, or shorter"
    return result


def parse_text(text: str) -> dict[str, Any] | Mistake:
    """Parse an object, or return what is wrong with its text. YAML may take any time."""
    if len(text) > MAX_CHARS:
        return f"has more than {MAX_CHARS:,} characters", "Keep long texts in process variables"
    try:
        parsed = json.loads(text) if _looks_like_json(text) else _load_yaml(text)
    except json.JSONDecodeError as error:
        return _describe_json_error(error)
    except RecursionError:
        return TOO_DEEP
    except _TooManyPartsError:
        return TOO_MANY_PARTS
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: a number with thousands of digits
        return f"is neither JSON nor YAML: {_describe_yaml_error(error)}", _fix_of_yaml(text, error)
    if not isinstance(parsed, dict):
        return f"is {_describe_type(parsed)}, not an object", "Write a JSON object such as {…}"
    if _has_too_many_parts(parsed):
        return TOO_MANY_PARTS
    return TOO_DEEP if is_nested_too_deeply(parsed) else parsed


def _describe_json_error(error: json.JSONDecodeError) -> Mistake:
    """Return what is wrong with a text that should be JSON. Beside quotes, two mistakes have a fix of their own."""
    problem = f"is not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
    if error.doc.startswith("${", error.pos):
        return problem, "Write quotation marks around the placeholder: it keeps the type of its value"
    if error.doc.startswith(("\n", "\r"), error.pos):
        return problem, "Close the text with a quotation mark, or write \\n for a line break in it"
    return problem, "Check quotes, commas and braces there"


def _describe_yaml_error(error: Exception) -> str:
    """Return the problem and its place, without PyYAML's piece of the text: that may hold a key, or cut one."""
    problem, place = str(error), ""
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        problem = ": ".join(filter(None, (error.context, error.problem)))
        place = f" at line {mark.line + 1}, column {mark.column + 1}"
    return shorten(" ".join(problem.split()), MAX_PROBLEM_CHARS) + place


def _fix_of_yaml(text: str, error: Exception) -> str:
    """Return how to write the text. Braces are structure in YAML, also those of a placeholder without quotes."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark and mark.index and (placeholder := UNQUOTED_PLACEHOLDER.match(text, mark.index - 1)):
        return f'Write quotation marks around the placeholder: "${{{placeholder[1].strip()}}}"'
    return "Write a JSON object such as {…}"


def _load_yaml(text: str) -> Any:
    """Construct a YAML document. Its nodes are counted before: an alias repeats a node without writing it again."""
    loader = _JsonSchemaLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _count_nodes(root, {}) > MAX_PARTS:
            raise _TooManyPartsError
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _count_nodes(node: yaml.Node, counts: dict[yaml.Node, float]) -> float:
    """Count a node and all nodes in it, each as often as it is repeated; infinitely many in one within itself."""
    if node not in counts:
        counts[node] = inf
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inner = chain.from_iterable(parts) if isinstance(node, yaml.MappingNode) else parts
        counts[node] = 1 + sum(_count_nodes(part, counts) for part in inner)
    return counts[node]


def _looks_like_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _is_parsed_quickly(text: str) -> bool:
    if _looks_like_json(text) or len(text) > MAX_CHARS:
        return True
    marks = islice(YAML_MARKS.finditer(text), MAX_INLINE_YAML_MARKS, None)
    return len(text) <= MAX_INLINE_YAML_CHARS and next(marks, None) is None


def fill(field: str, value: Any, variables: Mapping[str, Any], *, files: bool = False) -> Any:
    """Fill the placeholders in a field's text or structure. `files` allows File variables. Raises `FieldError`."""
    try:
        filled = render_all(value, variables, may_be_file=files)
    except (PlaceholderError, ExpressionError) as error:
        raise _to_field_error(field, error) from error
    except RecursionError as error:
        raise FieldError(field, "is nested too deeply", "Write it flatter") from error
    if not files and any(find_opaque_values(filled)):
        raise FieldError(field, "holds a File, which has no text", "Use a String, number, Boolean or Json variable")
    return filled


def _to_field_error(field: str, error: PlaceholderError | ExpressionError) -> FieldError:
    if field == RESPONSE_MAPPING:
        return FieldError(field, str(error), "A path of the answer is written without ${…}")
    if isinstance(error, PlaceholderError) and error.missing_variable:
        return FieldError(field, error.problem, error.fix, missing_variable=error.missing_variable)
    return FieldError(field, str(error), "See 'Expressions' in the documentation")


def _has_too_many_parts(structure: Any) -> bool:
    """Detect YAML aliases that make millions of parts of a few lines, or a structure that contains itself."""
    return any(True for _ in islice(walk(structure), MAX_PARTS + 1, None))


def _describe_type(value: Any) -> str:
    names = {str: "a text", list: "a list", type(None): "empty"}
    return names.get(type(value), "a single value")
