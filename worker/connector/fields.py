"""The fields of a task, as the element template writes them, read and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from worker.camunda.definitions import Definition
from worker.camunda.tasks import ExternalTask
from worker.connector.mapping import ErrorMapping, ResponseMapping
from worker.connector.needs import Needs, needs_of, union
from worker.connector.payload import fill, parse_structure
from worker.connector.retries import RetryCycle, parse_duration
from worker.connector.secrets import SecretSource
from worker.connector.urls import CHAT, GROQ
from worker.errors import FieldError
from worker.groq.models import known_models

PAYLOAD = "catalyst_payload"
MODEL = "catalyst_model"
SECRET_SOURCE = "catalyst_secretSource"  # noqa: S105 -- a field's name
API_KEY = "catalyst_apiKey"
RESPONSE_MAPPING = "catalyst_responseMapping"
ERROR_MAPPING = "catalyst_errorMapping"
URL = "catalyst_url"
TIMEOUT = "catalyst_timeout"
RETRIES = "catalyst_retries"
GIVE_UP_AFTER = "catalyst_giveUpAfter"

STRUCTURES = {PAYLOAD, RESPONSE_MAPPING, ERROR_MAPPING}

DEFAULTS: Mapping[str, str] = {
    PAYLOAD: f"""\
{{
  "model": "{known_models().default}",
  "max_tokens": 1024,
  "messages": [
    {{"role": "system", "content": "You are a helpful assistant."}},
    {{"role": "user", "content": "${{userMessage}}"}}
  ]
}}""",
    MODEL: "",
    SECRET_SOURCE: "env",
    API_KEY: "groq_api_key",
    RESPONSE_MAPPING: """\
{
  "aiReply": "choices[0].message.content",
  "modelUsed": "model",
  "promptTokens": "usage.prompt_tokens",
  "completionTokens": "usage.completion_tokens",
  "finishReason": "choices[0].finish_reason"
}""",
    ERROR_MAPPING: """\
{
  "429": "RATE_LIMITED",
  "401": "AUTH_FAILED",
  "400": "INVALID_REQUEST"
}""",
    URL: GROQ + CHAT,
    TIMEOUT: "60",
    RETRIES: "R3/PT10S",
    GIVE_UP_AFTER: "PT15M",
}
"""Every field by the name the template writes, with what it is when nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One task's fields: checked, with placeholders filled, except the payload, which is still a template."""

    payload: Mapping[str, Any]
    model: str | None
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


def read_fields(task: ExternalTask, definition: Definition) -> Fields:
    """Read and check all fields of a task before anything is asked or paid. Raises `FieldError`."""
    source = _Source(task, definition)
    return Fields(
        payload=source.structure(PAYLOAD),
        model=source.text(MODEL) or None,
        secret_source=_secret_source(source.text(SECRET_SOURCE)),
        api_key=source.text(API_KEY),
        response_mapping=ResponseMapping.parse(RESPONSE_MAPPING, source.filled(RESPONSE_MAPPING)),
        error_mapping=ErrorMapping.parse(ERROR_MAPPING, source.filled(ERROR_MAPPING)),
        url=source.text(URL),
        timeout=_seconds(source.text(TIMEOUT)),
        retries=RetryCycle.parse(RETRIES, source.text(RETRIES)),
        give_up_after=_duration(GIVE_UP_AFTER, source.text(GIVE_UP_AFTER)),
    )


def needed_variables(task: ExternalTask, definition: Definition) -> Needs:
    """Return the names of all variables that reading the fields and filling the payload may look at."""
    source = _Source(task, definition)
    used = (needs_of(source.loose(name)) for name in DEFAULTS)
    return union([frozenset(DEFAULTS), frozenset({source.raw(API_KEY).strip()}), *used])


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a field may stand, in order: extension property, `camunda:field`, variable of that name, default."""

    task: ExternalTask
    definition: Definition

    def raw(self, name: str) -> str:
        """The field as it was written; blank counts as not written."""
        written = (
            self.task.extension_properties.get(name),
            self.definition.fields_of(self.task.activity_id).get(name),
            self.task.variables.get(name),
        )
        return next((text for text in written if isinstance(text, str) and text.strip()), DEFAULTS[name])

    def loose(self, name: str) -> Any:
        """The field as a structure if it is one, otherwise as text."""
        try:
            return self.structure(name) if name in STRUCTURES else self.raw(name)
        except FieldError:
            return self.raw(name)

    def text(self, name: str) -> str:
        """The field with its placeholders filled."""
        value = fill(name, self.raw(name).strip(), self.task.variables)
        return "" if value is None else str(value)

    def filled(self, name: str) -> dict[str, Any]:
        """The field as an object with its placeholders filled."""
        filled: dict[str, Any] = fill(name, self.structure(name), self.task.variables)
        return filled

    def structure(self, name: str) -> dict[str, Any]:
        """The field as an object; an input parameter may also hold it as a Json variable."""
        text = self.raw(name)
        if text is DEFAULTS[name] and isinstance(structure := self.task.variables.get(name), dict):
            return structure
        try:
            return parse_structure(name, text)
        except FieldError as error:
            if text == self.task.variables.get(name):
                mend = "In an input parameter write \\${…}, or the engine fills the text in before the worker can"
                raise FieldError(name, str(error).removeprefix(f"{name}: "), mend) from error
            raise


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
