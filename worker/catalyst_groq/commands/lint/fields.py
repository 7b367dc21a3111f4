"""Checks each field with the worker's own code, and returns what it has parsed for further checks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from catalyst_groq.commands.lint.context import InlineExecutor, LintContext, finish
from catalyst_groq.commands.lint.misspelt_fields import find_misspelt_fields, read_as_meant
from catalyst_groq.commands.lint.samples import is_constant, sample_mapping, sample_payload
from catalyst_groq.commands.lint.tasks import WrittenTask
from catalyst_groq.connector.access.secrets import HEX_KEY, VARIABLE_NAME, VARIABLE_SOURCE
from catalyst_groq.connector.endpoint_selection import check_parameters, resolve_base_url, select_endpoints
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.names import (
    API_KEY,
    AUDIO,
    COLLECT,
    COLLECT_ERRORS,
    COLLECT_KEY,
    CONVERSATION,
    ERROR_MAPPING,
    FALLBACK_MODELS,
    GIVE_UP_AFTER,
    GRANULARITIES,
    LANGUAGE,
    LOOP_COUNTER,
    MODEL,
    OBJECT_FIELDS,
    OPERATION,
    PAYLOAD,
    RESPONSE_MAPPING,
    RETRIES,
    SECRET_SOURCE,
    TIMEOUT,
    TRANSCRIBE_OPERATION,
    URL,
)
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.connector.fields.template import FieldTemplate, FieldValue
from catalyst_groq.connector.requests.response_schema import check_response_schema
from catalyst_groq.connector.results.collecting import Collecting
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.redaction import KEY_PREFIX
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.routing.endpoints import Endpoint

T = TypeVar("T")

RULES_BY_FIELD: Mapping[str, str] = {
    OPERATION: "invalid-operation",
    PAYLOAD: "invalid-payload",
    MODEL: "invalid-model",
    FALLBACK_MODELS: "invalid-fallback-models",
    CONVERSATION: "invalid-conversation",
    COLLECT: "invalid-collect",
    COLLECT_KEY: "invalid-collect",
    COLLECT_ERRORS: "invalid-collect",
    RESPONSE_MAPPING: "invalid-response-mapping",
    ERROR_MAPPING: "invalid-error-mapping",
    RETRIES: "invalid-retries",
    GIVE_UP_AFTER: "invalid-give-up-after",
    TIMEOUT: "invalid-timeout",
    URL: "invalid-url",
    SECRET_SOURCE: "invalid-secret",
    API_KEY: "invalid-secret",
    AUDIO: "invalid-transcription",
    LANGUAGE: "invalid-transcription",
    GRANULARITIES: "invalid-transcription",
}
"""Any other field holds one of a few values: `invalid-choice`."""

RULES_BY_WORDS: Mapping[str, str] = {
    "`execution.": "engine-expression",
    "there is no function": "unknown-function",
    "opens a placeholder that is not closed": "invalid-placeholder",
    "is no placeholder here": "foreign-placeholder",
    "cannot be the name of a variable": "mapping-name",
    "is the cause of no failure": "unknown-cause",
    "has two entries for": "duplicate-output",
    "is also a name in the Response Mapping": "duplicate-output",
}
"""Rules of mistakes that may be in any field, by words of the problem."""

SAMPLE_KEY_OF_ITEM = "item"
SAMPLE_ITEM = {
    **dict.fromkeys(("id", "processInstanceId", "executionId", "processDefinitionId"), ""),
    "variables": {LOOP_COUNTER: {"type": "Integer", "value": 0}},
}
"""What the engine sends about the task of an item, without its activity."""

SAMPLE_KEY_OF_TASK = f"{KEY_PREFIX}{'1' * 32}"


@dataclass(frozen=True, slots=True)
class CheckedFields:
    """The fields of a task, with samples for what is known only when it runs. None: a mistake, or not known."""

    raw: RawFields
    """As they are written; a misspelt name is read as it is meant."""
    samples: Mapping[str, FieldValue]
    mistakes: list[FieldError] = field(default_factory=list)
    request: TaskRequest | None = None
    payload: dict[str, Any] | None = None
    servers: frozenset[ServerKind] = frozenset()
    """Of what kinds the servers are that the request may be sent to."""
    misspelt: Mapping[str, str] = field(default_factory=dict)
    """The misspelt names of fields, by the names that are meant."""

    @property
    def operation(self) -> str:
        """The value of the Operation field."""
        return str(self.raw.fields[OPERATION])

    def is_default(self, name: str) -> bool:
        """Whether the field has the template's default."""
        return name not in self.raw.non_default

    def structure(self, name: str) -> Mapping[str, Any] | None:
        """Return the object in a field as it is written."""
        value = self.raw.fields.get(name)
        try:
            return parse_object(name, value) if isinstance(value, str) else value
        except FieldError:
            return None

    def response_mapping(self) -> ResponseMapping | None:
        """Return the response mapping, without the entries that variables make up."""
        return _try(lambda: ResponseMapping.parse(RESPONSE_MAPPING, _mapping(self.samples, RESPONSE_MAPPING)))

    def error_mapping(self) -> ErrorMapping | None:
        """Return the error mapping, without the entries that variables make up."""
        return _try(lambda: ErrorMapping.parse(ERROR_MAPPING, _mapping(self.samples, ERROR_MAPPING)))


def check_fields(task: WrittenTask, definition: Definition, context: LintContext) -> CheckedFields:
    """Check all fields of a task."""
    reader = context.reader
    misspelt = find_misspelt_fields(task, definition)
    raw = reader.read_fields(read_as_meant(task, definition, misspelt), definition)
    samples = {name: _sample(name, value, raw.template.defaults) for name, value in raw.fields.items()}
    variables = {**raw.variables, **_sample_variables(samples)}

    def read(fields: Mapping[str, FieldValue]) -> TaskRequest:
        return reader.read(RawFields(FieldTemplate(fields, raw.template.defaults), variables))

    mistakes: list[FieldError] = []
    usable = _replace_mistaken(samples, raw.template.defaults, read, mistakes)
    request, payload, endpoints = _collect(mistakes, partial(read, usable)), None, None
    if request is not None:
        if usable.get(PAYLOAD) == samples.get(PAYLOAD):
            payload = _collect(mistakes, partial(_payload, request))
        endpoints = _collect(mistakes, partial(_select_endpoints, request, variables, context))
        if payload is not None and endpoints is not None:
            _collect(mistakes, partial(check_parameters, request, payload, endpoints))
        _collect(mistakes, partial(_check_collecting, task, definition, raw, request))
    return CheckedFields(raw, samples, mistakes, request, payload, _servers(request, endpoints, context), misspelt)


def _replace_mistaken(
    samples: Mapping[str, FieldValue],
    defaults: Mapping[str, str],
    read: Callable[[Mapping[str, FieldValue]], TaskRequest],
    mistakes: list[FieldError],
) -> dict[str, FieldValue]:
    """Return the fields with the default in the place of each that is refused, so that the others are checked too."""
    usable = dict(samples)
    for _ in samples:
        before = len(mistakes)
        _collect(mistakes, partial(read, usable))
        if len(mistakes) == before:
            break
        usable |= {name: defaults[name] for name in (mistakes[-1].field,) if name in defaults}
    return usable


def rule_of(mistake: FieldError) -> str:
    """Return the rule that a mistake in a field breaks."""
    if rule_id := next((rule_id for words, rule_id in RULES_BY_WORDS.items() if words in mistake.problem), None):
        return rule_id
    if "is not JMESPath" in mistake.problem and mistake.field != RESPONSE_MAPPING:
        return "invalid-placeholder"
    return RULES_BY_FIELD.get(mistake.field, "invalid-choice")


def has_literal_key(checked: CheckedFields) -> bool:
    """Whether the diagram itself holds a key."""
    text = str(checked.raw.fields[API_KEY]).strip()
    brings_key = checked.raw.fields[SECRET_SOURCE] == VARIABLE_SOURCE
    return brings_key and not OPENING_MARKS.search(text) and not _is_variable_name(text)


def _sample(name: str, value: FieldValue, defaults: Mapping[str, str]) -> FieldValue:
    """Return the field with samples; its default where nothing is known of it."""
    if name in OBJECT_FIELDS:
        try:
            structure = parse_object(name, value) if isinstance(value, str) else value
        except FieldError:
            return value
        if is_constant(structure):
            return value
        return sample_payload(structure) if name == PAYLOAD else sample_mapping(structure)
    if isinstance(value, str) and not is_constant(value):
        return defaults[name]
    return value


def _sample_variables(samples: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Return the variables that fields name without a placeholder."""
    variables: dict[str, Any] = {}
    if audio := str(samples.get(AUDIO, "")).strip():
        variables[audio] = FileVariable("File", audio, "audio/mpeg", "utf-8", "recording.mp3")
    if samples[SECRET_SOURCE] == VARIABLE_SOURCE and _is_variable_name(name := str(samples[API_KEY]).strip()):
        variables[name] = SAMPLE_KEY_OF_TASK
    return variables


def _is_variable_name(text: str) -> bool:
    """Whether the worker reads the Groq API Key field as the name of a process variable, not as the key itself."""
    is_key = text.startswith(KEY_PREFIX) or HEX_KEY.fullmatch(text)
    return VARIABLE_NAME.fullmatch(text) is not None and not is_key


def _payload(request: TaskRequest) -> dict[str, Any]:
    payload = request.builder.payload(stream=False)
    if "response_format" in payload:
        asyncio.run(check_response_schema(payload, InlineExecutor()))
    return payload


def _select_endpoints(request: TaskRequest, variables: Mapping[str, Any], context: LintContext) -> Sequence[Endpoint]:
    url = resolve_base_url(request, context.urls)
    server = Account(url, "", context.servers.of(url))
    return finish(select_endpoints(request, variables, server, context.secrets, context.endpoints))


def _servers(
    request: TaskRequest | None, endpoints: Sequence[Endpoint] | None, context: LintContext
) -> frozenset[ServerKind]:
    """Return the kinds of the servers; also that of the only one whose key is refused."""
    if endpoints is None and request is not None and not context.endpoints:
        url = _try(lambda: resolve_base_url(request, context.urls))
        return frozenset({context.servers.of(url)} if url else ())
    return frozenset(endpoint.account.server for endpoint in endpoints or ())


def _check_collecting(task: WrittenTask, definition: Definition, raw: RawFields, request: TaskRequest) -> None:
    """Check how the results of a multi-instance are collected, as far as no variable decides it."""
    if not is_constant(raw.fields[COLLECT]):
        return
    key = {} if is_constant(raw.fields[COLLECT_KEY]) else {COLLECT_KEY: SAMPLE_KEY_OF_ITEM}
    fields = RawFields(FieldTemplate({**raw.fields, **key}, raw.template.defaults), raw.variables)
    if collecting := Collecting.from_fields(fields, ExternalTask({**SAMPLE_ITEM, "activityId": task.id}), definition):
        collecting.check_request(request)


def _mapping(samples: Mapping[str, FieldValue], name: str) -> Mapping[str, Any]:
    value = samples[name]
    return parse_object(name, value) if isinstance(value, str) else value


def _collect(mistakes: list[FieldError], check: Callable[[], T]) -> T | None:
    try:
        return check()
    except FieldError as error:
        if str(error) not in map(str, mistakes):
            mistakes.append(error)
        return None


def _try(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FieldError:
        return None


def is_transcription(checked: CheckedFields) -> bool:
    """Whether the task requests a transcription."""
    return checked.operation == TRANSCRIBE_OPERATION
