"""Fills the placeholders of one task's fields, and parses the fields."""

import pickle
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.structures import CONTAINER_TYPES, measure
from catalyst_groq.common.texts import shorten
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.connector.expressions.conversions import to_text
from catalyst_groq.connector.expressions.evaluation_cost import inline_share, max_inline_chars
from catalyst_groq.connector.expressions.placeholder_values import TaskVariables, describe_variable, evaluate_all
from catalyst_groq.connector.expressions.required_variables import (
    ALL_VARIABLES,
    VariableNames,
    union,
    variables_used_by,
)
from catalyst_groq.connector.expressions.strict_evaluation import NO_FACTS
from catalyst_groq.connector.fields.foreign_placeholders import check_foreign_placeholders
from catalyst_groq.connector.fields.names import OBJECT_FIELDS, PAYLOAD
from catalyst_groq.connector.fields.structured_text import fill, parse_in_advance, parse_object
from catalyst_groq.connector.fields.template import FieldTemplate, FieldValue
from catalyst_groq.errors import FieldError

T = TypeVar("T")

MAX_SHOWN_CHARS = 100
"""Of an expression in a message: the engine stores 666 characters, and the reason comes after it."""

MODEL_LINE = re.compile(r'^  "model": "[^"]*",\n', re.MULTILINE)
"""The line that the template's default payload has and the worker's has not."""


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
            problem = f"the evaluation of its placeholder ${{{shorten(costly[-1], MAX_SHOWN_CHARS)}}} {values.reason}"
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


def _check_choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise FieldError(name, f"'{text}' is not a valid value", f"It must be one of {', '.join(choices)}")
    return text


def _identity(_: str, text: str) -> str:
    return text


def _without_model_line(name: str, value: FieldValue) -> FieldValue:
    return MODEL_LINE.sub("", value, count=1) if name == PAYLOAD and isinstance(value, str) else value


def _facts_of(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return variables.facts if isinstance(variables, TaskVariables) else NO_FACTS
