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


class _JsonSchemaLoader(yaml.SafeLoader):
    """YAML as far as JSON goes: only what JSON would write as a number, true, false or null is one.

    The rest stays text, where PyYAML would make 750 of 12:30, false of `no`, and a date of 2026-11-21.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 -- the way PyYAML is configured


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

    A text that starts like a JSON object is held to JSON, so that a slip gives JSON's message and no YAML surprise.
    The result is shared among tasks: copy before changing it.
    """
    try:
        looks_like_json = text.lstrip().startswith("{")
        found = json.loads(text) if looks_like_json else yaml.load(text, Loader=_JsonSchemaLoader)  # noqa: S506 -- a SafeLoader
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
    if not isinstance(found, dict):
        raise FieldError(field, f"is {_kind(found)}, not an object", "Write a JSON object such as {…}")
    if _is_endless(found):
        raise FieldError(field, f"has more than {MAX_PARTS} parts", "Use fewer YAML aliases, and none within itself")
    return found


def fill(field: str, value: Any, variables: Mapping[str, Any], *, files: bool = False) -> Any:
    """Fill the placeholders in a field's text or structure; only a payload may hold `files`. Raises `FieldError`."""
    try:
        filled = render_all(value, variables)
    except (PlaceholderError, ExpressionError) as error:
        raise FieldError(field, str(error), "See ${…} in the README") from error
    except RecursionError as error:
        raise FieldError(field, "is nested too deeply", "Write it flatter") from error
    if not files and any(find_opaque_values(filled)):
        raise FieldError(field, "holds a File, which has no text", "Use a String, number, Boolean or Json variable")
    return filled


def _is_endless(structure: Any) -> bool:
    """Whether there is more in it than anybody writes: YAML aliases make millions of parts of a few lines."""
    return any(True for _ in islice(walk(structure), MAX_PARTS + 1, None))


def _kind(value: Any) -> str:
    names = {str: "a text", list: "a list", type(None): "empty"}
    return names.get(type(value), "a single value")
