"""The fields of a task, checked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from worker.connector.chat import Chat
from worker.connector.files import Contents
from worker.connector.mapping import ErrorMapping, ResponseMapping
from worker.connector.retries import RetryCycle, parse_duration
from worker.connector.secrets import SecretSource
from worker.connector.shortening import Shorter
from worker.connector.transcription import Transcription
from worker.connector.written import (
    API_KEY,
    CHATTING,
    ERROR_MAPPING,
    FALLBACK_MODELS,
    GIVE_UP_AFTER,
    OPERATION,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    TIMEOUT,
    TRANSCRIBING,
    URL,
    Written,
)
from worker.errors import FieldError


class Question(Protocol):
    """What a task asks Groq. It becomes a payload in two steps: Files are read in between, and only those it uses."""

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the payload with Files standing in it; as a stream, if there can be one. Raises `FieldError`."""

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the content of its Files, by their names. Raises `FieldError`."""

    def remembered(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variables that the next question needs."""

    def shorter(self, payload: Mapping[str, Any], share: float) -> Shorter | None:
        """Return a payload of so much of the prompt, if the modeller wants it shortened and it can be."""


QUESTIONS: Mapping[str, Callable[[Written], Question]] = {CHATTING: Chat.read, TRANSCRIBING: Transcription.read}
"""By operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One task's fields: checked, with placeholders filled."""

    question: Question
    fallback_models: tuple[str, ...]
    """Asked in this order where the model is gone, busy or out of order."""
    secret_source: SecretSource
    api_key: str
    response_mapping: ResponseMapping
    error_mapping: ErrorMapping
    url: str
    timeout: float
    """Seconds one call may take."""
    retries: RetryCycle
    give_up_after: timedelta
    """How long after the task's creation Groq's limits are still waited for."""


def read_fields(written: Written) -> Fields:
    """Check all fields of a task before anything is asked or paid. Raises `FieldError`."""
    return Fields(
        question=_question(written),
        fallback_models=written.read(FALLBACK_MODELS, _listed),
        secret_source=written.choice(SECRET_SOURCE, SecretSource, "secret source"),
        api_key=written.text(API_KEY),
        response_mapping=written.read(RESPONSE_MAPPING, ResponseMapping.parse),
        error_mapping=written.read(ERROR_MAPPING, ErrorMapping.parse),
        url=written.text(URL),
        timeout=written.read(TIMEOUT, _seconds),
        retries=written.read(RETRIES, RetryCycle.parse),
        give_up_after=written.read(GIVE_UP_AFTER, _duration),
    )


def _question(written: Written) -> Question:
    operation = str(written.fields[OPERATION])
    if operation not in QUESTIONS:
        raise FieldError(
            OPERATION, f"'{operation}' is nothing that the worker can do", f"Write one of {', '.join(QUESTIONS)}"
        )
    return QUESTIONS[operation](written)


def _listed(_: str, text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _seconds(field: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise FieldError(field, f"'{text}' is no number of seconds above 0", "Write for example 60")
    return seconds


def _duration(field: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise FieldError(field, str(error), "Write for example PT15M (15 minutes)") from error
