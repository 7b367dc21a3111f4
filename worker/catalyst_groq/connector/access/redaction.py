"""Removes keys from every text that leaves the worker: logs, incidents, variables, the journal."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from catalyst_groq.domain.variables import TypedValue

MASK = "***"
KEY_PREFIX = "gsk_"
GROQ_KEY = re.compile(r"gsk_\w{16,}")
MIN_KEY_CHARS = 8
"""A shorter text is no key, and masking it would ruin the messages around it."""

SCALAR_TYPES = frozenset((int, float, bool, type(None)))
TEXT_SEPARATOR = "\0"
"""A character that no key contains."""


class Redactor:
    """Masks the exact value of every key seen so far; the rest of a message stays readable."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys: list[str] = []
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Mask this key from now on; a text of fewer than `MIN_KEY_CHARS` is ignored.

        Longer keys are replaced first, because one key may be the beginning of another.
        """
        if len(key) >= MIN_KEY_CHARS and key not in self._keys:
            self._keys = sorted([*self._keys, key], key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Return the text without any known key, and without anything that has the form of a Groq key."""
        for key in self._keys:
            text = text.replace(key, MASK)
        return GROQ_KEY.sub(MASK, text) if KEY_PREFIX in text else text

    def mask_all(self, value: Any) -> Any:
        """Mask every text in a structure, names included. A structure without keys is returned itself, not a copy."""
        texts = TEXT_SEPARATOR.join(_collect_texts(value))
        return value if self.mask(texts) == texts else self._mask_parts(value)

    def _mask_parts(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self._mask_parts(name): self._mask_parts(entry) for name, entry in value.items()}
        if isinstance(value, TypedValue):
            return replace(value, value=self._mask_parts(value.value))
        return [self._mask_parts(entry) for entry in value] if isinstance(value, list) else value


def _collect_texts(value: Any) -> list[str]:
    """Return every text in a structure, names included."""
    texts: list[str] = []
    remaining = [value]
    for part in remaining:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            texts += map(str, part)  # in YAML a name may be a number
            remaining += [entry for entry in part.values() if type(entry) not in SCALAR_TYPES]
        elif isinstance(part, list):
            remaining += part
        elif isinstance(part, TypedValue):
            remaining.append(part.value)
    return texts
