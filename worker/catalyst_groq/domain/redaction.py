"""Removes keys from every text that leaves the worker: logs, incidents, variables, the journal.

A key belongs to the operator or to one task. The operator's keys are masked everywhere, a task's own key only where
that task's texts go: otherwise a process that brings the "key" `choices` would change the texts of all others.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from catalyst_groq.common.structures import CONTAINER_TYPES, SCALAR_TYPES
from catalyst_groq.domain.key_beginnings import mask_beginnings
from catalyst_groq.domain.variables import TypedValue

MASK = "***"
KEY_PREFIX = "gsk_"
GROQ_KEY = re.compile(r"gsk_\w{16,}")
MIN_KEY_CHARS = 8
"""A shorter text is not masked, because that would ruin the texts around it."""

MAX_KEY_CHARS = 512
"""Of a key that a task uses: its forms are kept for a while. The operator's own secrets may be longer."""

MAX_RESOLVED_KEYS = 64
"""Maximum of resolved keys that are masked everywhere: the time to mask a text grows with their number."""

CACHED_KEYS = 256
JSON_ESCAPE = re.compile(r"\\\\{0,7}(?:u[0-9a-fA-F]{4}|/)")
"""With 2, 4 or 8 backslashes in a JSON text that stands in other ones."""

ASCII_JSON_ESCAPE = re.compile(r"\\\\{0,7}(?:u00[0-7][0-9a-fA-F]|/)")
"""Escapes of the characters that most keys consist of: servers that escape all others do so in most texts."""

URL_ESCAPES = re.compile(r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")
TEXT_SEPARATOR = "\0"
"""A character that no key contains."""


def is_maskable(key: str) -> bool:
    """Whether a key is long enough to be masked."""
    return len(key) >= MIN_KEY_CHARS


class Redactor:
    """Masks keys: as they are, reversed, in base64, and with characters escaped as in JSON and URLs."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._permanent = {key for key in keys if is_maskable(key)}
        self._resolved: dict[str, None] = {}
        """In the order in which they were last used."""
        self._collect_forms()

    def add(self, key: str) -> None:
        """Mask a key of the operator from now on, unless it is too short to be masked."""
        if is_maskable(key) and key not in self._permanent:
            self._permanent.add(key)
            self._collect_forms()

    def add_resolved(self, key: str) -> None:
        """Mask a key that was looked up for a task, until `MAX_RESOLVED_KEYS` others have been looked up after it.

        So keys that are rotated do not add up. The request and the outcome of a task mask the key that they use anyway.
        """
        if not is_maskable(key) or key in self._permanent:
            return
        is_new = key not in self._resolved
        self._resolved.pop(key, None)
        self._resolved[key] = None
        if is_new:
            if len(self._resolved) > MAX_RESOLVED_KEYS:
                del self._resolved[next(iter(self._resolved))]
            self._collect_forms()

    def for_key(self, key: str) -> "Redactor":
        """Return a redactor that also masks this key; itself if it does so already, or if the text is no key."""
        if not MIN_KEY_CHARS <= len(key) <= MAX_KEY_CHARS or key in self._permanent or key in self._resolved:
            return self
        return Redactor([*self._permanent, *self._resolved, key])

    def mask(self, text: str) -> str:
        """Return the text without any known key, and without anything that has the form of a Groq key."""
        for form in self._forms:
            text = text.replace(form, MASK)
        if _has_escapes(text, self._json_escape):
            text = _mask_escaped(text, self._forms, self._json_escape)
        return GROQ_KEY.sub(MASK, text) if KEY_PREFIX in text else text

    def mask_message(self, text: str) -> str:
        """Return a message of the worker without keys, and without the beginning of one where it cuts a text.

        Texts of others must not lose words because they stand before an ellipsis: see `mask`.
        """
        masked = self.mask(text)
        return mask_beginnings(masked, self._forms, MASK) if "…" in masked else masked

    def mask_all(self, value: Any) -> Any:
        """Mask every text in a structure, names included. A structure without keys is returned itself, not a copy."""
        return value if self.finds_nothing(value) else self._mask_parts(value)

    def finds_nothing(self, value: Any) -> bool:
        """Whether no text in a structure has a key, names included."""
        texts = TEXT_SEPARATOR.join(_collect_texts(value))
        return self.mask(texts) == texts

    def _mask_parts(self, value: Any) -> Any:
        """Copy a structure with its texts masked; without recursion, because a model may nest it deeply."""
        copy: list[Any] = [value]
        remaining: list[tuple[Any, Any]] = [(copy, 0)]
        for container, place in remaining:
            part = container[place]
            if isinstance(part, str):
                container[place] = self.mask(part)
            elif isinstance(part, TypedValue):
                container[place] = replace(part, value=self._mask_parts(part.value))
            elif isinstance(part, dict):
                masked = {self.mask(name) if isinstance(name, str) else name: entry for name, entry in part.items()}
                container[place] = masked
                remaining += [(masked, name) for name in masked]
            elif isinstance(part, list):
                container[place] = entries = part.copy()
                remaining += [(entries, index) for index in range(len(entries))]
        return copy[0]

    def _collect_forms(self) -> None:
        """Longer forms are replaced first, because one key may be the beginning of another."""
        forms = {form for key in (*self._permanent, *self._resolved) for form in _forms(key)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._json_escape = ASCII_JSON_ESCAPE if all(map(str.isascii, forms)) else JSON_ESCAPE


def _collect_texts(value: Any) -> list[str]:
    """Return every text in a structure, names included."""
    texts: list[str] = []
    remaining: list[Any] = [[value]]
    for part in remaining:
        if isinstance(part, dict):
            texts += map(str, part)  # in YAML a name may be a number
            part = part.values()  # noqa: PLW2901 -- its values are searched as a list's entries are
        for entry in part:
            if type(entry) in SCALAR_TYPES:
                continue
            if isinstance(entry, str):
                texts.append(entry)
            elif isinstance(entry, CONTAINER_TYPES):
                remaining.append(entry)
            elif isinstance(entry, TypedValue):
                remaining.append([entry.value])
    return texts


@lru_cache(CACHED_KEYS)
def _forms(key: str) -> frozenset[str]:
    """Return how a text may show a key, besides single characters that are escaped."""
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return frozenset({key, key[::-1], quoted, quote(key, safe="", errors="surrogatepass"), *_base64_forms(key)})


def _base64_forms(key: str) -> set[str]:
    """Return the characters that the key determines in base64, at each of the three offsets in the encoded bytes."""
    content = key.encode("utf-8", "surrogatepass")
    forms = set()
    for offset in range(3):
        first, last = -(-offset * 8 // 6), (offset + len(content)) * 8 // 6
        form = b64encode(bytes(offset) + content)[first:last].decode()
        forms |= {form, form.replace("+", "-").replace("/", "_")}
    return forms


def _has_escapes(text: str, json_escape: re.Pattern[str]) -> bool:
    """Search for single characters first: that is many times faster than a regular expression."""
    in_json = "\\" in text and json_escape.search(text)
    return bool(in_json or ("%" in text and URL_ESCAPES.search(text)))


def _mask_escaped(text: str, forms: Iterable[str], json_escape: re.Pattern[str]) -> str:
    """Mask the keys of which some characters are escaped; everything else stays as it is written."""
    unescaped = URL_ESCAPES.sub(lambda match: unquote(match[0]), json_escape.sub(_unescape, text))
    for form in forms:
        if form in unescaped:
            text = _escaped_pattern(form).sub(MASK, text)
    return ESCAPED_GROQ_KEY.sub(MASK, text) if KEY_PREFIX in unescaped else text


def _unescape(match: re.Match[str]) -> str:
    escape = match[0].lstrip("\\")
    return "/" if escape == "/" else chr(int(escape[1:], 16))


@lru_cache(CACHED_KEYS)
def _escaped_pattern(form: str) -> re.Pattern[str]:
    """Return a pattern of a text in which any character may be escaped."""
    return re.compile("".join(map(_escaped_character_pattern, form)))


def _escaped_character_pattern(character: str) -> str:
    utf16 = character.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    in_json = "".join(rf"\\\\{{0,7}}u{unit}" for unit in utf16)
    in_url = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    slash = r"|\\\\{0,7}/" if character == "/" else ""
    return f"(?:{re.escape(character)}|(?i:{in_json}|{in_url}){slash})"


ESCAPED_WORD_CHARACTER = r"(?:\\\\{0,7}u00|%)(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF])"
ESCAPED_GROQ_KEY = re.compile(
    "".join(map(_escaped_character_pattern, KEY_PREFIX)) + rf"(?:\w|{ESCAPED_WORD_CHARACTER}){{16,}}"
)
"""One pattern for all: a pattern for each key that a text holds takes time that grows with the square of its length."""
