"""Evaluates an expression on data that may be unreadable, or in which a path may be a mistake. Pure.

JMESPath finds null where a path leads through a text, a File or a serialised Java object. A default, or an empty list,
would then stand in for data that nobody has looked at. Here it is an error, wherever in an expression it happens.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathTypeError
from jmespath.visitor import TreeInterpreter

from catalyst_groq.common.structures import walk
from catalyst_groq.connector.expressions.jmespath import (
    CustomFunctions,
    ExpressionError,
    Path,
    compile_expression,
    evaluation_errors,
    simple_path,
)
from catalyst_groq.connector.expressions.texts_on_paths import describe_path_through_text
from catalyst_groq.domain.variables import FileVariable, OpaqueValue

NO_FACTS: Mapping[str, Any] = {}
EQUALITIES = {"eq", "ne"}
ANY_VALUE_FUNCTIONS = {"not_null", "to_array"}
"""Functions that return a value as it is, and do not look into it."""


class UnreadableValueError(ExpressionError):
    """An expression looks into a variable that cannot be read."""

    def __init__(self, value: OpaqueValue) -> None:
        super().__init__(f"looks into a variable of type {value.type}")
        self.value = value


class PathThroughTextError(ExpressionError):
    """A path leads through a text, which has no parts."""


class MissingArgumentError(ExpressionError):
    """A function gets null for a name that the data does not have."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class Evaluation(NamedTuple):
    """The value of an expression."""

    value: Any
    leads_nowhere: bool
    """Whether the data does not have what the expression names. A null that the data has is found."""
    missing: tuple[str, ...] = ()
    """Names at the beginning of a path that the data does not have."""


NOTHING = Evaluation(None, leads_nowhere=True)


def evaluate_strictly(text: str, data: Mapping[str, Any], facts: Mapping[str, Any] = NO_FACTS) -> Evaluation:
    """Evaluate an expression. `facts` are found by their names where `data` has no such name.

    Raises `UnreadableValueError`, `PathThroughTextError`, `MissingArgumentError`, and `ExpressionError` for what else
    fails.
    """
    interpreter = None
    try:
        if path := simple_path(text):
            return _follow(path, data, facts)
        data = data if type(data) is dict else dict(data)  # jmespath knows no other class of objects
        interpreter = _StrictInterpreter(data, facts)
        with evaluation_errors(text):
            value = interpreter.visit(compile_expression(text).parsed, data)
    except UnreadableValueError:
        raise
    except PathThroughTextError as error:
        raise PathThroughTextError(*describe_path_through_text(text, data)) from error
    except ExpressionError as error:
        if interpreter and interpreter.missing:
            raise MissingArgumentError(str(error), interpreter.missing[0]) from error
        raise
    leads_nowhere = _is_hollow(value, empty_lists=interpreter.has_empty_projection)
    return Evaluation(value, leads_nowhere, tuple(interpreter.missing))


def _is_hollow(value: Any, *, empty_lists: bool) -> bool:
    """Whether there is nothing but null in a value; `empty_lists`: or nothing at all."""
    has_null = False
    for part in walk(value):
        if part is not None and not isinstance(part, dict | list):
            return False
        has_null = has_null or part is None
    return has_null or empty_lists


class _StrictFunctions(CustomFunctions):
    """Functions that refuse values which cannot be read."""

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, separators=(",", ":"), default=_refuse)

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        resolved_args = list(resolved_args)
        if function_name not in ANY_VALUE_FUNCTIONS:
            _check_readable(resolved_args)
        if function_name == "contains":
            _check_readable(_items_of(resolved_args))
        try:
            return super().call_function(function_name, resolved_args)
        except JMESPathTypeError:
            _check_readable(walk(resolved_args))
            raise


OPTIONS = jmespath.Options(custom_functions=_StrictFunctions())


class _StrictInterpreter(TreeInterpreter):
    """JMESPath's interpreter for one evaluation on `data`. It checks each value before it looks into it."""

    def __init__(self, data: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        super().__init__(OPTIONS)
        self._data = data
        self._facts = facts
        self.missing: list[str] = []
        self.has_empty_projection = False
        """Whether the path behind a list's `[*]` finds nothing in any of its items."""

    def visit(self, node: Any, *args: Any, **_: Any) -> Any:
        return VISITS[node["type"]](self, node, *args)

    def visit_field(self, node: Any, value: Any) -> Any:
        name = node["value"]
        if value is self._data and name not in value:
            if name not in self._facts:
                self.missing.append(name)
            return self._facts.get(name)
        return value.get(name) if isinstance(value, dict) else _find_nothing_in(value)

    def visit_index(self, node: Any, value: Any) -> Any:
        return super().visit_index(node, value) if isinstance(value, list) else _find_nothing_in(value)

    def visit_slice(self, node: Any, value: Any) -> Any:
        return super().visit_slice(node, _check_has_parts(value))

    def visit_flatten(self, node: Any, value: Any) -> Any:
        return super().visit_flatten(self._with_base(node, value), value)

    def visit_projection(self, node: Any, value: Any) -> Any:
        node = self._with_base(node, value)
        found = super().visit_projection(node, value)
        if found == [] and node["children"][0]["value"]:
            self.has_empty_projection = True
        return found

    def visit_value_projection(self, node: Any, value: Any) -> Any:
        return super().visit_value_projection(self._with_base(node, value), value)

    def visit_filter_projection(self, node: Any, value: Any) -> Any:
        return super().visit_filter_projection(self._with_base(node, value), value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        kind, (left, right) = node["value"], [self.visit(child, value) for child in node["children"]]
        if left is not None and right is not None:  # whether a variable exists is known without its value
            _check_readable([left, right])
            _check_readable(_items_of([left, right]))
        if kind not in EQUALITIES and not (_has_order(left) and _has_order(right)):
            return None
        return self.COMPARATOR_FUNC[kind](left, right)

    def visit_or_expression(self, node: Any, value: Any) -> Any:
        return super().visit_or_expression(self._with_condition(node, value), value)

    def visit_and_expression(self, node: Any, value: Any) -> Any:
        return super().visit_and_expression(self._with_condition(node, value), value)

    def visit_not_expression(self, node: Any, value: Any) -> Any:
        return super().visit_not_expression(self._with_condition(node, value), value)

    def _with_base(self, node: Any, value: Any) -> Any:
        """Return a node with the value of its first child, whose items the other children use."""
        return _with_values(node, [_check_has_parts(self.visit(node["children"][0], value))])

    def _with_condition(self, node: Any, value: Any) -> Any:
        """Return a node with the value of its first child, of which it is decided whether it is empty."""
        condition = self.visit(node["children"][0], value)
        if not isinstance(condition, FileVariable):  # a File is never empty
            _check_readable([condition])
        return _with_values(node, [condition])


VISITS = {
    name.removeprefix("visit_"): getattr(_StrictInterpreter, name)
    for name in dir(_StrictInterpreter)
    if name.startswith("visit_")
}
"""By the type of a node, so that no evaluation has to look them up."""


def _follow(path: Path, data: Mapping[str, Any], facts: Mapping[str, Any]) -> Evaluation:
    """Evaluate an expression that is only a path."""
    first = path[0]
    if isinstance(first, str) and first not in data:
        if first not in facts:
            return Evaluation(None, leads_nowhere=True, missing=(first,))
        data = facts
    value: Any = data
    for step in path:
        if isinstance(value, dict):
            if step not in value:
                return NOTHING
        elif not isinstance(value, list):
            _find_nothing_in(value)
            return NOTHING
        elif not isinstance(step, int) or not -len(value) <= step < len(value):
            return NOTHING
        value = value[step]
    return Evaluation(value, leads_nowhere=False)


def _has_order(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _with_values(node: Any, values: list[Any]) -> Any:
    """Return a node with values in place of its first children."""
    literals = [{"type": "literal", "value": value, "children": []} for value in values]
    return {**node, "children": [*literals, *node["children"][len(values) :]]}


def _check_has_parts(value: Any) -> Any:
    """Return a value that a path may lead through. An empty text is as good as none."""
    if not isinstance(value, dict | list):
        _find_nothing_in(value)
    return value


def _find_nothing_in(value: Any) -> None:
    """Return None for a value without parts, where that is no mistake."""
    if isinstance(value, OpaqueValue):
        raise UnreadableValueError(value)
    if isinstance(value, str) and value.strip():
        raise PathThroughTextError("leads through a text")


def _items_of(values: Iterable[Any]) -> Iterator[Any]:
    return (item for value in values if isinstance(value, list) for item in value)


def _refuse(value: Any) -> Any:
    raise UnreadableValueError(value)


def _check_readable(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, OpaqueValue):
            raise UnreadableValueError(value)
