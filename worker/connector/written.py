"""What is written in a task's fields: their names, their defaults, and where each is looked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from worker.camunda.definitions import Definition
from worker.camunda.tasks import ExternalTask
from worker.connector.needs import ALL, NOTHING, Needs, needs_of, union
from worker.connector.payload import fill, parse_structure
from worker.connector.placeholders import OPENING
from worker.connector.urls import GROQ
from worker.errors import FieldError
from worker.groq.models import known_models
from worker.groq.paths import CHAT, TRANSCRIPTIONS

OPERATION = "catalyst_operation"
PAYLOAD = "catalyst_payload"
AUDIO = "catalyst_audio"
LANGUAGE = "catalyst_language"
PROMPT = "catalyst_prompt"
RESPONSE_FORMAT = "catalyst_responseFormat"
GRANULARITIES = "catalyst_timestampGranularities"
TRANSLATE = "catalyst_translate"
MODEL = "catalyst_model"
FALLBACK_MODELS = "catalyst_fallbackModels"
CONVERSATION = "catalyst_conversation"
WHEN_TOO_LONG = "catalyst_whenTooLong"
SECRET_SOURCE = "catalyst_secretSource"  # noqa: S105 -- a field's name
API_KEY = "catalyst_apiKey"
RESPONSE_MAPPING = "catalyst_responseMapping"
ERROR_MAPPING = "catalyst_errorMapping"
URL = "catalyst_url"
TIMEOUT = "catalyst_timeout"
RETRIES = "catalyst_retries"
GIVE_UP_AFTER = "catalyst_giveUpAfter"

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

CHATTING = "chat"
TRANSCRIBING = "transcribe"

COMMON: Mapping[str, str] = {
    FALLBACK_MODELS: "",
    SECRET_SOURCE: "env",
    API_KEY: "groq_api_key",
    ERROR_MAPPING: """\
{
  "429": "RATE_LIMITED",
  "401": "AUTH_FAILED",
  "400": "INVALID_REQUEST"
}""",
    RETRIES: "R3/PT10S",
    GIVE_UP_AFTER: "PT15M",
}

DEFAULTS: Mapping[str, str] = {
    OPERATION: CHATTING,
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
    CONVERSATION: "",
    WHEN_TOO_LONG: "fail",
    RESPONSE_MAPPING: """\
{
  "aiReply": "choices[0].message.content",
  "modelUsed": "model",
  "promptTokens": "usage.prompt_tokens",
  "completionTokens": "usage.completion_tokens",
  "finishReason": "choices[0].finish_reason"
}""",
    URL: GROQ + CHAT,
    TIMEOUT: "60",
    **COMMON,
}
"""Every field of a chat by the name the template writes, with what it is when nobody says otherwise."""

TRANSCRIPTION_DEFAULTS: Mapping[str, str] = {
    OPERATION: TRANSCRIBING,
    AUDIO: "recording",
    MODEL: "whisper-large-v3-turbo",
    LANGUAGE: "",
    PROMPT: "",
    RESPONSE_FORMAT: "verbose_json",
    GRANULARITIES: "segment",
    TRANSLATE: "false",
    RESPONSE_MAPPING: """\
{
  "transcript": "text",
  "language": "language",
  "duration:Double": "duration",
  "segments": "segments[].{start: start, end: end, text: text}"
}""",
    URL: GROQ + TRANSCRIPTIONS,
    TIMEOUT: "300",
    **COMMON,
}
"""The same for a transcription."""

OPERATIONS = {CHATTING: DEFAULTS, TRANSCRIBING: TRANSCRIPTION_DEFAULTS}

NAMES = DEFAULTS.keys() | TRANSCRIPTION_DEFAULTS.keys()
CACHED_FORMS = 1024

STRUCTURES = {PAYLOAD, RESPONSE_MAPPING, ERROR_MAPPING}
"""Fields that hold an object, written as JSON or YAML."""

NAMING: Mapping[str, Needs] = {API_KEY: ALL, CONVERSATION: ALL, AUDIO: NOTHING}
"""Fields that may name a process variable, with those that a placeholder in them may name in turn."""


@dataclass(frozen=True)
class Form:
    """The fields of a task as they were written: the same for all tasks of an activity, unless variables fill some."""

    fields: Mapping[str, str | Mapping[str, Any]]
    parsed: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False)
    """What constant fields were understood as, by their names and by whom."""

    @cached_property
    def needs(self) -> Needs:
        """Names of all variables that checking the fields and filling the payload may look at."""
        named = (
            _needs_of_name(str(self.fields[name]).strip(), others)
            for name, others in NAMING.items()
            if name in self.fields
        )
        used = (_needs_of_field(name, written) for name, written in self.fields.items())
        return union([frozenset(self.fields), *named, *used])

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names of the fields in which no placeholder uses a variable."""
        return frozenset(name for name, written in self.fields.items() if _needs_of_field(name, written) == NOTHING)


@dataclass(frozen=True, slots=True)
class Written:
    """One task's form, and the variables that fill its placeholders."""

    form: Form
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, task: ExternalTask, definition: Definition) -> "Written":
        """Look each field up: extension property, `camunda:field`, variable of that name, default; blank is not there.

        An input parameter may hold a structure as a Json variable.
        """
        diagram = (task.extension_properties, definition.fields_of(task.activity_id))
        if NAMES.isdisjoint(task.variables):
            return cls(_form_in(*map(_texts, diagram)), task.variables)
        return cls(_form(*diagram, task.variables), task.variables)

    @property
    def fields(self) -> Mapping[str, str | Mapping[str, Any]]:
        """Every field by its name."""
        return self.form.fields

    @property
    def needs(self) -> Needs:
        """Names of all variables that checking the fields and filling the payload may look at."""
        return self.form.needs

    @property
    def edited(self) -> dict[str, str | Mapping[str, Any]]:
        """The fields that are not as the template has them."""
        defaults = OPERATIONS.get(str(self.fields[OPERATION]), DEFAULTS)
        return {name: written for name, written in self.fields.items() if written != defaults[name]}

    def read(self, name: str, parse: Callable[..., T], *how: Any) -> T:
        """The field, its placeholders filled, as `parse` understands it: a constant once for all. Raises `FieldError`.

        `parse` is given the field's name, what is in it, and `how`.
        """
        if (key := (name, parse, *how)) in self.form.parsed:
            known: T = self.form.parsed[key]
            return known
        parsed = parse(name, self._filled(name) if name in STRUCTURES else self._text(name), *how)
        if name in self.form.constants:
            self.form.parsed[key] = parsed
        return parsed

    def text(self, name: str) -> str:
        """The field with its placeholders filled. Raises `FieldError`."""
        return self.read(name, _as_it_is)

    def choice(self, name: str, choices: type[Choice], kind: str) -> Choice:
        """The field as one of a few choices; `kind` says what they are. Raises `FieldError`."""
        chosen: Choice = self.read(name, _chosen, choices, kind)
        return chosen

    def structure(self, name: str) -> dict[str, Any]:
        """The field as an object. Raises `FieldError`."""
        written = self.fields[name]
        if not isinstance(written, str):
            return dict(written)
        try:
            return parse_structure(name, written)
        except FieldError as error:
            if written == self.variables.get(name):
                mend = "In an input parameter write \\${…}, or the engine fills the text in before the worker can"
                raise FieldError(name, str(error).removeprefix(f"{name}: "), mend) from error
            raise

    def _filled(self, name: str) -> dict[str, Any]:
        filled: dict[str, Any] = fill(name, self.structure(name), self.variables)
        return filled

    def _text(self, name: str) -> str:
        value = fill(name, str(self.fields[name]).strip(), self.variables)
        return "" if value is None else str(value)


def _chosen(name: str, text: str, choices: type[Choice], kind: str) -> Choice:
    try:
        return choices(text)
    except ValueError as error:
        raise FieldError(name, f"'{text}' is no {kind}", f"Use one of {', '.join(choices)}") from error


def _as_it_is(_: str, text: str) -> str:
    return text


Place = Mapping[str, Any]
"""Where fields may be written, each by its name."""


def _form(*places: Place) -> Form:
    """Look each field up; the first place counts."""

    def found(name: str, default: str) -> str | Mapping[str, Any]:
        return next((place[name] for place in places if _is_written(name, place.get(name))), default)

    defaults = OPERATIONS.get(str(found(OPERATION, CHATTING)), DEFAULTS)
    return Form({name: found(name, default) for name, default in defaults.items()})


def _texts(place: Place) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in place.items() if isinstance(text, str))


@lru_cache(CACHED_FORMS)
def _form_in(*diagram: tuple[tuple[str, str], ...]) -> Form:
    return _form(*map(dict, diagram))


def _is_written(name: str, value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (isinstance(value, dict) and name in STRUCTURES)


def _needs_of_name(name: str, filled_in: Needs) -> Needs:
    """Return the variable that a field names, or those that what is filled in may name."""
    return filled_in if OPENING.search(name) else frozenset({name} - {""})


def _needs_of_field(name: str, written: str | Mapping[str, Any]) -> Needs:
    return _needs_of_text(name, written) if isinstance(written, str) else needs_of(written)


@lru_cache(4096)
def _needs_of_text(name: str, text: str) -> Needs:
    try:
        return needs_of(parse_structure(name, text) if name in STRUCTURES else text)
    except FieldError:
        return needs_of(text)  # a mistake, which is reported when the field is checked
