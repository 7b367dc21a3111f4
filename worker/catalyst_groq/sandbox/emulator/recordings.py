"""Speech to text, made up: what a recording is said to say, and how the answer looks in each format."""

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
    """What was sent to be transcribed: a file, or the URL of one, and the other fields of the form."""

    name: str
    data: bytes
    fields: Mapping[str, str]
    granularities: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is: told by a WAV file's header, else guessed from its size at 128 kbit/s."""
        try:
            with wave.open(io.BytesIO(self.data)) as opened:
                return float(opened.getnframes() / opened.getframerate())
        except (wave.Error, EOFError):
            return len(self.data) / _DEFAULT_BYTES_PER_SECOND

    @property
    def billed_seconds(self) -> float:
        """What counts against the limits."""
        return max(self.seconds, _MIN_BILLED_SECONDS)


def validate_upload(upload: AudioUpload, plan: str) -> ErrorResponse | None:
    """Refuse a form that Groq would not take (the words are made up)."""
    if "model" not in upload.fields:
        return bad_request("'model' : property 'model' is missing", param="model")
    if not upload.name:
        return bad_request("'file' : one of `file` and `url` is needed", param="file")
    if len(upload.data) > _MAX_BYTES_BY_PLAN.get(plan, _MAX_BYTES):
        return body_too_large()
    wanted = upload.fields.get("response_format", "json")
    if wanted not in FORMATS:
        return bad_request(f"'response_format' : value is not one of the allowed values {list(FORMATS)}")
    return None


def generate_transcript(upload: AudioUpload) -> str:
    """Return what a recording is said to say when no rule says otherwise."""
    return f"This is what {upload.name} would say if the Groq emulator could hear. It takes {upload.seconds:.1f} s."


def format_transcription(upload: AudioUpload, text: str, task: str, request_id: str) -> Mapping[str, Any] | str:
    """Return an answer in the format that was asked for."""
    wanted = upload.fields.get("response_format", "json")
    if wanted == "text":
        return text
    told: dict[str, Any] = {"text": text}
    if wanted == "verbose_json":
        told |= _verbose(upload, text, task)
    return told | {"x_groq": {"id": request_id}}


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
    told: dict[str, Any] = {
        "task": task,
        "language": upload.fields.get("language", "English"),
        "duration": seconds,
        "segments": [segment],
    }
    if "word" in upload.granularities:
        words = text.split()
        step = seconds / max(len(words), 1)
        told["words"] = [
            {"word": word, "start": round(n * step, 2), "end": round((n + 1) * step, 2)} for n, word in enumerate(words)
        ]
    return told
