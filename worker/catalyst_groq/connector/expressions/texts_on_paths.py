"""Names the text that a path leads through, and how JSON in it is read. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.jmespath import Path, compile_expression, follow_path, leading_path, walk_nodes

MAX_SHOWN_CHARS = 150
"""Of an expression in a message."""

IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def describe_path_through_text(text: str, data: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the message about a path through a text, and the expression that reads JSON in it."""
    prefix = _find_text(text, data)
    shown = shorten(text, MAX_SHOWN_CHARS)
    if prefix is None:
        return f"`{shown}` has a path that leads through a text. If it is JSON, read it with parse_json(…)", None
    pattern = re.compile(rf"(?<![\w.\"]){re.escape(prefix)}(?!\w)")
    corrected = pattern.sub(lambda _: f"parse_json({prefix})", text, count=1)
    written = corrected if len(corrected) <= MAX_SHOWN_CHARS else f"parse_json({prefix}) in place of it"
    return f"`{prefix}` is a text, which has no parts. If it is JSON, write {written}", corrected


def _find_text(text: str, data: Mapping[str, Any]) -> str | None:
    """Return the part of an expression that leads to the text; None if it is found on none of its paths."""
    for node in walk_nodes(compile_expression(text).parsed):
        path, is_whole = leading_path(node)
        for length in range(1, len(path) + (not is_whole)):
            value = follow_path(path[:length], data)
            if isinstance(value, str) and value.strip():
                return _format_path(path[:length])
    return None


def _format_path(path: Path) -> str:
    parts = [f"[{step}]" if isinstance(step, int) else f".{_quote(step)}" for step in path]
    return "".join(parts).removeprefix(".")


def _quote(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else json.dumps(name, ensure_ascii=False)
