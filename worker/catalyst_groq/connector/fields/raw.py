"""Looks up a task's fields, fills their placeholders and parses them."""

import pickle
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf
from typing import Any, TypeVar

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.common.structures import CONTAINER_TYPES, measure, walk
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.connector.expressions.conversions import to_text
from catalyst_groq.connector.expressions.evaluation_cost import inline_share, max_inline_chars
from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import (
    PlaceholderError,
    TaskVariables,
    describe_variable,
    evaluate_all,
)
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS, Placeholder, parse
from catalyst_groq.connector.expressions.required_variables import (
    ALL_VARIABLES,
    NO_VARIABLES,
    VariableNames,
    union,
    variables_used_by,
)
from catalyst_groq.connector.expressions.strict_evaluation import NO_FACTS
from catalyst_groq.connector.fields.foreign_placeholders import (
    ForeignPlaceholder,
    check_foreign_placeholders,
    find_foreign_placeholders,
)
from catalyst_groq.connector.fields.names import (
    API_KEY,
    AUDIO,
    CHAT_OPERATION,
    COLLECT,
    CONVERSATION,
    LOOP_COUNTER,
    OBJECT_FIELDS,
    OPERATION,
    PAYLOAD,
    RESPONSE_MAPPING,
)
from catalyst_groq.connector.fields.structured_text import fill, parse_in_advance, parse_object
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import FieldError

T = TypeVar("T")
FieldValue = Any
"""A field as written: a text, or the value of a process variable that has the field's name."""

TASK = "task"
"""The name by which placeholders find the facts of a task, unless it has a variable of that name."""

CACHED_TEMPLATES = 1024
CACHED_TEXTS = 4096
MAX_SHOWN_CHARS = 100
"""Of an expression in a message: the engine stores 666 characters, and the reason comes after it."""

VARIABLE_NAME_FIELDS: Mapping[str, VariableNames] = {
    API_KEY: ALL_VARIABLES,
    CONVERSATION: ALL_VARIABLES,
    AUDIO: NO_VARIABLES,
}
"""Fields whose text may be the name of a process variable.

By field the variables that it may name when a placeholder makes up its text: an audio placeholder already yields the
File itself.
"""

MODEL_LINE = re.compile(r'^  "model": "[^"]*",\n', re.MULTILINE)
"""The line that the template's default payload has and the worker's has not."""


class FieldTemplate:
    """The fields of a task as the modeller wrote them, with placeholders not filled yet.

    All tasks of an activity share one template, unless process variables hold fields. So it also caches what does not
    depend on a task: the variables that the fields use, and the parsed values of the fields without placeholders.
    """

    def __init__(self, fields: Mapping[str, FieldValue], defaults: Mapping[str, str]) -> None:
        self.fields = fields
        self.defaults = defaults
        self.parsed_constants: dict[tuple[Any, ...], Any] = {}
        """Values of constant fields, by field name, parse function and the function's further arguments."""

    @cached_property
    def required_variables(self) -> VariableNames:
        """Names of all variables that checking the fields and filling the payload may look at."""
        named = (
            _variables_named_by(text.strip(), others)
            for name, others in VARIABLE_NAME_FIELDS.items()
            if isinstance(text := self.fields.get(name), str)
        )
        used = (_variables_in_field(name, value) for name, value in self.fields.items())
        foreign = (placeholder.name for _, placeholder in self.foreign_placeholders if placeholder.name)
        collecting = [frozenset({LOOP_COUNTER})] if self.fields.get(COLLECT) else []
        return union([frozenset(self.fields), frozenset(foreign), *named, *used, *collecting])

    @cached_property
    def foreign_placeholders(self) -> list[tuple[str, ForeignPlaceholder]]:
        """The placeholders of other languages, each with its field. A response mapping holds expressions."""
        names = [name for name in self.fields if name != RESPONSE_MAPPING]
        return [(name, found) for name in names for found in find_foreign_placeholders(self._structure_of(name))]

    def _structure_of(self, name: str) -> Any:
        """Return a field's text, or the object in it; None for a text with a mistake, which is reported later."""
        value = self.fields[name]
        if name not in OBJECT_FIELDS or not isinstance(value, str):
            return value
        try:
            return parse_object(name, value)
        except FieldError:
            return None

    @cached_property
    def costly_expressions(self) -> list[tuple[str, str]]:
        """The expressions of placeholders whose evaluation may take long, if the data is large, each with its field.

        Those that take the longest come last.
        """
        costly = {
            (expression, name): max_inline_chars(expression)
            for name in self.fields
            for expression in filter(_may_take_long, _expressions_in(self._structure_of(name)))
        }
        return sorted(costly, key=costly.__getitem__, reverse=True)

    def depends_on_data(self, name: str) -> bool:
        """Whether the value of a field depends on process variables: another task of the activity may have another."""
        return name not in self.constants or name in VARIABLE_NAME_FIELDS

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names of the fields in which no placeholder uses a variable."""
        return frozenset(
            name for name, value in self.fields.items() if _variables_in_field(name, value) == NO_VARIABLES
        )


@dataclass(frozen=True, slots=True)
class RawFields:
    """One task's fields, and the variables that fill their placeholders."""

    template: FieldTemplate
    variables: Mapping[str, Any]

    @property
    def fields(self) -> Mapping[str, FieldValue]:
        """Every field by its name, as written."""
        return self.template.fields

    @property
    def required_variables(self) -> VariableNames:
        """Names of all variables that checking the fields and filling the payload may look at."""
        return self.template.required_variables

    async def parse_in_advance(self, executor: BoundedExecutor) -> None:
        """Parse the texts of objects that may take long."""
        for name in OBJECT_FIELDS.intersection(self.fields):
            if isinstance(text := self.fields[name], str):
                await parse_in_advance(text, executor)

    async def evaluate_in_advance(self, executor: BoundedExecutor, names: Collection[str] | None = None) -> "RawFields":
        """Return the fields with the values of the placeholders that may take long. Raises `FieldError`.

        Only those of the fields `names`, unless that is None.
        """
        expressions = {
            expression: field
            for expression, field in self.template.costly_expressions
            if names is None or field in names
        }
        if not (costly := self._too_costly_for_loop(expressions)):
            return self
        used = self._variables_of(costly)
        values = await executor.run(evaluate_all, costly, await run_beside_loop_if_large(used, pickle.dumps, used))
        if isinstance(values, Unfinished):
            shown = costly[-1] if len(costly[-1]) <= MAX_SHOWN_CHARS else f"{costly[-1][:MAX_SHOWN_CHARS]}…"
            problem = f"the evaluation of its placeholder ${{{shown}}} {values.reason}"
            raise FieldError(expressions[costly[-1]], problem, "Use a simpler expression, or less data")
        return replace(self, variables=TaskVariables(self.variables, _facts_of(self.variables), values))

    def _too_costly_for_loop(self, expressions: Iterable[str]) -> list[str]:
        """Return the expressions that remain when those before them take all the time that the event loop has."""
        ordered, share_left = list(expressions), 1.0
        for index, expression in enumerate(ordered):
            max_chars = max_inline_chars(expression) * share_left
            share_left -= inline_share(expression, measure(self._variables_of([expression]), max_chars))
            if share_left < 0:
                return ordered[index:]
        return []

    def _variables_of(self, expressions: Iterable[str]) -> TaskVariables:
        names = union(variables_used_by(f"${{{expression}}}") for expression in expressions)
        is_used = self.variables if names is ALL_VARIABLES else names
        used = {name: value for name, value in self.variables.items() if name in is_used}
        return TaskVariables(used, _facts_of(self.variables))

    @property
    def non_default(self) -> dict[str, FieldValue]:
        """The fields that differ from the element template's defaults; the payload's model line does not count."""
        defaults = self.template.defaults
        return {
            name: value for name, value in self.fields.items() if _without_model_line(name, value) != defaults[name]
        }

    def is_default(self, name: str) -> bool:
        """Whether a field has the element template's default."""
        return bool(self.fields[name] == self.template.defaults[name])

    def check_foreign_placeholders(self) -> tuple[str, ...]:
        """Return warnings about placeholders of other languages. Raises `FieldError` about those that are refused."""
        return check_foreign_placeholders(self.template.foreign_placeholders, self.fields, self.variables)

    def parse(self, name: str, parse: Callable[..., T], *args: Any) -> T:
        """Return `parse(name, value, *args)` of the field with its placeholders filled. Raises `FieldError`.

        The result for a field without variables is cached for all tasks of the template, by name, `parse` and `args`.
        So `parse` must be a function that exists once, not a lambda made per call.
        """
        if (key := (name, parse, *args)) in self.template.parsed_constants:
            cached: T = self.template.parsed_constants[key]
            return cached
        parsed = parse(name, self._fill_object(name) if name in OBJECT_FIELDS else self._fill_text(name), *args)
        if name in self.template.constants:
            self.template.parsed_constants[key] = parsed
        return parsed

    def text(self, name: str) -> str:
        """Return the field's text with its placeholders filled. Raises `FieldError`."""
        return self.parse(name, _identity)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """Return the field's text, which must be one of `choices`. Raises `FieldError`."""
        return self.parse(name, _check_choice, choices)

    def parse_object(self, name: str) -> dict[str, Any]:
        """Return the field's object, with its placeholders not filled yet. Raises `FieldError`."""
        value = self.fields[name]
        if isinstance(value, dict):
            return dict(value)
        if not isinstance(value, str):
            raise FieldError(
                name, describe_variable(name, value), "Set it to an object as a Json variable, or to a text"
            )
        try:
            return parse_object(name, value)
        except FieldError as error:
            if value == self.variables.get(name):
                fix = "In an input parameter write \\${…}, or the engine fills the text in before the worker can"
                raise FieldError(name, str(error).removeprefix(f"{name}: "), fix) from error
            raise

    def _fill_object(self, name: str) -> dict[str, Any]:
        filled: dict[str, Any] = fill(name, self.parse_object(name), self.variables)
        return filled

    def _fill_text(self, name: str) -> str:
        written = self.fields[name]
        if isinstance(written, bool | int | float):
            return to_text(written)
        if not isinstance(written, str):
            raise FieldError(name, describe_variable(name, written), "Set it to a text (String)")
        value = fill(name, written.strip(), self.variables)
        if isinstance(value, CONTAINER_TYPES):
            return to_text(value)
        return "" if value is None else str(value)


class FieldReader:
    """Looks up the fields of tasks.

    `defaults_by_operation` are the fields of each operation with their defaults, by the value of the Operation field.
    An unknown operation gets the fields of the first one; the task request refuses it.
    """

    def __init__(self, defaults_by_operation: Mapping[str, Mapping[str, str]]) -> None:
        self._defaults_by_operation = defaults_by_operation
        self._first_defaults = next(iter(defaults_by_operation.values()))
        self._names = frozenset(name for defaults in defaults_by_operation.values() for name in defaults)
        self._template_of_diagram = lru_cache(CACHED_TEMPLATES)(self._make_template_of_diagram)

    def read(self, task: ExternalTask, definition: Definition) -> RawFields:
        """Look each field up: extension property, `camunda:field`, variable of that name, default.

        A blank value counts as missing. An input parameter may hold an object as a Json variable. A variable that
        cannot be a field is refused where the field is read: the default must not stand in for it.
        """
        diagram = (task.extension_properties, definition.fields_of(task.activity_id))
        variables = TaskVariables(task.variables, {TASK: task.facts})
        if self._names.isdisjoint(variables):
            return RawFields(self._template_of_diagram(*map(_text_items, diagram)), variables)
        return RawFields(self._make_template(*diagram, variables), variables)

    def _make_template_of_diagram(self, *diagram: tuple[tuple[str, str], ...]) -> FieldTemplate:
        return self._make_template(*map(dict, diagram))

    def _make_template(self, *sources: Mapping[str, Any]) -> FieldTemplate:
        """Look each field up in the sources; the first that has it wins."""

        def look_up(name: str, default: str) -> FieldValue:
            return next((source[name] for source in sources if _is_set(source.get(name))), default)

        operation = str(look_up(OPERATION, CHAT_OPERATION))
        defaults = self._defaults_by_operation.get(operation, self._first_defaults)
        return FieldTemplate({name: look_up(name, default) for name, default in defaults.items()}, defaults)


def _check_choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise FieldError(name, f"'{text}' is not a valid value", f"It must be one of {', '.join(choices)}")
    return text


def _identity(_: str, text: str) -> str:
    return text


def _without_model_line(name: str, value: FieldValue) -> FieldValue:
    return MODEL_LINE.sub("", value, count=1) if name == PAYLOAD and isinstance(value, str) else value


def _text_items(source: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in source.items() if isinstance(text, str))


def _is_set(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _facts_of(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return variables.facts if isinstance(variables, TaskVariables) else NO_FACTS


def _variables_named_by(text: str, of_placeholder: VariableNames) -> VariableNames:
    """Return the variable whose name the text is; `of_placeholder` where a placeholder makes up the text."""
    return of_placeholder if OPENING_MARKS.search(text) else frozenset({text} - {""})


def _may_take_long(expression: str) -> bool:
    return max_inline_chars(expression) < inf


def _expressions_in(structure: Any) -> Iterator[str]:
    """Yield the expressions of all placeholders; none of a text with a mistake, which is reported later."""
    for text in walk(structure):
        if isinstance(text, str) and OPENING_MARKS.search(text):
            with suppress(PlaceholderError, ExpressionError):
                yield from (part.expression for part in parse(text) if isinstance(part, Placeholder))


def _variables_in_field(name: str, value: FieldValue) -> VariableNames:
    return _variables_in_text(name, value) if isinstance(value, str) else variables_used_by(value)


@cache_short_texts(CACHED_TEXTS)
def _variables_in_text(name: str, text: str) -> VariableNames:
    try:
        return variables_used_by(parse_object(name, text) if name in OBJECT_FIELDS else text)
    except FieldError:
        return variables_used_by(text)  # a mistake, which is reported when the field is checked
