"""Fields that hold an object: JSON or YAML is parsed first, placeholders are filled afterwards."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import yaml

from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholders import PlaceholderError, find_opaque_values, render_all, walk
from catalyst_groq.errors import FieldError

CACHED_OBJECTS = 1024
MAX_PARTS = 10_000
"""Values in one object, also those that YAML aliases repeat."""


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


@lru_cache(CACHED_OBJECTS)
def parse_object(field: str, text: str) -> dict[str, Any]:
    """Parse the JSON, or YAML, object in a multi-line field. Raises `FieldError`.

    A text that starts with a brace must be JSON, so that a mistake in it gives JSON's message and is never parsed as
    YAML. The result is cached and shared by tasks: copy it before changing it.
    """
    try:
        looks_like_json = text.lstrip().startswith("{")
        parsed = json.loads(text) if looks_like_json else yaml.load(text, Loader=_JsonSchemaLoader)  # noqa: S506 -- a SafeLoader
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FieldError(
            field, f"is not JSON: {error.msg} at {where}", "Check quotes, commas and braces there"
        ) from error
    except RecursionError as error:
        raise FieldError(field, "is nested too deeply", "Write it flatter") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())[:200]
        raise FieldError(field, f"is neither JSON nor YAML: {reason}", "Write a JSON object such as {…}") from error
    if not isinstance(parsed, dict):
        raise FieldError(field, f"is {_describe_type(parsed)}, not an object", "Write a JSON object such as {…}")
    if _has_too_many_parts(parsed):
        raise FieldError(field, f"has more than {MAX_PARTS} parts", "Use fewer YAML aliases, and none within itself")
    return parsed


def fill(field: str, value: Any, variables: Mapping[str, Any], *, files: bool = False) -> Any:
    """Fill the placeholders in a field's text or structure. `files` allows File variables. Raises `FieldError`."""
    try:
        filled = render_all(value, variables)
    except (PlaceholderError, ExpressionError) as error:
        raise FieldError(field, str(error), "See ${…} in the README") from error
    except RecursionError as error:
        raise FieldError(field, "is nested too deeply", "Write it flatter") from error
    if not files and any(find_opaque_values(filled)):
        raise FieldError(field, "holds a File, which has no text", "Use a String, number, Boolean or Json variable")
    return filled


def _has_too_many_parts(structure: Any) -> bool:
    """Detect YAML aliases that make millions of parts of a few lines, or a structure that contains itself."""
    return any(True for _ in islice(walk(structure), MAX_PARTS + 1, None))


def _describe_type(value: Any) -> str:
    names = {str: "a text", list: "a list", type(None): "empty"}
    return names.get(type(value), "a single value")
