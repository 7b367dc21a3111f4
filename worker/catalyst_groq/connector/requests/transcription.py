"""Builds a transcription or translation request from a task's fields. Pure; the caller reads the recording.

Requests that Groq would refuse fail before they are sent (source: Groq's speech-to-text and API reference pages).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.expressions.placeholder_values import describe_variable
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.expressions.required_variables import variables_used_by
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
from catalyst_groq.connector.requests.recordings import make_audio_file
from catalyst_groq.domain.variables import FileVariable, OpaqueValue
from catalyst_groq.errors import FieldError, UnreadableFile
from catalyst_groq.groq.api.operations import TASK_PARAMETER, TRANSCRIPTION, TRANSLATION, Operation
from catalyst_groq.groq.models.catalog import Feature, ModelCatalog

VERBOSE = "verbose_json"
RESPONSE_FORMATS = (VERBOSE, "json", "text")
SEGMENT, WORD = "segment", "word"
BOOLEANS = {"true": True, "false": False}
URL = re.compile(r"https?://\S+")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """A checked request: the parameters of Groq's audio endpoints, with the recording as a File variable or a URL."""

    parameters: Mapping[str, Any]
    unusable: UnreadableFile | None = None
    """Why there is no recording among the parameters. As for a File's content, the error mapping may name it."""

    @classmethod
    def from_fields(cls, fields: RawFields, catalog: ModelCatalog) -> "TranscriptionRequest":
        """Check the fields. Raises `FieldError`."""
        response_format = fields.text(RESPONSE_FORMAT)
        translate = BOOLEANS[fields.one_of(TRANSLATE, tuple(BOOLEANS))]
        recording = _read_audio(fields)
        parameters = {
            TASK_PARAMETER: "translate" if translate else "transcribe",
            "model": _check_model(fields.text(MODEL) or TRANSCRIPTION_DEFAULTS[MODEL], catalog, translate=translate),
            **({} if isinstance(recording, UnreadableFile) else recording),
            "response_format": fields.one_of(RESPONSE_FORMAT, RESPONSE_FORMATS),
            "prompt": fields.text(PROMPT),
        }
        if not translate:
            parameters["language"] = _check_language(fields.text(LANGUAGE))
        has_timestamps = response_format == VERBOSE and not translate
        if granularities := _parse_granularities(fields.text(GRANULARITIES), has_timestamps=has_timestamps):
            parameters["timestamp_granularities"] = granularities
        unusable = recording if isinstance(recording, UnreadableFile) else None
        return cls({name: value for name, value in parameters.items() if value != ""}, unusable)

    @property
    def operation(self) -> Operation:
        """The API operation: a transcription, or a translation to English."""
        return TRANSLATION if self.parameters[TASK_PARAMETER] == "translate" else TRANSCRIPTION

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the parameters; Groq does not stream transcriptions."""
        del stream
        return dict(self.parameters)

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the content of the recording. Raises `UnreadableFile`."""
        if self.unusable:
            raise self.unusable
        match payload.get("file"):
            case FileVariable() as file if isinstance(content := contents[file.name], bytes):
                return {**payload, "file": make_audio_file(file, content)}
            case _:
                return dict(payload)

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing: a transcription has no conversation."""
        del payload, answer
        return {}

    def truncate(self, payload: Mapping[str, Any], fraction: float) -> None:
        """Return None: a recording is never shortened."""
        del payload, fraction


def _read_audio(fields: RawFields) -> dict[str, Any] | UnreadableFile:
    """Return the File or the URL: the field holds the URL itself, a placeholder, or the name of a process variable.

    A value that is neither is returned as an error, since another value can be used. Raises `FieldError`.
    """
    written = fields.fields[AUDIO]
    text = written.strip() if isinstance(written, str) else AUDIO  # a File as an input parameter of that name
    used: Collection[str] = variables_used_by(text) or ()
    try:
        value = fill(AUDIO, text, fields.variables, files=True)
    except FieldError as error:
        has_opaque = any(isinstance(fields.variables.get(name), OpaqueValue) for name in used)
        if has_opaque and not error.missing_variable:
            return UnreadableFile(AUDIO, error.problem, error.fix, *used)
        raise
    if not OPENING_MARKS.search(text) and not URL.fullmatch(text):
        if text not in fields.variables:
            problem = f"there is no process variable '{text}'"
            raise FieldError(AUDIO, problem, "Set it before this task", missing_variable=text)
        value, used = fields.variables[text], (text,)
    match value:
        case FileVariable():
            return {"file": value}
        case str() if URL.fullmatch(value.strip()):
            return {"url": value.strip()}
        case OpaqueValue():
            problem = describe_variable(text, value)
        case _:
            problem = f"the value of '{text}' {'is empty' if value in (None, '') else 'is neither a File nor a URL'}"
    return UnreadableFile(AUDIO, problem, "Name a File variable, or an https:// URL", *used)


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
