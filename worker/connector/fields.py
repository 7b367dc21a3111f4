"""The fields of a task, checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from worker.connector.conversation import Conversation
from worker.connector.mapping import RESERVED, ErrorMapping, ResponseMapping
from worker.connector.retries import RetryCycle, parse_duration
from worker.connector.secrets import SecretSource
from worker.connector.written import (
    API_KEY,
    CONVERSATION,
    ERROR_MAPPING,
    FALLBACK_MODELS,
    GIVE_UP_AFTER,
    MODEL,
    PAYLOAD,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    TIMEOUT,
    URL,
    Written,
)
from worker.errors import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One task's fields: checked, with placeholders filled, except the payload, which is still a template."""

    payload: Mapping[str, Any]
    model: str | None
    fallback_models: tuple[str, ...]
    """Asked in this order where the model is gone, busy or out of order."""
    conversation: Conversation | None
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
        payload=written.structure(PAYLOAD),
        model=written.text(MODEL) or None,
        fallback_models=_listed(written.text(FALLBACK_MODELS)),
        conversation=_conversation(written.text(CONVERSATION), written.variables),
        secret_source=_secret_source(written.text(SECRET_SOURCE)),
        api_key=written.text(API_KEY),
        response_mapping=ResponseMapping.parse(RESPONSE_MAPPING, written.filled(RESPONSE_MAPPING)),
        error_mapping=ErrorMapping.parse(ERROR_MAPPING, written.filled(ERROR_MAPPING)),
        url=written.text(URL),
        timeout=_seconds(written.text(TIMEOUT)),
        retries=RetryCycle.parse(RETRIES, written.text(RETRIES)),
        give_up_after=_duration(GIVE_UP_AFTER, written.text(GIVE_UP_AFTER)),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _conversation(name: str, variables: Mapping[str, Any]) -> Conversation | None:
    if name.startswith(RESERVED):
        raise FieldError(
            CONVERSATION, f"'{name}' cannot be set: {RESERVED}… is the worker's own", "Choose another name"
        )
    return Conversation.read(CONVERSATION, name, variables) if name else None


def _secret_source(text: str) -> SecretSource:
    try:
        return SecretSource(text)
    except ValueError as error:
        raise FieldError(
            SECRET_SOURCE, f"'{text}' is no secret source", f"Use one of {', '.join(SecretSource)}"
        ) from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise FieldError(TIMEOUT, f"'{text}' is no number of seconds above 0", "Write for example 60")
    return seconds


def _duration(field: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise FieldError(field, str(error), "Write for example PT15M (15 minutes)") from error
