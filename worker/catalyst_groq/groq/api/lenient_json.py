"""Parses texts that are JSON but for their form. Nothing is completed or invented: the text must be one whole value.

JSON5 is the grammar: it allows comments, trailing commas, single quotes, and names without quotes. Models also write
code fences, Python's literals, typographic quotes, and line breaks inside texts.
"""

import json
import re
from typing import Any

import pyjson5

from catalyst_groq.common.json_codec import MAX_DEPTH, NestedTooDeeplyError

CODE_FENCE = "```"
LANGUAGE = re.compile(r"[\w+-]*")
BLANKS = "\ufeff \t\r\n"
TOKEN = re.compile(
    r"""
    "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'
    | (?P<curly>“(?P<content>[^“”]*)”)
    | //[^\n]* | /\*.*?\*/
    | (?P<literal>\b(?:True|False|None)\b)
    """,
    re.DOTALL | re.VERBOSE,
)
PYTHON_LITERALS = {"True": "true", "False": "false", "None": "null"}
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f]")


def parse_lenient(text: str) -> dict[str, Any] | list[Any]:
    """Return the object or list that a text is. Raises `ValueError`, also for texts that only contain one."""
    text = text.strip(BLANKS)
    if text.startswith(CODE_FENCE) and text.endswith(CODE_FENCE):
        text = LANGUAGE.sub("", text.removeprefix(CODE_FENCE).removesuffix(CODE_FENCE), 1)
    try:
        value = pyjson5.decode(TOKEN.sub(_normalize, text), MAX_DEPTH)
        json.dumps(value, allow_nan=False)
    except pyjson5.Json5NestingTooDeep as error:
        raise NestedTooDeeplyError from error
    except pyjson5.Json5DecoderException as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise ValueError("neither a JSON object nor a list")  # noqa: TRY004 -- about the text
    return value


def _normalize(token: re.Match[str]) -> str:
    """Return a token as JSON5 writes it."""
    if token["literal"]:
        return PYTHON_LITERALS[token["literal"]]
    if token["curly"]:
        return json.dumps(token["content"], ensure_ascii=False)
    if token[0].startswith("/"):
        return token[0]
    return CONTROL_CHARACTER.sub(lambda control: f"\\u{ord(control[0]):04x}", token[0])
