"""Audio uploads and transcription responses. Pure."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

MAX_FILE_BYTES = {"free": 25_000_000, "developer": 100_000_000}
"""Of one audio file, by plan."""

MIN_BILLED_SECONDS = 10
"""Shorter audio is billed as this long."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file in a payload.

    Where a payload is written as text (journal key, incident), `str()` stands for it: name, type, size and fingerprint.
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
