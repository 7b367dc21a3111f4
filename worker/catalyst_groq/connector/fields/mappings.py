"""Response mapping (from Groq's answer to process variables) and error mapping (from failures to BPMN errors)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.json_codec import parse
from catalyst_groq.connector.expressions.conversions import CONVERSIONS, convert
from catalyst_groq.connector.expressions.evaluation_cost import inline_share
from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression, evaluate
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.errors import BUDGET_EXCEEDED
from catalyst_groq.groq.api.responses import Response

RESERVED_PREFIX = "catalyst_"
DEFAULT_CODES = {BUDGET_EXCEEDED: "BUDGET_EXCEEDED"}
"""BPMN errors that need no error mapping, because the operator and not the modeller sets budgets."""

CAUSE_PATTERN = re.compile(r"[1-5](\d\d|xx)|[a-z][a-z_]+", re.IGNORECASE)

MAX_NAME_CHARS = 255
"""Maximum length of a variable's name in the engine's database."""


def check_name(field: str, name: str) -> None:
    """Check that a task may set a process variable of this name. Raises `FieldError`."""
    if name.startswith(RESERVED_PREFIX):
        raise FieldError(
            field, f"'{name}' cannot be set: {RESERVED_PREFIX}… is reserved for the worker", "Choose another name"
        )
    if len(name) > MAX_NAME_CHARS:
        problem = f"'{name[:40]}…' is a name of {len(name)} characters; the engine takes {MAX_NAME_CHARS}"
        raise FieldError(field, problem, "Choose a shorter one")


@dataclass(frozen=True, slots=True)
class ResponseMapping:
    """Names of process variables, with the JMESPath expressions that take their values from Groq's answer."""

    field: str
    expressions: Mapping[str, str]
    types: Mapping[str, str]
    """By variable name its type, for the names written with one: `"total:Double"`."""

    @classmethod
    def parse(cls, field: str, structure: Mapping[Any, Any]) -> "ResponseMapping":
        """Check the mapping, before Groq is paid for an answer. Raises `FieldError`."""
        entries = [(*str(name).partition(":"), expression) for name, expression in structure.items()]
        expressions = {name: expression for name, _, _, expression in entries}
        types = {name: kind for name, colon, kind, _ in entries if colon}
        for name, expression in expressions.items():
            if not name:
                raise FieldError(field, "has an empty name", 'Write "aiReply": "choices[0].message.content"')
            check_name(field, name)
            if not isinstance(expression, str):
                raise FieldError(
                    field, f"the expression of '{name}' is not a text", f'Write "{name}": "choices[0].message.content"'
                )
            try:
                compile_expression(expression)
            except ExpressionError as error:
                raise FieldError(field, f"'{name}': {error}", "See jmespath.org for the language") from error
        for name, kind in types.items():
            if kind not in CONVERSIONS:
                raise FieldError(
                    field, f"'{name}:{kind}' has an unknown type", f"It must be one of {', '.join(CONVERSIONS)}"
                )
        return cls(field, expressions, types)

    async def apply(self, response: Response, executor: BoundedExecutor) -> dict[str, Any]:
        """Return the process variables from a response; None where a path finds no value in it. Raises `FieldError`."""
        size = len(response.content)
        if sum(inline_share(expression, size) for expression in self.expressions.values()) <= 1:
            result = self.evaluate(response.body)
        else:
            result = await executor.run(evaluate_content, self, response.content)
        if isinstance(result, Unfinished):
            result = f"its evaluation {result.reason}"
        if isinstance(result, str):
            raise FieldError(self.field, result, "Fix the expression; Groq has answered, see catalyst_responseBody")
        return result

    def evaluate(self, body: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return the process variables, or why an expression has no value. It may take any time."""
        try:
            return {
                name: convert(evaluate(expression, body), self.types.get(name))
                for name, expression in self.expressions.items()
            }
        except ValueError as error:
            return str(error)


def evaluate_content(mapping: ResponseMapping, content: bytes) -> dict[str, Any] | str:
    """Evaluate a mapping on the content of a response."""
    return mapping.evaluate(parse(content.decode(errors="replace")))


@dataclass(frozen=True, slots=True)
class ErrorMapping:
    """Codes of BPMN errors by the cause of the failure: `{"429": "RATE_LIMITED"}`."""

    codes: Mapping[str, str]

    @classmethod
    def parse(cls, field: str, structure: Mapping[Any, Any]) -> "ErrorMapping":
        """Check the mapping. Raises `FieldError`."""
        for cause, code in structure.items():
            if not isinstance(code, str) or not code:
                raise FieldError(field, f"'{cause}' has no BPMN error code", f'Write "{cause}": "SOME_CODE"')
            if not CAUSE_PATTERN.fullmatch(str(cause)):
                fix = "Write a status (429), a class of statuses (5xx), one of Groq's codes, timeout or network"
                raise FieldError(field, f"'{cause}' is not a valid cause", fix)
        return cls({str(cause).lower(): code for cause, code in structure.items()})

    def code_for(self, causes: tuple[str, ...]) -> str | None:
        """Return the BPMN error code of the first cause that is mapped; `causes` come with the most specific first."""
        codes = {**DEFAULT_CODES, **self.codes}
        return next((codes[cause] for cause in causes if cause in codes), None)
