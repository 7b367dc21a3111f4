"""Audio files to transcribe or translate. Pure."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

MAX_FILE_BYTES = {"free": 25_000_000, "developer": 100_000_000}
"""The largest audio file that Groq accepts, by plan."""

MIN_BILLED_SECONDS = 10
"""Groq bills shorter audio as if it had this length."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file in a payload.

    `str()` gives its name, type, size and fingerprint instead of its content. It represents the file wherever a
    payload is written as text: in the journal key and in an incident.
    """

    filename: str
    mimetype: str
    content: bytes

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content."""
        return sha256(self.content).hexdigest()

    def __str__(self) -> str:
        return f"{self.filename} ({self.mimetype}, {len(self.content):,} bytes, SHA-256 {self.fingerprint})"
