"""The text of a diagram, with the place of each value, so that one value is replaced and nothing else. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import escape

from catalyst_groq.domain.diagram_encoding import decode_diagram, encode_like

DOCUMENT_TYPE = "<!DOCTYPE"
START_TAG = re.compile(r"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
ATTRIBUTE = re.compile(r"""([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
TOKEN = re.compile(
    r"<!\[CDATA\[(?P<literal>.*?)\]\]>|<!--.*?-->|<\?.*?\?>|&(?P<entity>[^;<&]*);|(?P<plain>\r\n?|[^<&])", re.DOTALL
)
ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
LINE_END = re.compile(r"\r\n?|[^\r]", re.DOTALL)
END_OF_LITERAL = "]]>"
QUOTES = {'"': "&quot;", "'": "&apos;"}


class Edit(NamedTuple):
    """A part of one value in a diagram, and the text to write instead."""

    element: ET.Element
    attribute: str | None
    """The attribute that holds the value; None for the text of the element."""
    start: int
    end: int
    """Of the part, in the value as it is parsed."""
    replacement: str


class _Unit(NamedTuple):
    """A character of a parsed value, and where it is written."""

    text: str
    start: int
    end: int
    is_literal: bool = False
    """Whether it is in CDATA, where nothing is escaped."""


def apply_edits(content: bytes, root: ET.Element, edits: Iterable[Edit]) -> bytes | None:
    """Return the diagram with the edits, in its encoding; None if one of them has no certain place in it.

    `root` is what the diagram was parsed to. Raises `EncodingError`.
    """
    text = decode_diagram(content)
    try:
        if DOCUMENT_TYPE in text or encode_like(text, content) != content:
            return None
        places = dict(zip(root.iter(), _starts_of_tags(text), strict=True))
        changes = sorted(_change(text, places[edit.element], edit) for edit in edits)
        return encode_like(_replace(text, changes), content)
    except (_NoPlaceError, UnicodeEncodeError, ValueError):
        return None


class _NoPlaceError(ValueError):
    """The place of a value cannot be found with certainty."""


def _starts_of_tags(text: str) -> list[int]:
    """Return the positions of all start tags, in the order of the elements."""
    encoded, starts = text.encode(), list[int]()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda *_: starts.append(parser.CurrentByteIndex)
    parser.Parse(encoded, True)  # noqa: FBT003 -- positional only
    positions, chars, last = [], 0, 0
    for start in starts:
        chars += len(encoded[last:start].decode())
        positions.append(chars)
        last = start
    return positions


def _change(text: str, start: int, edit: Edit) -> tuple[int, int, str]:
    """Return begin, end and new text of an edit in the text of the diagram."""
    tag = START_TAG.match(text, start)
    if tag is None or edit.start >= edit.end:
        raise _NoPlaceError
    quote = ""
    if edit.attribute is None:
        units = [] if tag[0].endswith("/>") else list(_units(text, tag.end()))
        value = edit.element.text or ""
    else:
        begin, end, quote = _find_attribute(text, tag, edit.attribute)
        units = [_without_line_end(text, unit) for unit in _units(text[:end], begin)]
        value = edit.element.get(edit.attribute, "")
    replaced = units[edit.start : edit.end]
    if "".join(unit.text for unit in units) != value or len({unit.is_literal for unit in replaced}) != 1:
        raise _NoPlaceError
    return replaced[0].start, replaced[-1].end, _write(edit.replacement, quote, is_literal=replaced[0].is_literal)


def _find_attribute(text: str, tag: re.Match[str], name: str) -> tuple[int, int, str]:
    """Return begin and end of the value, and its quotation mark."""
    for attribute in ATTRIBUTE.finditer(text, tag.start(), tag.end()):
        if attribute[1] == name:
            return attribute.start(2) + 1, attribute.end(2) - 1, attribute[2][0]
    raise _NoPlaceError


def _units(text: str, position: int) -> Iterator[_Unit]:
    """Yield the characters from a position up to the next tag, or to the end."""
    while position < len(text) and (token := TOKEN.match(text, position)):
        position = token.end()
        if (literal := token["literal"]) is not None:
            begin = token.start("literal")
            for part in LINE_END.finditer(literal):
                yield _Unit(_one_line_end(part[0]), begin + part.start(), begin + part.end(), True)  # noqa: FBT003
        elif (entity := token["entity"]) is not None:
            yield _Unit(_resolve(entity), token.start(), token.end())
        elif token["plain"]:
            yield _Unit(_one_line_end(token[0]), token.start(), token.end())


def _without_line_end(text: str, unit: _Unit) -> _Unit:
    """Return a character of an attribute as parsers give it: white space is a blank unless it is a reference."""
    return unit._replace(text=" ") if unit.text in "\t\n" and text[unit.start] != "&" else unit


def _one_line_end(text: str) -> str:
    return "\n" if text.startswith("\r") else text


def _resolve(entity: str) -> str:
    if entity.startswith("#"):
        return chr(int(f"0{entity[1:]}", 0) if entity[1:2] == "x" else int(entity[1:]))
    if entity not in ENTITIES:
        raise _NoPlaceError
    return ENTITIES[entity]


def _write(text: str, quote: str, *, is_literal: bool) -> str:
    if not is_literal:
        return escape(text, {quote: QUOTES[quote]} if quote else {})
    if END_OF_LITERAL in text:
        raise _NoPlaceError
    return text


def _replace(text: str, changes: list[tuple[int, int, str]]) -> str:
    parts, position = list[str](), 0
    for start, end, replacement in changes:
        if start < position:
            raise _NoPlaceError
        parts += [text[position:start], replacement]
        position = end
    return "".join([*parts, text[position:]])
