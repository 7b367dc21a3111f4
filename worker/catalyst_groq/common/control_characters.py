"""Escapes the characters by which a text could forge lines of a log, or change what a terminal shows."""

import re

CONTROL_CHARACTERS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: line breaks, ESC
    "\u2028\u2029"  # line and paragraph separator
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of writing
    "\ud800-\udfff"  # half a surrogate pair, which no stream can encode
    "]"
)
TAB_AND_LINE_FEED = "\t\n"


def escape_control_characters(text: str, keep: str = "") -> str:
    r"""Return the text with control characters as in Python's string literals: `\n`, `\x1b`, `\u2028`.

    `keep` are control characters that stay as they are.
    """
    if text.isprintable():  # a fraction of the time of the search
        return text
    return CONTROL_CHARACTERS.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
