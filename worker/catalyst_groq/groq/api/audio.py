"""Speech to text: what is sent to be heard, and what has been heard. Pure."""

from hashlib import sha256
from http import HTTPStatus
from typing import Self

from catalyst_groq.groq.api.requests import Payload
from catalyst_groq.groq.api.responses import Response

MOST_BYTES = {"free": 25_000_000, "developer": 100_000_000}
"""Of one recording, by plan."""

LEAST_SECONDS = 10
"""What is shorter costs as much."""


class Recording(str):
    """A recording in a payload.

    As a text it says what it is, so that a payload can be written down, and told from others, without its content.
    """

    __slots__ = ("content", "filename", "mimetype")

    content: bytes
    filename: str
    mimetype: str

    def __new__(cls, filename: str, mimetype: str, content: bytes) -> Self:
        """Keep the content beside the text."""
        told = f"{filename} ({mimetype}, {len(content):,} bytes, SHA-256 {sha256(content).hexdigest()})"
        recording = super().__new__(cls, told)
        recording.filename, recording.mimetype, recording.content = filename, mimetype, content
        return recording


def heard(answer: Response, payload: Payload) -> Response:
    """Give an answer the shape of JSON with the `text`, whatever its format, and the `model`, which Groq leaves out."""
    if not HTTPStatus(200) <= answer.status < HTTPStatus(300):
        return answer
    if answer.headers.get("content-type", "").startswith("text/plain"):
        return answer.with_body({"model": payload["model"], "text": answer.text})
    if isinstance(answer.body, dict) and "text" in answer.body:
        return answer.with_body({"model": payload["model"], **answer.body})
    return answer
