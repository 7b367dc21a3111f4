"""A task that has a recording transcribed. Pure; the recording is handed in.

What Groq would refuse is found before it is asked (source: Groq's speech-to-text and API reference pages).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import (
    AUDIO,
    GRANULARITIES,
    LANGUAGE,
    MODEL,
    PROMPT,
    RESPONSE_FORMAT,
    TRANSCRIPTION_DEFAULTS,
    TRANSLATE,
)
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests.files import Contents
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.audio import MOST_BYTES, Recording
from catalyst_groq.groq.models.catalog import Feature, Model, known_models

AUDIO_FORMATS: Mapping[str, str] = {
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "video/mp4": "mp4",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/webm": "webm",
    "video/webm": "webm",
}
"""By MIME type the ending that tells Groq what a recording is."""

EXTENSIONS_BY_MIME_TYPE = {*AUDIO_FORMATS.values(), "mpeg", "mpga"}
VERBOSE = "verbose_json"
RESPONSE_FORMATS = (VERBOSE, "json", "text")
SEGMENT, WORD = "segment", "word"
YES_OR_NO = {"true": True, "false": False}
ADDRESS = re.compile(r"https?://\S+")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
UNSENDABLE_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What stands in no header: control characters and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What is asked, as the parameters of Groq's audio endpoints; a recording in a File stands in it as that."""

    parameters: Mapping[str, Any]

    @classmethod
    def from_fields(cls, written: RawFields) -> "TranscriptionRequest":
        """Check the fields. Raises `FieldError`."""
        wanted = written.text(RESPONSE_FORMAT)
        translate = YES_OR_NO[written.one_of(TRANSLATE, tuple(YES_OR_NO))]
        parameters = {
            "task": "translate" if translate else "transcribe",
            "model": _model(written.text(MODEL), translate=translate),
            **_audio(written),
            "response_format": written.one_of(RESPONSE_FORMAT, RESPONSE_FORMATS),
            "prompt": written.text(PROMPT),
        }
        if not translate:
            parameters["language"] = _language(written.text(LANGUAGE))
        if granularities := _granularities(written.text(GRANULARITIES), detailed=wanted == VERBOSE and not translate):
            parameters["timestamp_granularities"] = granularities
        return cls({name: value for name, value in parameters.items() if value != ""})

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the parameters; there are no streams of what is heard."""
        del stream
        return dict(self.parameters)

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Put the recording into the payload. Raises `FieldError`."""
        match payload.get("file"):
            case FileVariable() as file:
                return {**payload, "file": _recording(file, contents[file.name])}
            case _:
                return dict(payload)

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing: one recording has nothing to do with the next."""
        del payload, answer
        return {}

    def truncate(self, payload: Mapping[str, Any], share: float) -> None:
        """Return nothing: what was said is not made shorter."""
        del payload, share


def _audio(written: RawFields) -> dict[str, Any]:
    """Find the File or the address: written as such, by a placeholder, or by the name of a process variable."""
    text = str(written.fields[AUDIO]).strip()
    found = fill(AUDIO, text, written.variables, files=True)
    if not OPENING_MARKS.search(text) and not ADDRESS.fullmatch(text):
        if text not in written.variables:
            raise FieldError(AUDIO, f"there is no process variable '{text}'", "Set it before this task")
        found = written.variables[text]
    match found:
        case FileVariable():
            _check_format(found)
            return {"file": found}
        case str() if ADDRESS.fullmatch(found.strip()):
            return {"url": found.strip()}
    said = "is empty" if found is None else "is neither a File nor an address"
    raise FieldError(AUDIO, f"what '{text}' stands for {said}", "Name a File variable, or an https:// address")


def _check_format(file: FileVariable) -> None:
    if _ending(file.filename) not in EXTENSIONS_BY_MIME_TYPE and file.mimetype not in AUDIO_FORMATS:
        what = ", ".join(filter(None, (file.filename, file.mimetype))) or "of no known type"
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}' ({what}), which is no recording that Groq can hear",
            f"Convert it to one of {', '.join(sorted(EXTENSIONS_BY_MIME_TYPE))}",
        )


def _recording(file: FileVariable, content: bytes) -> Recording:
    most = max(MOST_BYTES.values())
    if not content:
        raise FieldError(AUDIO, f"names the File '{file.name}', which is empty", "Record it anew")
    if len(content) > most:
        plans = " and ".join(f"{size:,} on the {plan} plan" for plan, size in MOST_BYTES.items())
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}' of {len(content):,} bytes; Groq takes {plans}",
            "Make it smaller (FLAC or MP3, mono, 16 kHz), or give its address instead",
        )
    known = _ending(file.filename) in EXTENSIONS_BY_MIME_TYPE
    filename = file.filename if known else f"{file.filename or file.name}.{AUDIO_FORMATS[file.mimetype]}"
    if UNSENDABLE_CHARACTERS.search(told := f"{filename} {file.mimetype}"):
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}', in whose name or MIME type is a character that cannot be sent: {told!a}",
            "Name it anew without control characters",
        )
    return Recording(filename, file.mimetype or "application/octet-stream", content)


def _ending(filename: str) -> str:
    return PurePath(filename).suffix.removeprefix(".").lower()


def _model(name: str, *, translate: bool) -> str:
    name = name or TRANSCRIPTION_DEFAULTS[MODEL]
    model = known_models().get(name)
    if model and model.kind != "transcription":
        raise FieldError(MODEL, f"{name} cannot hear", f"Name {_translating_models()}")
    if translate and model and model.is_available and Feature.TRANSLATION not in model.features:
        raise FieldError(MODEL, f"{name} cannot translate", f"Name {_translating_models(Feature.TRANSLATION)}")
    return name


def _translating_models(*features: Feature) -> str:
    def is_able(model: Model) -> bool:
        return model.kind == "transcription" and model.features.issuperset(features)

    return " or ".join(model.id for model in known_models().available() if is_able(model))


def _language(text: str) -> str:
    if text and not LANGUAGE_CODE.fullmatch(text):
        raise FieldError(LANGUAGE, f"'{text}' is no ISO 639-1 code", "Write for example de, or nothing")
    return text


def _granularities(text: str, *, detailed: bool) -> list[str]:
    """Return which times are wanted; Groq tells them in its long answers only, and not of translations."""
    wanted = [name for part in text.split(",") if (name := part.strip())]
    if unknown := sorted({*wanted} - {SEGMENT, WORD}):
        raise FieldError(GRANULARITIES, f"'{unknown[0]}' has no times", f"Write {SEGMENT}, {WORD} or both")
    if WORD in wanted and not detailed:
        raise FieldError(
            GRANULARITIES,
            "asks when each word was said, which only a transcription as verbose_json tells",
            f"Choose {SEGMENT}, or another Response Format",
        )
    return wanted if detailed else []
