"""The value of one placeholder, or why it has none."""

import pickle
from collections.abc import Iterable, Mapping
from typing import Any

from catalyst_groq.common.structures import walk
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.foreign_syntax import suggest
from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression
from catalyst_groq.connector.expressions.strict_evaluation import (
    NO_FACTS,
    Evaluation,
    MissingArgumentError,
    PathThroughTextError,
    UnreadableValueError,
    evaluate_strictly,
)
from catalyst_groq.domain.variables import FileVariable, OpaqueValue

MAX_SHOWN_CHARS = 100
"""Of an expression in a message: the reason comes after it."""

STORE_JSON = (
    "Store JSON: as an input parameter ${{JSON('…')}} instead of a list or map, or ${{JSON({name})}} "
    "if the variable exists before the task"
)
KEEP_FILE = (
    "an input parameter keeps one as ${{execution.getVariableTyped('name')}}, and makes Bytes of it as ${{name}}"
)
FIXES: tuple[tuple[str, str], ...] = (
    ("broken JSON", "Correct what sets it: its content is not JSON"),
    ("nested too deeply", "Store it flatter"),
    ("Object", STORE_JSON),
    ("Bytes", f"Store UTF-8 text in it, or use a File: {KEEP_FILE}"),
)
"""What to do about a variable that cannot be read, by a part of its type. The first that fits."""

KINDS = {str: "a text", list: "a list", dict: "an object", bool: "a Boolean", type(None): "null"}
"""Values by their class; all others are numbers."""


class PlaceholderError(ValueError):
    """A placeholder is not closed, or finds no value; the message names the expression and the fix.

    `missing_variable` is the process variable that does not exist, if that is what is wrong; `fix` is then the last
    sentence of the message.
    """

    def __init__(self, message: str, fix: str = "", *, missing_variable: str = "") -> None:
        super().__init__(f"{message}. {fix}" if fix else message)
        self.problem = message
        self.fix = fix
        self.missing_variable = missing_variable


class TaskVariables(dict[str, Any]):
    """The variables that placeholders may use.

    `facts` are found by their names where there is no such variable. `values_by_expression` are the values of
    expressions that were evaluated in advance, or why they have none.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        facts: Mapping[str, Any] = NO_FACTS,
        values_by_expression: Mapping[str, Any] = NO_FACTS,
    ) -> None:
        super().__init__(variables)
        self.facts = facts
        self.values_by_expression = values_by_expression


def evaluate_all(expressions: Iterable[str], pickled_variables: bytes) -> dict[str, Any]:
    """Return the values of placeholders by their expressions; the error where there is none. Takes any time."""
    variables = pickle.loads(pickled_variables)  # noqa: S301 -- the caller's
    return {expression: _value_or_error(expression, variables) for expression in expressions}


def _value_or_error(expression: str, variables: Mapping[str, Any]) -> Any:
    try:
        return evaluate_placeholder(expression, variables)
    except PlaceholderError as error:
        return error
    except ExpressionError as error:
        return PlaceholderError(str(error))


def evaluate_placeholder(expression: str, variables: Mapping[str, Any], *, may_be_file: bool = False) -> Any:
    """Evaluate the expression of one placeholder. The value may be a File, or contain some.

    `may_be_file`: whether a File may be meant, for which a text is no default.

    A variable that exists and is null is an empty value (a form's field left blank). A missing variable, or a path that
    finds no value, is an error: a mistake in the expression would otherwise reach Groq as an empty text. Raises
    `PlaceholderError`, `ExpressionError`.
    """
    if isinstance(variables, TaskVariables) and expression in variables.values_by_expression:
        value = variables.values_by_expression[expression]
        if isinstance(value, PlaceholderError):
            raise value
        return value
    evaluation = _evaluate(expression, variables)
    value = evaluation.value
    if value is None:
        _check_empty_value(expression, evaluation, may_be_file=may_be_file)
    if isinstance(value, str):
        return value
    for part in walk(value):
        if isinstance(part, OpaqueValue) and not isinstance(part, FileVariable):
            raise PlaceholderError(describe_opaque_value(expression, part))
    return value


def _evaluate(expression: str, variables: Mapping[str, Any]) -> Evaluation:
    facts = variables.facts if isinstance(variables, TaskVariables) else NO_FACTS
    try:
        return evaluate_strictly(expression, variables, facts)
    except UnreadableValueError as error:
        raise PlaceholderError(describe_opaque_value(expression, error.value)) from error
    except MissingArgumentError as error:
        return Evaluation(None, leads_nowhere=True, missing=(error.name,))
    except PathThroughTextError as error:
        raise PlaceholderError(f"${{{shorten(expression, MAX_SHOWN_CHARS)}}}: {error}") from error


def _check_empty_value(expression: str, evaluation: Evaluation, *, may_be_file: bool) -> None:
    """Raise `PlaceholderError` unless the expression is the name of a variable that is null."""
    shown = shorten(expression, MAX_SHOWN_CHARS)
    if evaluation.missing:
        problem = f"${{{shown}}} needs the process variable '{evaluation.missing[0]}', which does not exist"
        if hint := suggest(expression):
            raise PlaceholderError(f"{problem}. {hint.sentence}")
        fix = ways_to_set(shown, may_be_file=may_be_file)
        raise PlaceholderError(problem, fix, missing_variable=evaluation.missing[0])
    if compile_expression(expression).parsed["type"] != "field":
        fix = "Fix the path" if may_be_file else f"Fix the path, or {_default(shown)}"
        raise PlaceholderError(f"${{{shown}}} finds no value in the process variables. {fix}")


def ways_to_set(expression: str, *, may_be_file: bool) -> str:
    """Return what to do about a variable that does not exist. A text is no default for a File."""
    if may_be_file:
        return "Set it to a File or a text before this task"
    return f"Set it before this task, or {_default(expression)}"


def _default(expression: str) -> str:
    return f"give a default: ${{{expression} || '(none)'}}"


def describe_variable(name: str, value: Any) -> str:
    """Return why a variable's value cannot be used where a text or an object is needed."""
    if isinstance(value, OpaqueValue):
        fix = "" if isinstance(value, FileVariable) else f". {_fix_of(value, name)}"
        return f"the process variable '{name}' is of type {value.type}, which cannot be read here{fix}"
    return f"the process variable '{name}' is {KINDS.get(type(value), 'a number')}"


def describe_opaque_value(expression: str, opaque: OpaqueValue) -> str:
    """Return why a variable cannot be used in a text, and what to do about it."""
    placeholder = f"${{{shorten(expression, MAX_SHOWN_CHARS)}}}"
    variable = placeholder if opaque.name in {"", expression} else f"{placeholder}: '{opaque.name}'"
    return f"{variable} is a variable of type {opaque.type}, which has no text. {_fix_of(opaque, expression)}"


def _fix_of(opaque: OpaqueValue, expression: str) -> str:
    if isinstance(opaque, FileVariable):
        return f'Write it as an entry of its own: "content": ["What is this?", "${{{opaque.name or expression}}}"]'
    for part, fix in FIXES:
        if part in opaque.type:
            return fix.format(name=opaque.name or "name")
    return "Use a String, number, Boolean or Json variable"
