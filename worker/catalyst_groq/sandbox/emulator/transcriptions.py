"""Speech to text: generated transcripts, and their response in each format."""

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, bad_request, body_too_large

FORMATS = ("json", "text", "verbose_json")
_MIN_BILLED_SECONDS = 10
_DEFAULT_BYTES_PER_SECOND = 16_000
_MAX_BYTES_BY_PLAN = {"free": 25_000_000}
_MAX_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class AudioUpload:
    """An audio upload: a file or its URL, and the other form fields."""

    name: str
    data: bytes
    fields: Mapping[str, str]
    granularities: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration: from a WAV file's header, otherwise estimated from the size at 128 kbit/s."""
        try:
            with wave.open(io.BytesIO(self.data)) as audio:
                return float(audio.getnframes() / audio.getframerate())
        except (wave.Error, EOFError):
            return len(self.data) / _DEFAULT_BYTES_PER_SECOND

    @property
    def billed_seconds(self) -> float:
        """Seconds that count against the limits."""
        return max(self.seconds, _MIN_BILLED_SECONDS)


def validate_upload(upload: AudioUpload, plan: str) -> ErrorResponse | None:
    """Return an error for an invalid form. Its text is invented."""
    if "model" not in upload.fields:
        return bad_request("'model' : property 'model' is missing", param="model")
    if not upload.name:
        return bad_request("'file' : `file` or `url` is required", param="file")
    if len(upload.data) > _MAX_BYTES_BY_PLAN.get(plan, _MAX_BYTES):
        return body_too_large()
    response_format = upload.fields.get("response_format", "json")
    if response_format not in FORMATS:
        return bad_request(f"'response_format' : value is not one of the allowed values {list(FORMATS)}")
    return None


def generate_transcript(upload: AudioUpload) -> str:
    """Return the default transcript of an upload."""
    return f"The Groq emulator generated this transcript of {upload.name}. The recording takes {upload.seconds:.1f} s."


def format_transcription(upload: AudioUpload, text: str, task: str, request_id: str) -> Mapping[str, Any] | str:
    """Return the response in the requested format."""
    response_format = upload.fields.get("response_format", "json")
    if response_format == "text":
        return text
    body: dict[str, Any] = {"text": text}
    if response_format == "verbose_json":
        body |= _verbose(upload, text, task)
    return body | {"x_groq": {"id": request_id}}


def _verbose(upload: AudioUpload, text: str, task: str) -> dict[str, Any]:
    seconds = round(upload.seconds, 2)
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0,
        "end": seconds,
        "text": f" {text}",
        "tokens": [],
        "temperature": 0,
        "avg_logprob": -0.1,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    body: dict[str, Any] = {
        "task": task,
        "language": upload.fields.get("language", "English"),
        "duration": seconds,
        "segments": [segment],
    }
    if "word" in upload.granularities:
        words = text.split()
        step = seconds / max(len(words), 1)
        body["words"] = [
            {"word": word, "start": round(n * step, 2), "end": round((n + 1) * step, 2)} for n, word in enumerate(words)
        ]
    return body
