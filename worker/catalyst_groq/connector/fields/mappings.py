"""Which parts of Groq's answer become process variables, and which failures become BPMN errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.expressions.conversions import CONVERSIONS, convert
from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression, evaluate
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.errors import BUDGET_EXCEEDED

RESERVED_PREFIX = "catalyst_"
DEFAULT_CODES = {BUDGET_EXCEEDED: "BUDGET_EXCEEDED"}
"""What becomes a BPMN error also where the modeller does not say so: budgets are the operator's."""

CAUSE_PATTERN = re.compile(r"[1-5](\d\d|xx)|[a-z][a-z_]+", re.IGNORECASE)

MAX_NAME_CHARS = 255
"""Characters that the engine's database takes."""


def check_name(field: str, name: str) -> None:
    """Make sure that a process variable of this name can be set. Raises `FieldError`."""
    if name.startswith(RESERVED_PREFIX):
        raise FieldError(
            field, f"'{name}' cannot be set: {RESERVED_PREFIX}… is the worker's own", "Choose another name"
        )
    if len(name) > MAX_NAME_CHARS:
        shown = f"'{name[:40]}…' is a name of {len(name)} characters; the engine takes {MAX_NAME_CHARS}"
        raise FieldError(field, shown, "Choose a shorter one")


@dataclass(frozen=True, slots=True)
class ResponseMapping:
    """Variable names and the JMESPath expressions that find their values in Groq's answer."""

    field: str
    expressions: Mapping[str, str]
    types: Mapping[str, str]
    """By name the type that a variable must have: `"total:Double"`."""

    @classmethod
    def parse(cls, field: str, structure: Mapping[Any, Any]) -> "ResponseMapping":
        """Check the mapping before anything is paid for. Raises `FieldError`."""
        written = [(*str(name).partition(":"), expression) for name, expression in structure.items()]
        expressions = {name: expression for name, _, _, expression in written}
        types = {name: kind for name, colon, kind, _ in written if colon}
        for name, expression in expressions.items():
            if not name:
                raise FieldError(field, "has an empty name", 'Write "aiReply": "choices[0].message.content"')
            check_name(field, name)
            if not isinstance(expression, str):
                raise FieldError(field, f"'{name}' is no expression", f'Write "{name}": "choices[0].message.content"')
            try:
                compile_expression(expression)
            except ExpressionError as error:
                raise FieldError(field, f"'{name}': {error}", "See jmespath.org for the language") from error
        for name, kind in types.items():
            if kind not in CONVERSIONS:
                raise FieldError(field, f"'{name}:{kind}' names no type", f"Use one of {', '.join(CONVERSIONS)}")
        return cls(field, expressions, types)

    def apply(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Variables from an answer; null where a path leads nowhere in it. Raises `FieldError`."""
        try:
            return {
                name: convert(evaluate(expression, body), self.types.get(name))
                for name, expression in self.expressions.items()
            }
        except ValueError as error:
            raise FieldError(
                self.field, str(error), "Mend the expression; Groq has answered, see catalyst_responseBody"
            ) from error


@dataclass(frozen=True, slots=True)
class ErrorMapping:
    """Which failure throws which BPMN error: `{"429": "RATE_LIMITED"}`."""

    codes: Mapping[str, str]

    @classmethod
    def parse(cls, field: str, structure: Mapping[Any, Any]) -> "ErrorMapping":
        """Check the map. Raises `FieldError`."""
        for cause, code in structure.items():
            if not isinstance(code, str) or not code:
                raise FieldError(field, f"'{cause}' names no BPMN error code", f'Write "{cause}": "SOME_CODE"')
            if not CAUSE_PATTERN.fullmatch(str(cause)):
                mend = "Write a status (429), its hundred (5xx), one of Groq's codes, timeout or network"
                raise FieldError(field, f"'{cause}' is nothing that can happen", mend)
        return cls({str(cause).lower(): code for cause, code in structure.items()})

    def code_for(self, causes: tuple[str, ...]) -> str | None:
        """Return the BPMN error code of the first cause that is mapped; causes come most telling first."""
        codes = {**DEFAULT_CODES, **self.codes}
        return next((codes[cause] for cause in causes if cause in codes), None)
