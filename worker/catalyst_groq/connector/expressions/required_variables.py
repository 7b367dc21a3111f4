"""Which process variables a task's fields use, so that the engine need not send the others."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression
from catalyst_groq.connector.expressions.placeholders import Placeholder, PlaceholderError, parse

ALL_VARIABLES = None
"""Stands for every variable: an expression such as `keys(@)` may use any."""

VariableNames = frozenset[str] | None
NO_VARIABLES: VariableNames = frozenset()

FIRST_CHILD_NODES = {
    "subexpression",
    "pipe",
    "index_expression",
    "projection",
    "value_projection",
    "filter_projection",
    "flatten",
    "slice",
}
"""Only their first part looks at the variables, the rest at what it found."""

ALL_CHILDREN_NODES = {
    "multi_select_list",
    "multi_select_dict",
    "key_val_pair",
    "comparator",
    "or_expression",
    "and_expression",
    "not_expression",
    "function_expression",
}
LITERAL_NODES = {"literal", "expref"}


def variables_used_by(value: Any) -> VariableNames:
    """Return the names of the variables that the placeholders in a text or a structure use."""
    if isinstance(value, str):
        return _variables_in_text(value)
    if isinstance(value, Mapping):
        return union(map(variables_used_by, value.values()))
    if isinstance(value, list):
        return union(map(variables_used_by, value))
    return NO_VARIABLES


def union(needs: Iterable[VariableNames]) -> VariableNames:
    """All of them together."""
    together: set[str] = set()
    for names in needs:
        if names is ALL_VARIABLES:
            return ALL_VARIABLES
        together |= names
    return frozenset(together)


@lru_cache(4096)
def _variables_in_text(text: str) -> VariableNames:
    try:
        placeholders = [part for part in parse(text) if isinstance(part, Placeholder)]
    except (PlaceholderError, ExpressionError):
        return NO_VARIABLES  # a mistake, which is reported when the text is filled
    return union(_variables_in_node(compile_expression(placeholder.expression).parsed) for placeholder in placeholders)


def _variables_in_node(node: Mapping[str, Any]) -> VariableNames:
    kind, children = node["type"], node.get("children", [])
    if kind == "field":
        return frozenset({node["value"]})
    if kind in FIRST_CHILD_NODES:
        return _variables_in_node(children[0])
    if kind in ALL_CHILDREN_NODES:
        return union(map(_variables_in_node, children))
    return NO_VARIABLES if kind in LITERAL_NODES else ALL_VARIABLES
