"""Which process variables a task's fields use, so that the engine need not send the others."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from worker.connector.expressions import ExpressionError, compile_expression
from worker.connector.placeholders import Placeholder, PlaceholderError, parse

ALL = None
"""Stands for every variable: an expression such as `keys(@)` may use any."""

Needs = frozenset[str] | None
NOTHING: Needs = frozenset()

ONLY_FIRST = {
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

EVERY_PART = {
    "multi_select_list",
    "multi_select_dict",
    "key_val_pair",
    "comparator",
    "or_expression",
    "and_expression",
    "not_expression",
    "function_expression",
}
NO_PART = {"literal", "expref"}


def needs_of(value: Any) -> Needs:
    """Return the names of the variables that the placeholders in a text or a structure use."""
    if isinstance(value, str):
        return _needs_of_text(value)
    if isinstance(value, Mapping):
        return union(map(needs_of, value.values()))
    if isinstance(value, list):
        return union(map(needs_of, value))
    return NOTHING


def union(needs: Iterable[Needs]) -> Needs:
    """All of them together."""
    together: set[str] = set()
    for names in needs:
        if names is ALL:
            return ALL
        together |= names
    return frozenset(together)


@lru_cache(4096)
def _needs_of_text(text: str) -> Needs:
    try:
        placeholders = [part for part in parse(text) if isinstance(part, Placeholder)]
    except (PlaceholderError, ExpressionError):
        return NOTHING  # a mistake, which is reported when the text is filled
    return union(_needs_of_node(compile_expression(placeholder.expression).parsed) for placeholder in placeholders)


def _needs_of_node(node: Mapping[str, Any]) -> Needs:
    kind, children = node["type"], node.get("children", [])
    if kind == "field":
        return frozenset({node["value"]})
    if kind in ONLY_FIRST:
        return _needs_of_node(children[0])
    if kind in EVERY_PART:
        return union(map(_needs_of_node, children))
    return NOTHING if kind in NO_PART else ALL
