"""Response mapping (from Groq's answer to process variables) and error mapping (from failures to BPMN errors)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.json_codec import parse
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.conversions import CONVERSIONS, convert
from catalyst_groq.connector.expressions.evaluation_cost import inline_share
from catalyst_groq.connector.expressions.jmespath import ExpressionError, check_expression
from catalyst_groq.connector.expressions.strict_evaluation import evaluate_strictly
from catalyst_groq.connector.fields.error_causes import check_cause
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.errors import BUDGET_EXCEEDED
from catalyst_groq.groq.api.responses import Response

DEFAULT_CODES = {BUDGET_EXCEEDED: "BUDGET_EXCEEDED"}
"""BPMN errors that need no error mapping, because the operator and not the modeller sets budgets."""

VARIABLE_NAME = re.compile(r"\w+")
"""A name that the engine's expressions can read."""

PLACEHOLDER = re.compile(r"[$#{]\{|<%")
"""The beginning of a placeholder, in this or another language."""

MAX_NAME_CHARS = 255
"""Maximum length of a variable's name in the engine's database."""

MAX_SHOWN_CHARS = 100
"""Of a name or an expression in a message."""


MULTI_INSTANCE_VARIABLES = {"loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"}
"""By these the engine counts the items of a multi-instance."""


def check_name(field: str, name: str) -> None:
    """Check that a task may set a process variable of this name. Raises `FieldError`."""
    if name.startswith(FIELD_PREFIX):
        raise FieldError(
            field, f"'{name}' cannot be set: {FIELD_PREFIX}… is reserved for the worker", "Choose another name"
        )
    if name in MULTI_INSTANCE_VARIABLES:
        raise FieldError(field, f"'{name}' cannot be set: the engine counts items with it", "Choose another name")
    if len(name) > MAX_NAME_CHARS:
        problem = f"'{name[:40]}…' is a name of {len(name)} characters; the engine takes {MAX_NAME_CHARS}"
        raise FieldError(field, problem, "Choose a shorter one")


class MappedVariables(NamedTuple):
    """The process variables of a response mapping, and the names of those whose paths lead nowhere."""

    variables: dict[str, Any]
    unmapped: list[str]


@dataclass(frozen=True, slots=True)
class ResponseMapping:
    """Names of process variables, with the JMESPath expressions that take their values from Groq's answer."""

    field: str
    expressions: Mapping[str, str]
    types: Mapping[str, str]
    """By variable name its type, for the names written with one: `"total:Double"`."""
    required: frozenset[str]
    """Names of the variables that must have a value: `"total!"`, `"total:Double!"`."""

    @classmethod
    def parse(cls, field: str, structure: Mapping[Any, Any]) -> "ResponseMapping":
        """Check the mapping, before Groq is paid for an answer. Raises `FieldError`."""
        expressions: dict[str, str] = {}
        types: dict[str, str] = {}
        required = set()
        for key, expression in structure.items():
            written, colon, kind = str(key).partition(":")
            name = written.removesuffix("!")
            _check_entry(field, name, expression)
            if name in expressions:
                raise FieldError(field, f"has two entries for '{name}'", "Remove one, or choose another name")
            expressions[name] = expression
            if str(key).endswith("!") or written.endswith("!"):
                required.add(name)
            if colon:
                types[name] = _check_type(field, name, kind.removesuffix("!"))
        return cls(field, expressions, types, frozenset(required))

    async def apply(self, response: Response, executor: BoundedExecutor) -> MappedVariables:
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
        return MappedVariables(*result)

    def evaluate(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]] | str:
        """Return the variables and the names of those that are not mapped, or why there are none.

        It may take any time.
        """
        variables, unmapped = {}, []
        for name, expression in self.expressions.items():
            try:
                evaluation = evaluate_strictly(expression, body)
                if name in self.required and (evaluation.value is None or evaluation.leads_nowhere):
                    shown = shorten(expression, MAX_SHOWN_CHARS)
                    return f"'{name}' is required, and `{shown}` finds no value in the response"
                variables[name] = convert(evaluation.value, self.types.get(name))
            except ValueError as error:
                return f"'{name}': {error}"
            if evaluation.leads_nowhere:
                unmapped.append(name)
        return variables, unmapped


def _check_entry(field: str, name: str, expression: Any) -> None:
    """Check the name and the expression of a mapped variable. Raises `FieldError`."""
    if not name:
        raise FieldError(field, "has an empty name", 'Write "aiReply": "choices[0].message.content"')
    if not VARIABLE_NAME.fullmatch(name):
        shown = shorten(name, MAX_SHOWN_CHARS)
        raise FieldError(field, f"'{shown}' cannot be the name of a variable", _fix_of_name(shown, expression))
    check_name(field, name)
    if not isinstance(expression, str):
        raise FieldError(
            field, f"the expression of '{name}' is not a text", f'Write "{name}": "choices[0].message.content"'
        )
    try:
        check_expression(expression)
    except ExpressionError as error:
        raise FieldError(field, f"'{name}': {error}", "See jmespath.org for the language") from error


def _fix_of_name(name: str, expression: Any) -> str:
    if PLACEHOLDER.search(name):
        return (
            "A name has no placeholders: write letters, digits and _. "
            "catalyst_collect collects the results of a multi-instance"
        )
    if isinstance(expression, str) and VARIABLE_NAME.fullmatch(expression):
        return f'The name comes first: "{expression}": "{name}"'
    return "Write letters, digits and _"


def _check_type(field: str, name: str, kind: str) -> str:
    if kind not in CONVERSIONS:
        raise FieldError(field, f"'{name}:{kind}' has an unknown type", f"It must be one of {', '.join(CONVERSIONS)}")
    return kind


def evaluate_content(mapping: ResponseMapping, content: bytes) -> tuple[dict[str, Any], list[str]] | str:
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
            check_cause(field, str(cause))
        return cls({str(cause).lower(): code for cause, code in structure.items()})

    def code_for(self, causes: tuple[str, ...]) -> str | None:
        """Return the BPMN error code of the first cause that is mapped; `causes` come with the most specific first."""
        codes = {**DEFAULT_CODES, **self.codes}
        return next((codes[cause] for cause in map(str.lower, causes) if cause in codes), None)
