"""Looks up the fields of tasks: in the diagram, in process variables, and in the defaults."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any

from catalyst_groq.connector.expressions.placeholder_values import TaskVariables
from catalyst_groq.connector.fields.ignored_fields import IgnoredField, find_ignored_fields
from catalyst_groq.connector.fields.names import CHAT_OPERATION, OPERATION
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.template import FieldTemplate, FieldValue
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.extension_elements import FieldsError
from catalyst_groq.domain.external_task import ExternalTask

TASK = "task"
"""The name by which placeholders find the facts of a task, unless it has a variable of that name."""

CACHED_TEMPLATES = 1024
NO_NAMES: frozenset[str] = frozenset()


class FieldSource(StrEnum):
    """Where a field is found, in the order in which it is looked up."""

    PROPERTY = "extension property"
    FIELD = "camunda:field"
    VARIABLE = "process variable"
    DEFAULT = "default"


class FieldReader:
    """Looks up the fields of tasks.

    `defaults_by_operation` are the fields of each operation with their defaults, by the value of the Operation field.
    An unknown operation gets the fields of the first one; the task request refuses it.
    """

    def __init__(self, defaults_by_operation: Mapping[str, Mapping[str, str]]) -> None:
        self._defaults_by_operation = defaults_by_operation
        self._first_operation = next(iter(defaults_by_operation))
        self._names = frozenset(name for defaults in defaults_by_operation.values() for name in defaults)
        self._ignored_names = lru_cache(CACHED_TEMPLATES)(self._find_ignored_names)
        self._template_of_diagram = lru_cache(CACHED_TEMPLATES)(self._make_template_of_diagram)

    def read(self, task: ExternalTask, definition: Definition) -> RawFields:
        """Look each field up: extension property, `camunda:field`, variable of that name, default.

        A blank value counts as missing. An input parameter may hold an object as a Json variable. A variable that
        cannot be a field is refused where the field is read: the default must not stand in for it. Raises
        `FieldsError` if the diagram's fields cannot be read.
        """
        diagram = (task.extension_properties, definition.fields_of(task.activity_id))
        self._check_inputs(task, definition, diagram)
        inputs = definition.field_inputs.get(task.activity_id, NO_NAMES)
        variables = TaskVariables(task.variables, {TASK: task.facts})
        if self._names.isdisjoint(variables):
            return RawFields(self._template_of_diagram(inputs, *map(_text_items, diagram)), variables)
        return RawFields(self._make_template(diagram, inputs, variables), variables)

    def find_sources(self, task: ExternalTask, definition: Definition) -> dict[str, FieldSource]:
        """Return where each field that `read` returns is found."""
        sources = (task.extension_properties, definition.fields_of(task.activity_id), task.variables)
        return {
            name: next(
                (kind for kind, source in zip(FieldSource, sources, strict=False) if _is_set(source.get(name))),
                FieldSource.DEFAULT,
            )
            for name in self.read(task, definition).fields
        }

    def _check_inputs(self, task: ExternalTask, definition: Definition, diagram: Iterable[Mapping[str, str]]) -> None:
        """Refuse an input parameter that the engine has not set, if the default would be used in its place."""
        for name in sorted(definition.field_inputs.get(task.activity_id, NO_NAMES) & self._names):
            is_used = not any(_is_set(source.get(name)) for source in diagram)
            if is_used and name not in task.variables and task.has_variables(frozenset({name})):
                problem = f"has the input parameter '{name}' at '{task.activity_id}', which this engine does not read"
                raise FieldsError(f"{problem}. Write it in the engine's own namespace, in the activity itself")

    def _make_template_of_diagram(self, inputs: frozenset[str], *diagram: tuple[tuple[str, str], ...]) -> FieldTemplate:
        return self._make_template([dict(items) for items in diagram], inputs, {})

    def _make_template(
        self, diagram: Sequence[Mapping[str, Any]], inputs: frozenset[str], variables: Mapping[str, Any]
    ) -> FieldTemplate:
        """Look each field up in the diagram, then in the variables; the first that has it wins."""
        sources = (*diagram, variables)

        def look_up(name: str, default: str) -> FieldValue:
            return next((source[name] for source in sources if _is_set(source.get(name))), default)

        written = str(look_up(OPERATION, CHAT_OPERATION))
        operation = written if written in self._defaults_by_operation else self._first_operation
        defaults = self._defaults_by_operation[operation]
        ignored = self._ignored_names(inputs, tuple(chain(*diagram)), operation)
        return FieldTemplate({name: look_up(name, default) for name, default in defaults.items()}, defaults, ignored)

    def _find_ignored_names(
        self, inputs: frozenset[str], properties: tuple[str, ...], operation: str
    ) -> list[IgnoredField]:
        """Find the names that are no fields of the operation, the misspelt ones first.

        An input parameter that resembles no field is a variable of the process's own.
        """
        own = self._defaults_by_operation[operation]
        misspelt = [found for found in find_ignored_fields(inputs, own, self._names, operation) if found.meant]
        return [*misspelt, *find_ignored_fields(properties, own, self._names, operation)]


def _text_items(source: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, text) for name, text in source.items() if isinstance(text, str)])


def _is_set(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())
