"""Whether a JMESPath expression may be evaluated on the event loop: by its form and by the size of its data. Pure.

A multi-select (`[@, @]`) repeats its data. A chain of them makes gigabytes of a few characters, shared in memory until
they are written as JSON.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import Any

from catalyst_groq.connector.expressions.jmespath import compile_expression

MAX_INLINE_COST = 100_000
"""Evaluated nodes times characters of data, at most. It takes less than 100 ms."""

CONSTANT_TIME_NODES = {
    "field",
    "index",
    "slice",
    "subexpression",
    "index_expression",
    "identity",
    "current",
    "literal",
    "pipe",
    "or_expression",
    "and_expression",
    "not_expression",
}
REPEATING_NODES = {"multi_select_list", "multi_select_dict"}
LINEAR_NODES = {
    "projection",
    "value_projection",
    "filter_projection",
    "flatten",
    "comparator",
    "key_val_pair",
    "expref",
}
LINEAR_FUNCTIONS = {
    "abs",
    "avg",
    "ceil",
    "contains",
    "ends_with",
    "floor",
    "keys",
    "length",
    "max",
    "min",
    "not_null",
    "parse_json",
    "reverse",
    "sort",
    "starts_with",
    "sum",
    "to_number",
    "tool_calls",
    "type",
    "values",
}
REPEATING_FUNCTIONS = {"join", "map", "max_by", "merge", "min_by", "sort_by", "to_array", "to_string"}
"""Functions that may double the size of their data, if they are nested (`to_string` escapes each quote again)."""


@lru_cache(4096)
def max_inline_chars(expression: str) -> float:
    """Return on how many characters of data an evaluation takes milliseconds. Raises `ExpressionError`."""
    nodes, growth, is_constant = 0, 1.0, True
    remaining: list[Mapping[str, Any]] = [compile_expression(expression).parsed]
    while remaining:
        node = remaining.pop()
        nodes += 1
        growth *= _growth_of_node(node)
        is_constant = is_constant and node["type"] in CONSTANT_TIME_NODES
        remaining += [child for child in node.get("children", ()) if isinstance(child, dict)]
    return inf if is_constant else MAX_INLINE_COST / (nodes * growth)


def _growth_of_node(node: Mapping[str, Any]) -> float:
    kind, children = node["type"], node.get("children", ())
    if kind in CONSTANT_TIME_NODES or kind in LINEAR_NODES:
        return 1
    if kind in REPEATING_NODES:
        return max(len(children), 1)
    if kind != "function_expression":
        return inf
    if node["value"] == "join" and children[:1] and children[0]["type"] != "literal":
        return inf  # a long text between each two entries of a long list
    if node["value"] in REPEATING_FUNCTIONS:
        return 2
    return 1 if node["value"] in LINEAR_FUNCTIONS else inf
