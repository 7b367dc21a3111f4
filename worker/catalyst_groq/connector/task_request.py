"""A task's request: all fields checked, with placeholders filled."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from catalyst_groq.connector.access.secrets import BUILT_IN_SOURCES
from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.model_list import parse_models
from catalyst_groq.connector.fields.names import (
    API_KEY,
    CHAT_DEFAULTS,
    CHAT_OPERATION,
    CONVERSATION,
    ERROR_MAPPING,
    FALLBACK_MODELS,
    GIVE_UP_AFTER,
    OPERATION,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    STANDARD_VARIABLES,
    SUCCESS,
    TIMEOUT,
    TRANSCRIBE_OPERATION,
    TRANSCRIPTION_DEFAULTS,
    URL,
)
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.reader import FieldReader, FieldSource
from catalyst_groq.connector.fields.retry_cycle import RetryCycle, parse_duration
from catalyst_groq.connector.requests.chat import ChatRequest
from catalyst_groq.connector.requests.files import Contents
from catalyst_groq.connector.requests.transcription import TranscriptionRequest
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.operations import Operation
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.call import Truncated


class StandardVariables(StrEnum):
    """When the standard variables are sent. Failures, BPMN errors and collected errors always have them."""

    ALWAYS = "always"
    ON_FAILURE = "onFailure"


class RequestBuilder(Protocol):
    """Builds the payload of a task's request in two steps: in between, the Files that it uses are read."""

    @property
    def operation(self) -> Operation:
        """The API operation that is requested."""

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Return the payload with File variables not yet replaced by their contents. Raises `FieldError`.

        `stream`: request a streamed response where that is possible.
        """

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the contents of its Files, by their names. Raises `FieldError`."""

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return process variables beyond the response mapping, such as a conversation."""

    def truncate(self, payload: Mapping[str, Any], fraction: float) -> Truncated | None:
        """Return a payload with that fraction of the prompt; None when it cannot be, or must not be, truncated."""


@dataclass(frozen=True, slots=True)
class TaskOperation:
    """One value of the Operation field: the fields that it has, and how they become a request."""

    defaults: Mapping[str, str]
    """The names of its fields, with their defaults."""
    build: Callable[[RawFields, ModelCatalog], RequestBuilder]
    """Checks the fields. Raises `FieldError`."""


TASK_OPERATIONS: Mapping[str, TaskOperation] = {
    CHAT_OPERATION: TaskOperation(CHAT_DEFAULTS, ChatRequest.from_fields),
    TRANSCRIBE_OPERATION: TaskOperation(TRANSCRIPTION_DEFAULTS, TranscriptionRequest.from_fields),
}
"""By the value of the Operation field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One task's fields: checked, with placeholders filled."""

    builder: RequestBuilder
    fallback_models: tuple[str, ...]
    """Used in this order when the model is unavailable, rate limited or failing."""
    secret_source: str
    """Name of a secret source: one of `Secrets.sources`."""
    api_key: str
    response_mapping: ResponseMapping
    has_own_mapping: bool
    """Whether a modeller has written it. The template's one maps what only some answers have."""
    error_mapping: ErrorMapping
    url: str
    timeout: float
    """Seconds that one request may take."""
    retries: RetryCycle
    give_up_after: timedelta
    """How long after the task's creation the worker still waits for rate limits."""
    reports_success: bool = True
    """Whether a success sends the standard variables too."""
    warnings: tuple[str, ...] = ()
    """What may be a mistake in the fields, and is done all the same."""


class TaskRequestReader:
    """Reads the requests of tasks.

    `operations` are the values that the Operation field may have, `secret_sources` those of the Secret Source field.
    """

    def __init__(
        self,
        catalog: ModelCatalog,
        operations: Mapping[str, TaskOperation] = TASK_OPERATIONS,
        secret_sources: tuple[str, ...] = BUILT_IN_SOURCES,
    ) -> None:
        self._catalog = catalog
        self._operations = operations
        self._secret_sources = secret_sources
        self._field_reader = FieldReader({name: operation.defaults for name, operation in operations.items()})

    def read_fields(self, task: ExternalTask, definition: Definition) -> RawFields:
        """Look up the fields of a task, unchecked."""
        return self._field_reader.read(task, definition)

    def find_sources(self, task: ExternalTask, definition: Definition) -> dict[str, FieldSource]:
        """Return where each field of a task is found."""
        return self._field_reader.find_sources(task, definition)

    def read(self, fields: RawFields) -> TaskRequest:
        """Check all fields before anything is sent or paid for. Raises `FieldError`."""
        request = self._read(fields)
        if CONVERSATION in fields.fields and fields.text(CONVERSATION) in request.response_mapping.expressions:
            problem = f"'{fields.text(CONVERSATION)}' is also a name in the Response Mapping"
            raise FieldError(CONVERSATION, problem, "Give one of them another name")
        return request

    def _read(self, fields: RawFields) -> TaskRequest:
        return TaskRequest(
            warnings=(*fields.template.ignored_names, *fields.check_foreign_placeholders()),
            builder=self._read_builder(fields),
            fallback_models=fields.parse(FALLBACK_MODELS, parse_models),
            secret_source=fields.one_of(SECRET_SOURCE, self._secret_sources),
            api_key=fields.text(API_KEY),
            response_mapping=fields.parse(RESPONSE_MAPPING, ResponseMapping.parse),
            has_own_mapping=not fields.is_default(RESPONSE_MAPPING),
            error_mapping=fields.parse(ERROR_MAPPING, ErrorMapping.parse),
            url=fields.text(URL),
            timeout=fields.parse(TIMEOUT, _parse_seconds),
            retries=fields.parse(RETRIES, RetryCycle.parse),
            give_up_after=fields.parse(GIVE_UP_AFTER, _parse_duration),
            reports_success=_reports_success(fields),
        )

    def _read_builder(self, fields: RawFields) -> RequestBuilder:
        name = str(fields.fields[OPERATION])
        if name not in self._operations:
            problem = f"'{name}' is not an operation of this worker"
            raise FieldError(OPERATION, problem, f"Write one of {', '.join(self._operations)}")
        return self._operations[name].build(fields, self._catalog)


def _reports_success(fields: RawFields) -> bool:
    """Whether a success sends the standard variables: it must not leave those of an earlier failure behind."""
    choice = fields.one_of(STANDARD_VARIABLES, tuple(StandardVariables))
    return choice == StandardVariables.ALWAYS or fields.variables.get(SUCCESS) is False


def _parse_seconds(field: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise FieldError(field, f"'{text}' is not a number of seconds above 0", "Write for example 60")
    return seconds


def _parse_duration(field: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise FieldError(field, str(error), "Write for example PT15M (15 minutes)") from error
