"""Files as typed process variables, and recordings for them."""

import base64
import io
import wave
from typing import Any

RATE = 8000
SECONDS = 3


def recording(seconds: int = SECONDS) -> bytes:
    """Return a WAV file of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(1)
        wav.setframerate(RATE)
        wav.writeframes(b"\x80" * (RATE * seconds))
    return written.getvalue()


def file(content: bytes, filename: str = "voicemail.wav", mimetype: str = "audio/wav") -> dict[str, Any]:
    """Return a File variable as the REST API takes it."""
    value = base64.b64encode(content).decode()
    return {"type": "File", "value": value, "valueInfo": {"filename": filename, "mimeType": mimetype}}
