"""Texts in messages."""


def end_sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends with a mark of its own."""
    return text if text.endswith((".", "…", "?")) else f"{text}."


def shorten(text: str, max_chars: int) -> str:
    """Return a text, or its beginning with an ellipsis where it is longer."""
    return text if len(text) <= max_chars else text[:max_chars] + "…"
