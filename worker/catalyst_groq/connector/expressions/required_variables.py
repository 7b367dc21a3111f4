"""Finds the process variables that a task's fields use, so that the worker fetches no others."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.connector.expressions.jmespath import ExpressionError, compile_expression
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError
from catalyst_groq.connector.expressions.placeholders import Placeholder, parse

ALL_VARIABLES = None
"""Every variable: an expression such as `keys(@)` may use any."""

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
"""JMESPath nodes whose first child is evaluated on the variables, and the other children on the first one's result."""

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
"""JMESPath nodes whose children are all evaluated on the variables."""

LITERAL_NODES = {"literal", "expref"}
"""JMESPath nodes that use no variables: an `&expression` is evaluated on the items of a list."""

CACHED_TEXTS = 4096


def variables_used_by(value: Any) -> VariableNames:
    """Return the names of the variables that the placeholders in a text or a structure use."""
    if isinstance(value, str):
        return _variables_in_text(value)
    if isinstance(value, Mapping):
        return union(map(variables_used_by, value.values()))
    if isinstance(value, list):
        return union(map(variables_used_by, value))
    return NO_VARIABLES


def union(parts: Iterable[VariableNames]) -> VariableNames:
    """Return the union of several sets of names."""
    names: set[str] = set()
    for part in parts:
        if part is ALL_VARIABLES:
            return ALL_VARIABLES
        names |= part
    return frozenset(names)


@cache_short_texts(CACHED_TEXTS)
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
