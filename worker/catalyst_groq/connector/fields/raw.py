"""What is written in a task's fields: their names, their defaults, and where each is looked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.expressions.required_variables import (
    ALL_VARIABLES,
    NO_VARIABLES,
    VariableNames,
    union,
    variables_used_by,
)
from catalyst_groq.connector.fields.names import (
    API_KEY,
    AUDIO,
    CHAT_DEFAULTS,
    CHAT_OPERATION,
    CONVERSATION,
    DEFAULTS_BY_OPERATION,
    FIELD_NAMES,
    OBJECT_FIELDS,
    OPERATION,
)
from catalyst_groq.connector.fields.structured_text import fill, parse_object
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import FieldError

T = TypeVar("T")

CACHED_TEMPLATES = 1024

VARIABLE_NAME_FIELDS: Mapping[str, VariableNames] = {
    API_KEY: ALL_VARIABLES,
    CONVERSATION: ALL_VARIABLES,
    AUDIO: NO_VARIABLES,
}
"""Fields that may name a process variable, with those that a placeholder in them may name in turn."""


@dataclass(frozen=True)
class FieldTemplate:
    """The fields of a task as they were written: the same for all tasks of an activity, unless variables fill some."""

    fields: Mapping[str, str | Mapping[str, Any]]
    parsed: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False)
    """What constant fields were understood as, by their names and by whom."""

    @cached_property
    def required_variables(self) -> VariableNames:
        """Names of all variables that checking the fields and filling the payload may look at."""
        named = (
            _variables_named_by(str(self.fields[name]).strip(), others)
            for name, others in VARIABLE_NAME_FIELDS.items()
            if name in self.fields
        )
        used = (_variables_in_field(name, written) for name, written in self.fields.items())
        return union([frozenset(self.fields), *named, *used])

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names of the fields in which no placeholder uses a variable."""
        return frozenset(
            name for name, written in self.fields.items() if _variables_in_field(name, written) == NO_VARIABLES
        )


@dataclass(frozen=True, slots=True)
class RawFields:
    """One task's form, and the variables that fill its placeholders."""

    template: FieldTemplate
    variables: Mapping[str, Any]

    @classmethod
    def from_task(cls, task: ExternalTask, definition: Definition) -> "RawFields":
        """Look each field up: extension property, `camunda:field`, variable of that name, default; blank is not there.

        An input parameter may hold a structure as a Json variable.
        """
        diagram = (task.extension_properties, definition.fields_of(task.activity_id))
        if FIELD_NAMES.isdisjoint(task.variables):
            return cls(_template_in(*map(_text_items, diagram)), task.variables)
        return cls(_look_up(*diagram, task.variables), task.variables)

    @property
    def fields(self) -> Mapping[str, str | Mapping[str, Any]]:
        """Every field by its name."""
        return self.template.fields

    @property
    def required_variables(self) -> VariableNames:
        """Names of all variables that checking the fields and filling the payload may look at."""
        return self.template.required_variables

    @property
    def non_default(self) -> dict[str, str | Mapping[str, Any]]:
        """The fields that are not as the template has them."""
        defaults = DEFAULTS_BY_OPERATION.get(str(self.fields[OPERATION]), CHAT_DEFAULTS)
        return {name: written for name, written in self.fields.items() if written != defaults[name]}

    def parse(self, name: str, parse: Callable[..., T], *how: Any) -> T:
        """The field, its placeholders filled, as `parse` understands it: a constant once for all. Raises `FieldError`.

        `parse` is given the field's name, what is in it, and `how`.
        """
        if (key := (name, parse, *how)) in self.template.parsed:
            known: T = self.template.parsed[key]
            return known
        parsed = parse(name, self._filled(name) if name in OBJECT_FIELDS else self._text(name), *how)
        if name in self.template.constants:
            self.template.parsed[key] = parsed
        return parsed

    def text(self, name: str) -> str:
        """The field with its placeholders filled. Raises `FieldError`."""
        return self.parse(name, _identity)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """Return the field's text, which must be one of `choices`. Raises `FieldError`."""
        return self.parse(name, _check_choice, choices)

    def parse_object(self, name: str) -> dict[str, Any]:
        """The field as an object. Raises `FieldError`."""
        written = self.fields[name]
        if not isinstance(written, str):
            return dict(written)
        try:
            return parse_object(name, written)
        except FieldError as error:
            if written == self.variables.get(name):
                mend = "In an input parameter write \\${…}, or the engine fills the text in before the worker can"
                raise FieldError(name, str(error).removeprefix(f"{name}: "), mend) from error
            raise

    def _filled(self, name: str) -> dict[str, Any]:
        filled: dict[str, Any] = fill(name, self.parse_object(name), self.variables)
        return filled

    def _text(self, name: str) -> str:
        value = fill(name, str(self.fields[name]).strip(), self.variables)
        return "" if value is None else str(value)


def _check_choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise FieldError(name, f"'{text}' is not a valid value", f"It must be one of {', '.join(choices)}")
    return text


def _identity(_: str, text: str) -> str:
    return text


FieldSource = Mapping[str, Any]
"""Where fields may be written, each by its name."""


def _look_up(*places: FieldSource) -> FieldTemplate:
    """Look each field up; the first place counts."""

    def found(name: str, default: str) -> str | Mapping[str, Any]:
        return next((place[name] for place in places if _is_set(name, place.get(name))), default)

    defaults = DEFAULTS_BY_OPERATION.get(str(found(OPERATION, CHAT_OPERATION)), CHAT_DEFAULTS)
    return FieldTemplate({name: found(name, default) for name, default in defaults.items()})


def _text_items(place: FieldSource) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in place.items() if isinstance(text, str))


@lru_cache(CACHED_TEMPLATES)
def _template_in(*diagram: tuple[tuple[str, str], ...]) -> FieldTemplate:
    return _look_up(*map(dict, diagram))


def _is_set(name: str, value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (isinstance(value, dict) and name in OBJECT_FIELDS)


def _variables_named_by(name: str, filled_in: VariableNames) -> VariableNames:
    """Return the variable that a field names, or those that what is filled in may name."""
    return filled_in if OPENING_MARKS.search(name) else frozenset({name} - {""})


def _variables_in_field(name: str, written: str | Mapping[str, Any]) -> VariableNames:
    return _variables_in_text(name, written) if isinstance(written, str) else variables_used_by(written)


@lru_cache(4096)
def _variables_in_text(name: str, text: str) -> VariableNames:
    try:
        return variables_used_by(parse_object(name, text) if name in OBJECT_FIELDS else text)
    except FieldError:
        return variables_used_by(text)  # a mistake, which is reported when the field is checked
