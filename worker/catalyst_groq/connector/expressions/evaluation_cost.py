"""Whether a JMESPath expression may be evaluated on the event loop: by its form and by the size of its data. Pure.

A multi-select (`[@, @]`) repeats its data. A chain of them makes gigabytes of a few characters, shared in memory until
they are written as JSON.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.connector.expressions.jmespath import compile_expression

MAX_INLINE_COST = 100_000
"""Evaluated nodes times characters of data, at most. It takes less than 100 ms."""

CHARS_PER_NODE = 8
"""Characters of a literal that take as long as one node, at most."""

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


@cache_short_texts(4096)
def max_inline_chars(expression: str) -> float:
    """Return on how many characters of data an evaluation takes milliseconds; 0 or less: on none.

    A literal counts as data, and as nodes: a filter may compare each entry with all of it. Raises `ExpressionError`.
    """
    nodes, growth, literal_chars, is_constant = 0, 1.0, 0, True
    remaining: list[Mapping[str, Any]] = [compile_expression(expression).parsed]
    while remaining:
        node = remaining.pop()
        chars = len(str(node["value"])) if node["type"] == "literal" else 0
        nodes += 1 + chars // CHARS_PER_NODE
        literal_chars += chars
        growth *= _growth_of_node(node)
        is_constant = is_constant and node["type"] in CONSTANT_TIME_NODES
        remaining += [child for child in node.get("children", ()) if isinstance(child, dict)]
    return inf if is_constant else MAX_INLINE_COST / (nodes * growth) - literal_chars


def inline_share(expression: str, chars: float) -> float:
    """Return the share that an evaluation on so many characters has in what may be done on the event loop at once.

    All shares together may be 1 at most. Raises `ExpressionError`.
    """
    max_chars = max_inline_chars(expression)
    return chars / max_chars if max_chars > 0 else inf


def _growth_of_node(node: Mapping[str, Any]) -> float:
    kind, children = node["type"], node.get("children", ())
    if kind in CONSTANT_TIME_NODES or kind in LINEAR_NODES:
        return 1
    if kind in REPEATING_NODES:
        return max(len(children), 1)
    if kind != "function_expression":
        return inf
    if node["value"] == "join" and children[:1]:  # a text between each two entries of a list
        return 2 + len(str(children[0]["value"])) if children[0]["type"] == "literal" else inf
    if node["value"] in REPEATING_FUNCTIONS:
        return 2
    return 1 if node["value"] in LINEAR_FUNCTIONS else inf
