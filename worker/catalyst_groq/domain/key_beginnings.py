"""Masks the beginning of a key where a message cuts a text: before an ellipsis. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

CUT = re.compile(r"\n?…")
"""What stands where a text was cut; see `texts.shorten`."""

MIN_BEGINNING_CHARS = 5
"""A shorter beginning of a key is not masked: it says nothing, and hints such as `gsk_…` have it too."""

MAX_BEGINNING_CHARS = 6144
"""Characters before an ellipsis that are searched: a key of 512 characters, all of them escaped in JSON, is shorter."""

GROQ_KEY_BEGINNING = re.compile(r"gsk_\w+$")
CHARACTER = re.compile(
    r"\\{1,8}u(?P<json>[0-9a-fA-F]{4})|%(?P<url>[0-9a-fA-F]{2})|\\{1,8}(?P<slash>/)|(?P<plain>.)", re.DOTALL
)
INCOMPLETE_ESCAPE = re.compile(r"(?:%[0-9a-fA-F]?|\\{1,8}(?:u[0-9a-fA-F]{0,3})?)$")


def mask_beginnings(text: str, forms: Iterable[str], mask: str) -> str:
    """Return the text with a mask in place of what begins like a key and ends where the text was cut.

    `forms`: how a text may show the keys. Single characters may be escaped as in JSON and URLs.
    """
    forms_by_start: dict[str, list[str]] = {}
    for form in forms:
        forms_by_start.setdefault(form[:MIN_BEGINNING_CHARS], []).append(form)
    parts, start = [], 0
    for cut in CUT.finditer(text):
        begins = _find_beginning(text, max(start, cut.start() - MAX_BEGINNING_CHARS), cut.start(), forms_by_start)
        parts += [text[start : cut.start()] if begins is None else text[start:begins] + mask, cut[0]]
        start = cut.end()
    return "".join([*parts, text[start:]])


def _find_beginning(text: str, start: int, end: int, forms_by_start: Mapping[str, Sequence[str]]) -> int | None:
    """Return where the longest beginning of a key stands that ends at `end`."""
    tail = text[start:end]
    found = list(_find(tail, range(len(tail)), forms_by_start))
    if "\\" in tail or "%" in tail:
        characters = list(CHARACTER.finditer(INCOMPLETE_ESCAPE.sub("", tail)))
        unescaped = "".join(map(_unescape, characters))
        found += _find(unescaped, [character.start() for character in characters], forms_by_start)
    return start + min(found) if found else None


def _find(tail: str, places: Sequence[int], forms_by_start: Mapping[str, Sequence[str]]) -> Iterator[int]:
    """Yield the first place at which a beginning stands. `places`: those of the characters in the text."""
    if match := GROQ_KEY_BEGINNING.search(tail):
        yield places[match.start()]
    for index in range(len(tail) - MIN_BEGINNING_CHARS + 1):
        forms = forms_by_start.get(tail[index : index + MIN_BEGINNING_CHARS], ())
        if forms and any(form.startswith(tail[index:]) for form in forms):
            yield places[index]
            return


def _unescape(character: re.Match[str]) -> str:
    code = character["json"] or character["url"]
    return chr(int(code, 16)) if code else character["slash"] or character["plain"]
