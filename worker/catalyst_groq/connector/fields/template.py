"""The fields of a task as a modeller has written them: which variables they use, and what can be parsed once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf
from typing import Any

from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.common.structures import walk
from catalyst_groq.connector.expressions.evaluation_cost import max_inline_chars
from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS, Placeholder, parse
from catalyst_groq.connector.expressions.required_variables import (
    ALL_VARIABLES,
    NO_VARIABLES,
    VariableNames,
    union,
    variables_used_by,
)
from catalyst_groq.connector.fields.foreign_placeholders import ForeignPlaceholder, find_foreign_placeholders
from catalyst_groq.connector.fields.ignored_fields import IgnoredField
from catalyst_groq.connector.fields.names import (
    API_KEY,
    AUDIO,
    COLLECT,
    CONVERSATION,
    LOOP_COUNTER,
    OBJECT_FIELDS,
    RESPONSE_MAPPING,
    STANDARD_VARIABLES,
    SUCCESS,
)
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.errors import FieldError

FieldValue = Any
"""A field as written: a text, or the value of a process variable that has the field's name."""

CACHED_TEXTS = 4096

VARIABLE_NAME_FIELDS: Mapping[str, VariableNames] = {
    API_KEY: ALL_VARIABLES,
    CONVERSATION: ALL_VARIABLES,
    AUDIO: NO_VARIABLES,
}
"""Fields whose text may be the name of a process variable.

By field the variables that it may name when a placeholder makes up its text: an audio placeholder already yields the
File itself.
"""


class FieldTemplate:
    """The fields of a task as the modeller wrote them, with placeholders not filled yet.

    All tasks of an activity share one template, unless process variables hold fields. So it also caches what does not
    depend on a task: the variables that the fields use, and the parsed values of the fields without placeholders.
    """

    def __init__(
        self, fields: Mapping[str, FieldValue], defaults: Mapping[str, str], ignored: Sequence[IgnoredField] = ()
    ) -> None:
        self.fields = fields
        self.defaults = defaults
        self.ignored = ignored
        """Names in the diagram that are no fields of the operation."""
        self.parsed_constants: dict[tuple[Any, ...], Any] = {}
        """Values of constant fields, by field name, parse function and the function's further arguments."""

    @cached_property
    def ignored_names(self) -> tuple[str, ...]:
        """Warnings about names in the diagram that have no effect."""
        return tuple(str(name) for name in self.ignored if not name.meant)

    def check_names(self) -> None:
        """Raises `FieldError` about a misspelt name of a field: the default must not stand in for what is meant."""
        for name in self.ignored:
            if name.meant:
                raise FieldError(name.name, name.problem, name.fix)

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
        is_default = self.fields.get(STANDARD_VARIABLES) == self.defaults.get(STANDARD_VARIABLES)
        earlier = [] if is_default else [frozenset({SUCCESS})]
        return union([frozenset(self.fields), frozenset(foreign), *named, *used, *collecting, *earlier])

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
