"""What a JMESPath expression can find in an answer of a given form. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from catalyst_groq.commands.lint.answers import ANYTHING, Form, make_list
from catalyst_groq.connector.expressions.jmespath import CustomFunctions, ExpressionError, compile_expression

SCALARS = frozenset(("string", "number", "integer", "boolean"))
MAX_REFERENCES = 20
"""That are followed in a row: a schema may refer to itself."""

FUNCTIONS = frozenset(CustomFunctions.FUNCTION_TABLE)
"""The names of JMESPath's functions and of the worker's own."""


class WrongPath(NamedTuple):
    """A step of an expression that finds nothing."""

    rule_id: str
    problem: str
    fix: str


def find_wrong_paths(expression: str, answer: Form, tool_calls: Form) -> list[WrongPath]:
    """Return the steps of an expression that find nothing in an answer of that form."""
    walker = _Walker(tool_calls)
    try:
        walker.visit(compile_expression(expression).parsed, answer)
    except (ExpressionError, RecursionError):
        return []
    return walker.wrong


def functions_in(expression: str) -> Iterator[str]:
    """Yield the names of the functions that an expression calls; none of one with a mistake."""
    try:
        nodes: list[Any] = [compile_expression(expression).parsed]
    except ExpressionError:
        return
    while nodes:
        node = nodes.pop()
        if not isinstance(node, dict):
            continue
        if node["type"] == "function_expression":
            yield str(node["value"])
        if node["type"] != "literal":
            nodes.extend(node.get("children", ()))


class _Walker:
    """Follows an expression through the form of its data."""

    def __init__(self, tool_calls: Form) -> None:
        self._tool_calls = tool_calls
        self.wrong: list[WrongPath] = []

    def visit(self, node: Mapping[str, Any], form: Form) -> Form:
        """Return the form of what a node of the parsed expression yields, and note the steps that find nothing."""
        children = node.get("children", [])
        match node["type"]:
            case "field":
                return self._field(str(node["value"]), form)
            case "index":
                return self._items(form)
            case "current" | "identity" | "slice":
                return form
            case "subexpression" | "index_expression" | "pipe":
                return self._chain(children, form)
            case "projection" | "filter_projection" | "flatten":
                return self._projection(node["type"], children, form)
            case "function_expression":
                return self._function(str(node["value"]), [self.visit(child, form) for child in children])
            case "literal" | "expref" | "value_projection":
                return ANYTHING
            case _:
                return self._combine(children, form)

    def _chain(self, children: Sequence[Mapping[str, Any]], form: Form) -> Form:
        for child in children:
            form = self.visit(child, form)
        return form

    def _projection(self, kind: str, children: Sequence[Mapping[str, Any]], form: Form) -> Form:
        items = self._items(self.visit(children[0], form))
        if kind == "flatten":
            return items if _type_of(items) == "array" else make_list(items)
        return make_list(self.visit(children[1], items))

    def _combine(self, children: Sequence[Mapping[str, Any]], form: Form) -> Form:
        """Visit the parts of a comparison, of `||`, or of an object or list that the expression makes."""
        parts = {child.get("value"): self.visit(child, form) for child in children if child["type"] != "literal"}
        is_object = bool(children) and all(child["type"] == "key_val_pair" for child in children)
        return {"type": "object", "properties": parts} if is_object else ANYTHING

    def _field(self, name: str, form: Form) -> Form:
        kind = _type_of(form)
        if kind in SCALARS:
            described = "a text" if kind == "string" else "a number or Boolean"
            fix = "Write parse_json(…) around the path to a text that is JSON" if kind == "string" else "Fix the path"
            self.wrong.append(WrongPath("path-through-text", f"'{name}' is sought in {described}", fix))
        elif kind == "array":
            problem = f"'{name}' is sought in a list"
            self.wrong.append(WrongPath("path-leads-nowhere", problem, f"Write [0].{name} or [].{name}"))
        elif kind == "object":
            return self._property(name, form)
        return ANYTHING

    def _property(self, name: str, form: Form) -> Form:
        properties = form.get("properties")
        if not isinstance(properties, dict) or form.get("patternProperties"):
            return ANYTHING
        if name in properties:
            return _resolve(properties[name], form)
        others = form.get("additionalProperties", False)
        if others is True or isinstance(others, dict):
            return others if isinstance(others, dict) else ANYTHING
        choice = "one of " if len(properties) > 1 else ""
        listed = ", ".join(map(str, properties))
        fix = f"Write {choice}{listed}" if properties else "Fix the path"
        self.wrong.append(WrongPath("path-leads-nowhere", f"there is no '{name}'", fix))
        return ANYTHING

    def _items(self, form: Form) -> Form:
        if _type_of(form) == "array":
            return _resolve(form.get("items", ANYTHING), form)
        if _type_of(form) in SCALARS | {"object"}:
            self.wrong.append(WrongPath("path-leads-nowhere", "an index is applied to what is no list", "Remove it"))
        return ANYTHING

    def _function(self, name: str, arguments: Sequence[Form]) -> Form:
        simple: Mapping[str, Callable[[], Form]] = {
            "parse_json": lambda: _with_root(arguments[0].get("contentSchema", ANYTHING)),
            "tool_calls": lambda: self._tool_calls,
            "not_null": lambda: arguments[0],
        }
        return simple[name]() if name in simple and arguments else ANYTHING


def _type_of(form: Form) -> str | None:
    kinds = form.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        kinds = others[0] if len(others) == 1 else None
    return kinds if isinstance(kinds, str) else None


def _with_root(schema: Any) -> Form:
    """Return a schema whose parts know the whole: references lead there."""
    return _resolve({**schema, "$root": schema}, {"$root": schema}) if isinstance(schema, dict) else ANYTHING


def _resolve(schema: Any, around: Form) -> Form:
    """Return the schema that a local reference leads to; anything for what is not followed."""
    root = around.get("$root")
    for _ in range(MAX_REFERENCES):
        if not isinstance(schema, dict) or not schema.keys().isdisjoint(("anyOf", "oneOf", "allOf", "not", "if")):
            return ANYTHING
        reference = schema.get("$ref")
        if reference is None:
            return schema if root is None else {**schema, "$root": root}
        schema = _follow(str(reference), root)
    return ANYTHING


def _follow(reference: str, root: Any) -> Any:
    target = root if reference.startswith("#") else None
    for step in reference.removeprefix("#").split("/")[1:]:
        target = target.get(step) if isinstance(target, dict) else None
    return target
