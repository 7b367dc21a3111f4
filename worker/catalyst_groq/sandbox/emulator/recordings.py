"""Speech to text, made up: what a recording is said to say, and how the answer looks in each format."""

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, bad_request, body_too_large

FORMATS = ("json", "text", "verbose_json")
_LEAST_SECONDS_BILLED = 10
_USUAL_BYTES_PER_SECOND = 16_000
_MOST_BYTES = {"free": 25_000_000}
_MOST_BYTES_OTHERWISE = 100_000_000


@dataclass(frozen=True, slots=True)
class UploadedAudio:
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
            return len(self.data) / _USUAL_BYTES_PER_SECOND

    @property
    def billed_seconds(self) -> float:
        """What counts against the limits."""
        return max(self.seconds, _LEAST_SECONDS_BILLED)


def validate_upload(recording: UploadedAudio, plan: str) -> ErrorResponse | None:
    """Refuse a form that Groq would not take (the words are made up)."""
    if "model" not in recording.fields:
        return bad_request("'model' : property 'model' is missing", param="model")
    if not recording.name:
        return bad_request("'file' : one of `file` and `url` is needed", param="file")
    if len(recording.data) > _MOST_BYTES.get(plan, _MOST_BYTES_OTHERWISE):
        return body_too_large()
    wanted = recording.fields.get("response_format", "json")
    if wanted not in FORMATS:
        return bad_request(f"'response_format' : value is not one of the allowed values {list(FORMATS)}")
    return None


def default_transcript(recording: UploadedAudio) -> str:
    """Return what a recording is said to say when no rule says otherwise."""
    return (
        f"This is what {recording.name} would say if the Groq emulator could hear. It takes {recording.seconds:.1f} s."
    )


def transcription(recording: UploadedAudio, text: str, task: str, request_id: str) -> Mapping[str, Any] | str:
    """Return an answer in the format that was asked for."""
    wanted = recording.fields.get("response_format", "json")
    if wanted == "text":
        return text
    told: dict[str, Any] = {"text": text}
    if wanted == "verbose_json":
        told |= _verbose(recording, text, task)
    return told | {"x_groq": {"id": request_id}}


def _verbose(recording: UploadedAudio, text: str, task: str) -> dict[str, Any]:
    seconds = round(recording.seconds, 2)
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
        "language": recording.fields.get("language", "English"),
        "duration": seconds,
        "segments": [segment],
    }
    if "word" in recording.granularities:
        words = text.split()
        step = seconds / max(len(words), 1)
        told["words"] = [
            {"word": word, "start": round(n * step, 2), "end": round((n + 1) * step, 2)} for n, word in enumerate(words)
        ]
    return told
