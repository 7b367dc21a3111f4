"""Fills the `${…}` in a modeller's text with process variables; data never changes the structure around it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.common.structures import walk
from catalyst_groq.connector.expressions.conversions import to_text
from catalyst_groq.connector.expressions.jmespath import MAX_EXPRESSION_CHARS, ExpressionError, check_expression
from catalyst_groq.connector.expressions.placeholder_values import (
    PlaceholderError,
    describe_opaque_value,
    evaluate_placeholder,
)
from catalyst_groq.domain.variables import OpaqueValue

CACHED_TEXTS = 4096
MAX_FILLED_CHARS = 20_000_000
"""Characters of all values in one field. No model takes nearly as many."""

MAX_FILLED_PARTS = 200_000
"""Numbers, texts, lists and objects in all values of one field: each takes time, however short it is."""

MAX_PLACEHOLDERS = 10_000
MAX_PLACEHOLDER_CHARS = 50_000
"""Characters of all expressions in one text."""

PLACEHOLDER_START = "${"
OPENING_MARKS = re.compile(r"\$\$\{|\$\{")
QUOTES = {'"', "'", "`"}
CONTENT, PART, IMAGE_URL = "content", "content[]", "url"
FILE_PLACES = frozenset((PART, IMAGE_URL))
"""Where a placeholder that stands alone may mean a File: a part of a message's content, and the URL of an image."""


TOO_MANY_PLACEHOLDERS = (
    f"a text has more than {MAX_PLACEHOLDERS:,} placeholders, or {MAX_PLACEHOLDER_CHARS:,} characters in them. "
    "Use one placeholder for a list or an object"
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `${expression}`."""

    expression: str


Parts = tuple[str | Placeholder, ...]


@cache_short_texts(CACHED_TEXTS)
def parse(text: str) -> Parts:
    """Split a text into literal parts and placeholders; `$${` stands for a literal `${`.

    Raises `PlaceholderError` for an unclosed placeholder and `ExpressionError` for one that is no JMESPath.
    """
    parts: list[str | Placeholder] = []
    literal, position, count, chars = "", 0, 0, 0
    while opening := OPENING_MARKS.search(text, position):
        literal += text[position : opening.start()]
        position = opening.end()
        if opening.group() == "$${":
            literal += "${"
            continue
        end = _closing_brace(text, position)
        count, chars = count + 1, chars + end - position
        if count > MAX_PLACEHOLDERS or chars > MAX_PLACEHOLDER_CHARS:
            raise PlaceholderError(TOO_MANY_PLACEHOLDERS)
        _check_syntax(expression := text[position:end].strip())
        parts += [literal, Placeholder(expression)] if literal else [Placeholder(expression)]
        literal, position = "", end + 1
    literal += text[position:]
    return (*parts, literal) if literal else tuple(parts)


def _check_syntax(expression: str) -> None:
    """Check that an expression is JMESPath. Raises `ExpressionError`."""
    try:
        check_expression(expression)
    except ExpressionError as error:
        if error.corrected is None:
            raise
        written = f"${{{error.corrected}}}"
        in_json = json.dumps(written, ensure_ascii=False)[1:-1]
        shown = written if in_json == written else f"{written}, in JSON {in_json}"
        raise ExpressionError(f"{error}. The placeholder is {shown}", error.corrected) from error


def render_all(value: Any, variables: Mapping[str, Any], *, may_be_file: bool = False) -> Any:
    """Fill the placeholders in every string value of a structure. Keys, numbers and the structure itself stay.

    It is done in one pass: what a variable holds is never read as a placeholder. A text that is exactly one placeholder
    keeps the value's type. `may_be_file`: whether a File may be meant by a text that is exactly one placeholder. Raises
    `PlaceholderError`, `ExpressionError`, `RecursionError`.
    """
    return _Renderer(variables).render_all(value, PART if may_be_file else "")


class _Renderer:
    """Fills placeholders up to `MAX_FILLED_CHARS` and `MAX_FILLED_PARTS` in all.

    A short text may repeat a large variable many times.
    """

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._chars_left = MAX_FILLED_CHARS
        self._parts_left = MAX_FILLED_PARTS

    def render_all(self, value: Any, place: str) -> Any:
        """`place` is the key of an object that the value has, or `PART`."""
        if isinstance(value, str):
            return self._render(value, place) if PLACEHOLDER_START in value else value
        if isinstance(value, dict):
            return {key: self.render_all(entry, key) for key, entry in value.items()}
        if isinstance(value, list):
            place = PART if place == CONTENT else place
            return [self.render_all(entry, place) for entry in value]
        return value

    def _render(self, text: str, place: str) -> Any:
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            value = evaluate_placeholder(parts[0].expression, self._variables, may_be_file=place in FILE_PLACES)
            self._take_parts(value)
            return value
        return "".join(part if isinstance(part, str) else self._text(part) for part in parts)

    def _text(self, placeholder: Placeholder) -> str:
        value = evaluate_placeholder(placeholder.expression, self._variables)
        if not isinstance(value, str):
            self._take_parts(value)
        text: str = value if isinstance(value, str) else _as_text(placeholder, value)
        self._take_chars(len(text))
        return text

    def _take_parts(self, value: Any) -> None:
        for part in walk(value):
            self._parts_left -= 1
            if self._parts_left < 0:
                raise _filled_too_much(f"{MAX_FILLED_PARTS:,} values")
            self._take_chars(len(part) if isinstance(part, str) else 1)

    def _take_chars(self, chars: int) -> None:
        self._chars_left -= chars
        if self._chars_left < 0:
            raise _filled_too_much(f"{MAX_FILLED_CHARS:,} characters")


def _filled_too_much(bound: str) -> PlaceholderError:
    return PlaceholderError(f"its placeholders fill in more than {bound}. Use fewer or shorter variables")


def find_opaque_values(value: Any) -> Iterator[OpaqueValue]:
    """Yield the Files and other values without a text, also inside a structure that an expression has built."""
    return (part for part in walk(value) if isinstance(part, OpaqueValue))


def _as_text(placeholder: Placeholder, value: Any) -> str:
    for opaque in find_opaque_values(value):
        raise PlaceholderError(describe_opaque_value(placeholder.expression, opaque))
    return to_text(value)


def _closing_brace(text: str, start: int) -> int:
    """Return the position of the brace that ends a placeholder: JMESPath has braces of its own, also quoted ones.

    It looks no further than the longest expression: a text may be far longer.
    """
    depth, quote, position = 1, "", start
    limit = start + MAX_EXPRESSION_CHARS + 1
    while position < min(len(text), limit):
        character = text[position]
        if quote and character == "\\":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in QUOTES:
            quote = character
        elif character in "{}":
            depth += 1 if character == "{" else -1
            if not depth:
                return position
        position += 1
    shown = text[start - 2 : start + 30]
    within = f" within {MAX_EXPRESSION_CHARS:,} characters" if len(text) > limit else ""
    raise PlaceholderError(
        f"`{shown}` opens a placeholder that is not closed{within}. Add the }}, or write $${{ for a literal ${{"
    )
