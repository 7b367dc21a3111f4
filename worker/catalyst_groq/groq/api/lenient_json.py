"""Parses texts that are JSON but for their form. Nothing is completed or invented: the text must be one whole value.

JSON5 is the grammar: it allows comments, trailing commas, single quotes, and names without quotes. Models also write
code fences, Python's literals, typographic quotes, and line breaks inside texts.
"""

import json
import re
from typing import Any

import pyjson5

from catalyst_groq.common.json_codec import MAX_DEPTH, NestedTooDeeplyError, check_finite
from catalyst_groq.common.texts import shorten

CODE_FENCE = "```"
LANGUAGE = re.compile(r"[\w+-]*")
MAX_QUOTED_CHARS = 40
BLANKS = "\ufeff \t\r\n"
TOKEN = re.compile(
    r"""
    "(?P<double>(?:[^"\\]|\\.)*+)" | '(?P<single>(?:[^'\\]|\\.)*+)' | “(?P<curly>[^“”]*+)”
    | (?P<comment>//[^\n\r\u2028\u2029]* | /\*.*?\*/)
    | (?P<unclosed>["'“]|/\*)
    | (?P<literal>(?<![\w$])(?:True|False|None)(?![\w$]|\s*:))
    """,
    re.DOTALL | re.VERBOSE,
)
"""Python's literals are values: before a colon, they are names without quotes."""

PYTHON_LITERALS = {"True": "true", "False": "false", "None": "null"}
CHARACTER = re.compile(
    r"""\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}|(?P<apostrophe>')|x(?P<hexadecimal>[0-9A-Fa-f]{2})|(?P<invalid>))"""
    r"""|(?P<unescaped>["\x00-\x1f])"""
)
"""A character that JSON may write in another way. Outside of JSON a backslash may be one of the text's own."""

ELLIPSIS = re.compile(r"\.\.|…|⋯")
"""In a comment, it stands for entries that were left out."""


def parse_lenient(text: str) -> dict[str, Any] | list[Any]:
    """Return the object or list that a text is. Raises `ValueError`, also for texts that only contain one."""
    text = text.strip(BLANKS)
    if text.startswith(CODE_FENCE) and text.endswith(CODE_FENCE):
        text = LANGUAGE.sub("", text.removeprefix(CODE_FENCE).removesuffix(CODE_FENCE), 1)
    try:
        value = pyjson5.decode(TOKEN.sub(_normalize, text), MAX_DEPTH)
        check_finite(value)
    except pyjson5.Json5NestingTooDeep as error:
        raise NestedTooDeeplyError from error
    except pyjson5.Json5DecoderException as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise ValueError("neither a JSON object nor a list")  # noqa: TRY004 -- about the text
    return value


def _normalize(token: re.Match[str]) -> str:
    """Return a token as JSON writes it. Raises `ValueError` if the token does not have one clear value."""
    match token.lastgroup:
        case "literal":
            return PYTHON_LITERALS[token[0]]
        case "comment" if not ELLIPSIS.search(token[0]):
            return " "
        case "double" | "single" | "curly" as quotes:
            is_python = quotes == "single"
            return f'"{CHARACTER.sub(lambda character: _escape(character, is_python), token[quotes])}"'
        case _:
            raise ValueError(f"not one whole JSON value: {shorten(token[0], MAX_QUOTED_CHARS)}")


def _escape(character: re.Match[str], is_python: bool) -> str:  # noqa: FBT001 -- of one token
    """Return a character as JSON writes it."""
    if character["unescaped"]:
        return json.dumps(character["unescaped"])[1:-1]
    if character["apostrophe"]:
        return "'"
    if character["hexadecimal"] and is_python:
        return f"\\u00{character['hexadecimal']}"
    if character["hexadecimal"] or character["invalid"] is not None:
        raise ValueError("not JSON: a backslash that begins no escape of JSON")
    return character[0]
