"""What is written in a task's fields: their names, their defaults, and where each is looked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from worker.camunda.definitions import Definition
from worker.camunda.tasks import ExternalTask
from worker.connector.needs import ALL, Needs, needs_of, union
from worker.connector.payload import fill, parse_structure
from worker.connector.placeholders import OPENING
from worker.connector.urls import CHAT, GROQ
from worker.errors import FieldError
from worker.groq.models import known_models

PAYLOAD = "catalyst_payload"
MODEL = "catalyst_model"
FALLBACK_MODELS = "catalyst_fallbackModels"
CONVERSATION = "catalyst_conversation"
SECRET_SOURCE = "catalyst_secretSource"  # noqa: S105 -- a field's name
API_KEY = "catalyst_apiKey"
RESPONSE_MAPPING = "catalyst_responseMapping"
ERROR_MAPPING = "catalyst_errorMapping"
URL = "catalyst_url"
TIMEOUT = "catalyst_timeout"
RETRIES = "catalyst_retries"
GIVE_UP_AFTER = "catalyst_giveUpAfter"

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
    FALLBACK_MODELS: "",
    CONVERSATION: "",
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

STRUCTURES = {PAYLOAD, RESPONSE_MAPPING, ERROR_MAPPING}
"""Fields that hold an object, written as JSON or YAML."""


@dataclass(frozen=True, slots=True)
class Written:
    """One task's fields as they were written, and the variables that fill their placeholders."""

    fields: Mapping[str, str | Mapping[str, Any]]
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, task: ExternalTask, definition: Definition) -> "Written":
        """Look each field up: extension property, `camunda:field`, variable of that name, default; blank is not there.

        An input parameter may hold a structure as a Json variable.
        """
        places = (task.extension_properties, definition.fields_of(task.activity_id), task.variables)
        fields = {
            name: next((place[name] for place in places if _is_written(name, place.get(name))), default)
            for name, default in DEFAULTS.items()
        }
        return cls(fields, task.variables)

    @property
    def needs(self) -> Needs:
        """Names of all variables that checking the fields and filling the payload may look at."""
        named = (str(self.fields[name]).strip() for name in (API_KEY, CONVERSATION))
        used = (_needs_of_field(name, written) for name, written in self.fields.items())
        return union([frozenset(DEFAULTS), *map(_needs_of_name, named), *used])

    def text(self, name: str) -> str:
        """The field with its placeholders filled. Raises `FieldError`."""
        value = fill(name, str(self.fields[name]).strip(), self.variables)
        return "" if value is None else str(value)

    def filled(self, name: str) -> dict[str, Any]:
        """The field as an object with its placeholders filled. Raises `FieldError`."""
        filled: dict[str, Any] = fill(name, self.structure(name), self.variables)
        return filled

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


def _is_written(name: str, value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (isinstance(value, dict) and name in STRUCTURES)


def _needs_of_name(name: str) -> Needs:
    """Return the variable that a field names; what is filled in may name any."""
    return ALL if OPENING.search(name) else frozenset({name} - {""})


def _needs_of_field(name: str, written: str | Mapping[str, Any]) -> Needs:
    return _needs_of_text(name, written) if isinstance(written, str) else needs_of(written)


@lru_cache(4096)
def _needs_of_text(name: str, text: str) -> Needs:
    try:
        return needs_of(parse_structure(name, text) if name in STRUCTURES else text)
    except FieldError:
        return needs_of(text)  # a mistake, which is reported when the field is checked
