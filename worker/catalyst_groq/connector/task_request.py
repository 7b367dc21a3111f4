"""The fields of a task, checked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from catalyst_groq.connector.access.secrets import BUILT_IN_SOURCES
from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.names import (
    API_KEY,
    CHAT_OPERATION,
    ERROR_MAPPING,
    FALLBACK_MODELS,
    GIVE_UP_AFTER,
    OPERATION,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    TIMEOUT,
    TRANSCRIBE_OPERATION,
    URL,
)
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.retry_cycle import RetryCycle, parse_duration
from catalyst_groq.connector.requests.chat import ChatRequest
from catalyst_groq.connector.requests.files import Contents
from catalyst_groq.connector.requests.transcription import TranscriptionRequest
from catalyst_groq.connector.requests.truncation import Truncated
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import ModelCatalog, known_models


class RequestBuilder(Protocol):
    """What a task asks Groq. It becomes a payload in two steps: Files are read in between, and only those it uses."""

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the payload with Files standing in it; as a stream, if there can be one. Raises `FieldError`."""

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the content of its Files, by their names. Raises `FieldError`."""

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variables that the next question needs."""

    def truncate(self, payload: Mapping[str, Any], share: float) -> Truncated | None:
        """Return a payload of so much of the prompt, if the modeller wants it shortened and it can be."""


REQUEST_BUILDERS: Mapping[str, Callable[[RawFields, ModelCatalog], RequestBuilder]] = {
    CHAT_OPERATION: ChatRequest.from_fields,
    TRANSCRIBE_OPERATION: TranscriptionRequest.from_fields,
}
"""By operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One task's fields: checked, with placeholders filled."""

    builder: RequestBuilder
    fallback_models: tuple[str, ...]
    """Asked in this order where the model is gone, busy or out of order."""
    secret_source: str
    """Name of a secret source: one of `Secrets.sources`."""
    api_key: str
    response_mapping: ResponseMapping
    error_mapping: ErrorMapping
    url: str
    timeout: float
    """Seconds one call may take."""
    retries: RetryCycle
    give_up_after: timedelta
    """How long after the task's creation Groq's limits are still waited for."""


def read_task_request(written: RawFields, secret_sources: tuple[str, ...] = BUILT_IN_SOURCES) -> TaskRequest:
    """Check all fields of a task before anything is asked or paid. Raises `FieldError`.

    `secret_sources` are the values that the Secret Source field may have.
    """
    return TaskRequest(
        builder=_read_builder(written),
        fallback_models=written.parse(FALLBACK_MODELS, _parse_list),
        secret_source=written.one_of(SECRET_SOURCE, secret_sources),
        api_key=written.text(API_KEY),
        response_mapping=written.parse(RESPONSE_MAPPING, ResponseMapping.parse),
        error_mapping=written.parse(ERROR_MAPPING, ErrorMapping.parse),
        url=written.text(URL),
        timeout=written.parse(TIMEOUT, _parse_seconds),
        retries=written.parse(RETRIES, RetryCycle.parse),
        give_up_after=written.parse(GIVE_UP_AFTER, _parse_duration),
    )


def _read_builder(written: RawFields) -> RequestBuilder:
    operation = str(written.fields[OPERATION])
    if operation not in REQUEST_BUILDERS:
        raise FieldError(
            OPERATION, f"'{operation}' is nothing that the worker can do", f"Write one of {', '.join(REQUEST_BUILDERS)}"
        )
    return REQUEST_BUILDERS[operation](written, known_models())


def _parse_list(_: str, text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _parse_seconds(field: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise FieldError(field, f"'{text}' is no number of seconds above 0", "Write for example 60")
    return seconds


def _parse_duration(field: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise FieldError(field, str(error), "Write for example PT15M (15 minutes)") from error
