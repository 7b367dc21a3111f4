"""Texts in messages."""

from collections.abc import Iterable
from difflib import get_close_matches

MIN_SIMILARITY = 0.85
"""Of a name and what it is a misspelling of, as `difflib` measures it."""

MAX_COMPARED_CHARS = 100

MAX_SHOWN_CHARS = 60
"""Of a name in a sentence."""


def closest(name: str, names: Iterable[str], min_similarity: float = MIN_SIMILARITY) -> str | None:
    """Return the name that another one is a misspelling of, whatever the case of their letters."""
    by_lower_case = {known.lower(): known for known in names}
    matches = get_close_matches(name[:MAX_COMPARED_CHARS].lower(), by_lower_case, n=1, cutoff=min_similarity)
    return by_lower_case[matches[0]] if matches else None


def end_sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends with a mark of its own."""
    return text if text.endswith((".", "…", "?")) else f"{text}."


def shorten(text: str, max_chars: int = MAX_SHOWN_CHARS) -> str:
    """Return a text, or its beginning with an ellipsis where it is longer."""
    return text if len(text) <= max_chars else text[:max_chars] + "…"
