"""Transcriptions in the forms in which servers send them, brought into one. Pure.

Groq sends JSON, or the text alone where the response format is `text`. Other servers send JSON as `text/plain`, the
text as a JSON text, in a list or under any content type, or the duration as a text.
"""

import codecs
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from catalyst_groq.groq.api.error_bodies import reports_error
from catalyst_groq.groq.api.responses import Response

KEYS = ("text", "segments", "duration", "language", "task")
"""A JSON object with one of these is a transcription."""

CHARSET = re.compile(r"charset\s*=\s*[\"']?(utf-?16(?:[bl]e)?|iso-8859-1|latin1|windows-1252)", re.IGNORECASE)
TEXT_FORMATS = ("text", "srt", "vtt")
"""The response formats that are no JSON."""

NO_TEXT = re.compile(r"""\s*(?:[{<]|\[\s*[{"])""")
"""A body that begins like this, and is no transcription in JSON, is broken JSON, other JSON, or a page of a gateway."""

BINARY_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Characters that show that a body is no text (source: the standard MIME Sniffing)."""


def parse_transcription(response: Response, response_format: object) -> dict[str, Any] | None:
    """Return the transcription in a 2xx response as an object with `text`; None if there is none in it.

    `text` is None where it is missing or null, and there are no segments to take it from: the server has worked, but
    there is no result. The answer to a request for one of `TEXT_FORMATS` is text under any content type but HTML.
    """
    body = response.body
    content_type = response.headers.get("content-type", "").lower()
    is_plain = content_type.startswith("text/") and "html" not in content_type
    if isinstance(body, dict):
        return _parse_object(body)
    if isinstance(body, list) or response.is_nested_too_deeply:
        return None
    if is_plain:
        text = _decode(response.content, content_type)
        return None if NO_TEXT.match(text) else {"text": text}
    if isinstance(body, str):
        return {"text": body}
    is_requested = response_format in TEXT_FORMATS and "html" not in content_type
    return _parse_text(response.content, content_type) if is_requested else None


def _parse_object(body: Mapping[str, Any]) -> dict[str, Any] | None:
    text, error = _text_of(body), body.get("error")
    if (error and (text is None or reports_error(error))) or not any(key in body for key in KEYS):
        return None
    return {**{key: value for key, value in body.items() if key != "error"}, "text": text, **_duration_of(body)}


def _parse_text(content: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the transcription in a body whose content type does not say that it is text."""
    text = _decode(content, content_type)
    if not text.strip() or NO_TEXT.match(text) or BINARY_CHARACTERS.search(text):
        return None
    return {"text": None if "json" in content_type and text.strip() == "null" else text}


def _text_of(body: Mapping[str, Any]) -> str | None:
    """Return the text; the joined texts where it is a list; else that of the segments. None for any other value."""
    text, segments = body.get("text"), body.get("segments")
    if isinstance(text, str):
        return text
    if isinstance(text, list) and text and all(isinstance(part, str) for part in text):
        return " ".join(part.strip() for part in text)
    if not isinstance(segments, list):
        return None
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
    encodings = (declared[1] if declared else "utf-8-sig", "utf-8-sig", "windows-1252")
    for encoding in ("utf-16",) if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else encodings:
        with suppress(UnicodeError):
            return content.decode(encoding)
    return content.decode("iso-8859-1")
