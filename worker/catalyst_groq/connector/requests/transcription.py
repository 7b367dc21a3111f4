"""Builds a transcription or translation request from a task's fields. Pure; the caller reads the recording.

Requests that Groq would refuse fail before they are sent (source: Groq's speech-to-text and API reference pages).
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
from catalyst_groq.groq.api.audio import MAX_FILE_BYTES, AudioFile
from catalyst_groq.groq.api.operations import TASK_PARAMETER, TRANSCRIPTION, TRANSLATION, Operation
from catalyst_groq.groq.models.catalog import Feature, ModelCatalog

EXTENSIONS_BY_MIME_TYPE: Mapping[str, str] = {
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
"""By MIME type the file extension from which Groq takes the format of a recording."""

AUDIO_EXTENSIONS = {*EXTENSIONS_BY_MIME_TYPE.values(), "mpeg", "mpga"}
VERBOSE = "verbose_json"
RESPONSE_FORMATS = (VERBOSE, "json", "text")
SEGMENT, WORD = "segment", "word"
BOOLEANS = {"true": True, "false": False}
URL = re.compile(r"https?://\S+")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
UNSENDABLE_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Characters that no header may contain: control characters and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """A checked request: the parameters of Groq's audio endpoints, with the recording as a File variable or a URL."""

    parameters: Mapping[str, Any]

    @classmethod
    def from_fields(cls, fields: RawFields, catalog: ModelCatalog) -> "TranscriptionRequest":
        """Check the fields. Raises `FieldError`."""
        response_format = fields.text(RESPONSE_FORMAT)
        translate = BOOLEANS[fields.one_of(TRANSLATE, tuple(BOOLEANS))]
        parameters = {
            TASK_PARAMETER: "translate" if translate else "transcribe",
            "model": _check_model(fields.text(MODEL) or TRANSCRIPTION_DEFAULTS[MODEL], catalog, translate=translate),
            **_read_audio(fields),
            "response_format": fields.one_of(RESPONSE_FORMAT, RESPONSE_FORMATS),
            "prompt": fields.text(PROMPT),
        }
        if not translate:
            parameters["language"] = _check_language(fields.text(LANGUAGE))
        has_timestamps = response_format == VERBOSE and not translate
        if granularities := _parse_granularities(fields.text(GRANULARITIES), has_timestamps=has_timestamps):
            parameters["timestamp_granularities"] = granularities
        return cls({name: value for name, value in parameters.items() if value != ""})

    @property
    def operation(self) -> Operation:
        """The API operation: a transcription, or a translation to English."""
        return TRANSLATION if self.parameters[TASK_PARAMETER] == "translate" else TRANSCRIPTION

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the parameters; Groq does not stream transcriptions."""
        del stream
        return dict(self.parameters)

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the content of the recording. Raises `FieldError`."""
        match payload.get("file"):
            case FileVariable() as file:
                return {**payload, "file": _make_audio_file(file, contents[file.name])}
            case _:
                return dict(payload)

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing: a transcription has no conversation."""
        del payload, answer
        return {}

    def truncate(self, payload: Mapping[str, Any], fraction: float) -> None:
        """Return None: a recording is never shortened."""
        del payload, fraction


def _read_audio(fields: RawFields) -> dict[str, Any]:
    """Return the File or the URL: the field holds the URL itself, a placeholder, or the name of a process variable."""
    text = str(fields.fields[AUDIO]).strip()
    value = fill(AUDIO, text, fields.variables, files=True)
    if not OPENING_MARKS.search(text) and not URL.fullmatch(text):
        if text not in fields.variables:
            raise FieldError(AUDIO, f"there is no process variable '{text}'", "Set it before this task")
        value = fields.variables[text]
    match value:
        case FileVariable():
            _check_format(value)
            return {"file": value}
        case str() if URL.fullmatch(value.strip()):
            return {"url": value.strip()}
    problem = "is empty" if value is None else "is neither a File nor a URL"
    raise FieldError(AUDIO, f"the value of '{text}' {problem}", "Name a File variable, or an https:// URL")


def _check_format(file: FileVariable) -> None:
    if _extension(file.filename) not in AUDIO_EXTENSIONS and file.mimetype not in EXTENSIONS_BY_MIME_TYPE:
        kind = ", ".join(filter(None, (file.filename, file.mimetype))) or "of no known type"
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}' ({kind}), whose audio format Groq does not support",
            f"Convert it to one of {', '.join(sorted(AUDIO_EXTENSIONS))}",
        )


def _make_audio_file(file: FileVariable, content: bytes) -> AudioFile:
    max_bytes = max(MAX_FILE_BYTES.values())
    if not content:
        raise FieldError(AUDIO, f"names the File '{file.name}', which is empty", "Record it again")
    if len(content) > max_bytes:
        plans = " and ".join(f"{size:,} on the {plan} plan" for plan, size in MAX_FILE_BYTES.items())
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}' of {len(content):,} bytes; Groq takes {plans}",
            "Make it smaller (FLAC or MP3, mono, 16 kHz), or give its URL instead",
        )
    has_extension = _extension(file.filename) in AUDIO_EXTENSIONS
    extension = EXTENSIONS_BY_MIME_TYPE.get(file.mimetype, "")
    filename = file.filename if has_extension else f"{file.filename or file.name}.{extension}"
    if UNSENDABLE_CHARACTERS.search(headers := f"{filename} {file.mimetype}"):
        raise FieldError(
            AUDIO,
            f"names the File '{file.name}', whose name or MIME type has a character that cannot be sent: {headers!a}",
            "Rename it without control characters",
        )
    return AudioFile(filename, file.mimetype or "application/octet-stream", content)


def _extension(filename: str) -> str:
    return PurePath(filename).suffix.removeprefix(".").lower()


def _check_model(name: str, catalog: ModelCatalog, *, translate: bool) -> str:
    model = catalog.get(name)
    if model and model.kind != "transcription":
        raise FieldError(
            MODEL, f"{name} does not support audio input", f"Use {_transcription_models(catalog, frozenset())}"
        )
    if translate and model and model.is_available and Feature.TRANSLATION not in model.features:
        able = _transcription_models(catalog, frozenset({Feature.TRANSLATION}))
        raise FieldError(MODEL, f"{name} does not support translation", f"Use {able}")
    return name


def _transcription_models(catalog: ModelCatalog, features: frozenset[Feature]) -> str:
    return " or ".join(
        model.id
        for model in catalog.available()
        if model.kind == "transcription" and model.features.issuperset(features)
    )


def _check_language(text: str) -> str:
    if text and not LANGUAGE_CODE.fullmatch(text):
        raise FieldError(LANGUAGE, f"'{text}' is not an ISO 639-1 code", "Write for example de, or leave it blank")
    return text


def _parse_granularities(text: str, *, has_timestamps: bool) -> list[str]:
    """Return the granularities to request: Groq gives timestamps in verbose_json only, and not for translations."""
    granularities = [name for part in text.split(",") if (name := part.strip())]
    if unknown := sorted({*granularities} - {SEGMENT, WORD}):
        raise FieldError(GRANULARITIES, f"'{unknown[0]}' is not a valid value", f"It must be {SEGMENT}, {WORD} or both")
    if WORD in granularities and not has_timestamps:
        raise FieldError(
            GRANULARITIES,
            "requests word timestamps, which only a verbose_json transcription contains",
            f"Choose {SEGMENT}, or another Response Format",
        )
    return granularities if has_timestamps else []
