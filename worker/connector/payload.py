"""The request payload: parsed first, filled afterwards, so no variable can change its structure."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import yaml

from worker.connector.contents import with_contents
from worker.connector.expressions import ExpressionError
from worker.connector.placeholders import PlaceholderError, parts_of, render_all, unreadables
from worker.errors import FieldError
from worker.groq.models import known_models
from worker.groq.parameters import can_stream, why_refused

CACHED_TEXTS = 1024
COMPACT_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
MOST_PARTS = 10_000


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


@lru_cache(CACHED_TEXTS)
def parse_structure(field: str, text: str) -> dict[str, Any]:
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
        raise FieldError(field, f"has more than {MOST_PARTS} parts", "Use fewer YAML aliases, and none within itself")
    return found


def fill(field: str, value: Any, variables: Mapping[str, Any], *, files: bool = False) -> Any:
    """Fill the placeholders in a field's text or structure; only a payload may hold `files`. Raises `FieldError`."""
    try:
        filled = render_all(value, variables)
    except (PlaceholderError, ExpressionError) as error:
        raise FieldError(field, str(error), "See ${…} in the README") from error
    except RecursionError as error:
        raise FieldError(field, "is nested too deeply", "Write it flatter") from error
    if not files and any(unreadables(filled)):
        raise FieldError(field, "holds a File, which has no text", "Use a String, number, Boolean or Json variable")
    return filled


def render_payload(
    field: str, template: Mapping[str, Any], variables: Mapping[str, Any], model: str | None, *, stream: bool = False
) -> dict[str, Any]:
    """Fill the payload template with process variables and make sure that it is a chat request.

    `model` is the Model field; it wins over the payload's own, and without either the default model is asked. `stream`
    asks for a stream wherever there can be one. Raises `FieldError`.
    """
    payload: dict[str, Any] = fill(field, dict(template), variables, files=True)
    if not isinstance(payload.get("messages"), list) or not payload["messages"]:
        raise FieldError(field, "has no list of messages", 'Add "messages": [{"role": "user", "content": "…"}]')
    payload["messages"] = [with_contents(message) for message in payload["messages"]]
    if refused := why_refused(payload):
        raise FieldError(field, refused.problem, refused.mend)
    if stream and can_stream(payload):
        payload["stream"] = True
    payload["model"] = model or payload.get("model") or known_models().default
    if not isinstance(payload["model"], str):
        raise FieldError(field, "has a 'model' that is no text", f'Write "model": "{known_models().default}"')
    return payload


def to_bytes(field: str, payload: Mapping[str, Any]) -> bytes:
    """Write the payload as JSON. Raises `FieldError` for what JSON cannot say (infinity, NaN, a YAML `!!binary`)."""
    try:
        return COMPACT_JSON.encode(payload).encode("ascii")
    except (TypeError, ValueError) as error:
        raise FieldError(field, f"cannot be written as JSON: {error}", "Use plain texts and numbers") from error


def _is_endless(structure: Any) -> bool:
    """Whether there is more in it than anybody writes: YAML aliases make millions of parts of a few lines."""
    return any(True for _ in islice(parts_of(structure), MOST_PARTS + 1, None))


def _kind(value: Any) -> str:
    names = {str: "a text", list: "a list", type(None): "empty"}
    return names.get(type(value), "a single value")
