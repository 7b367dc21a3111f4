"""Texts in messages."""


def shorten(text: str, max_chars: int) -> str:
    """Return a text, or its beginning with an ellipsis where it is longer."""
    return text if len(text) <= max_chars else text[:max_chars] + "…"
