"""Transcriptions in the forms in which servers send them, brought into one. Pure.

Groq sends JSON, or the text alone where the response format is `text`. Other servers send JSON as `text/plain`, the
text as a JSON text, or the duration as a text.
"""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from catalyst_groq.groq.api.responses import Response

KEYS = ("text", "segments", "duration", "language", "task")
"""A JSON object with one of these is a transcription."""

CHARSET = re.compile(r"charset\s*=\s*[\"']?(utf-?16(?:[bl]e)?|iso-8859-1|latin1|windows-1252)", re.IGNORECASE)
NO_TEXT = ("{", "<")
"""A body that begins like this, and is no transcription in JSON, is broken JSON, other JSON, or a page of a gateway."""


def parse_transcription(response: Response) -> dict[str, Any] | None:
    """Return the transcription in a 2xx response as an object with `text`; None if there is none in it.

    `text` is None where it is missing or null, and there are no segments to take it from: the server has worked, but
    there is no result.
    """
    body = response.body
    if isinstance(body, dict):
        if body.get("error") or not any(key in body for key in KEYS):
            return None
        return {**body, "text": _text_of(body), **_duration_of(body)}
    content_type = response.headers.get("content-type", "").lower()
    if not content_type.startswith("text/") or content_type.startswith("text/html"):
        return {"text": body} if isinstance(body, str) else None
    text = _decode(response.content, content_type)
    return None if text.lstrip().startswith(NO_TEXT) else {"text": text}


def _text_of(body: Mapping[str, Any]) -> Any:
    text, segments = body.get("text"), body.get("segments")
    if text is not None or not isinstance(segments, list):
        return text
    texts = [segment["text"] for segment in segments if isinstance(segment, dict) and "text" in segment]
    is_complete = texts and len(texts) == len(segments) and all(isinstance(text, str) for text in texts)
    return "".join(texts) if is_complete else None


def _duration_of(body: Mapping[str, Any]) -> dict[str, float]:
    """Return the duration in seconds, which determines the cost, also if it is a text or in `usage` (OpenAI)."""
    usage = body.get("usage")
    seconds = body.get("duration", usage.get("seconds") if isinstance(usage, dict) else None)
    if isinstance(seconds, str):
        with suppress(ValueError):
            seconds = float(seconds)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < math.inf
    return {"duration": seconds} if is_number else {}


def _decode(content: bytes, content_type: str) -> str:
    """Return the text of a body, without a byte order mark. What is not UTF-8, as almost all are, is windows-1252."""
    declared = CHARSET.search(content_type)
    for encoding in (declared[1] if declared else "utf-8-sig", "utf-8-sig", "windows-1252"):
        with suppress(UnicodeError):
            return content.decode(encoding)
    return content.decode("iso-8859-1")
