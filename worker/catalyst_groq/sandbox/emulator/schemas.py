"""JSON schemas: Groq's restrictions, validation of values, and generation of sample values."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError

_REJECTED_KEYWORDS = ("minItems", "maxItems")
_SAMPLES = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "duration": "PT1H",
}
_MAX_OPTIONAL_DEPTH = 4
_MAX_DEPTH = 20
_DEFAULT_STEP = 1
_TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}

Schema = Mapping[str, Any]


def find_rejected_keyword(schema: Any) -> str | None:
    """Return the first keyword that Groq rejects anywhere in a schema, or None."""
    return next((word for node in _nodes(schema) for word in _REJECTED_KEYWORDS if word in node), None)


def find_strictness_problem(schema: Any) -> str | None:
    """Return the rule of `strict: true` that an object in a schema breaks, or None."""
    for node in _nodes(schema):
        if "properties" not in node and node.get("type") != "object":
            continue
        if node.get("additionalProperties") is not False:
            return "`additionalProperties:false` must be set on every object"
        if set(node.get("required", ())) != set(node.get("properties", {})):
            return "`required` is required to be supplied and to be an array including every key in properties"
    return None


def find_schema_problem(schema: Any) -> str | None:
    """Return why a value is not a valid JSON schema, or None."""
    if not isinstance(schema, Mapping):
        return "a schema must be an object"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    for node in _nodes(schema):
        if "$ref" in node and _resolve_reference(schema, node["$ref"]) is None:
            return f"'{node['$ref']}' is not in the schema"
    try:
        schema_violations(generate_sample(schema), schema)
    except RecursionError:
        return "a reference leads to itself"
    return None


def find_parameters_problem(schema: Any) -> str | None:
    """Return the problem of a tool's parameter schema, or None."""
    if problem := find_schema_problem(schema):
        return problem
    for node in _nodes(schema):
        if node.get("required") and "properties" not in node:
            return "'required' present but 'properties' is missing"
    return None


def schema_violations(value: Any, schema: Schema) -> list[str]:
    """Return path and reason of each schema violation of a value, in Groq's text where it is known."""
    return [
        f"`/{'/'.join(map(str, error.absolute_path))}`: {_reason(error)}"
        for error in Draft202012Validator(schema).iter_errors(value)
    ]


def _reason(error: ValidationError) -> str:
    if error.validator == "type":
        return f"expected {error.validator_value}, but got {_TYPE_NAMES.get(type(error.instance), 'null')}"
    return error.message


def _nodes(schema: Any) -> Iterator[Schema]:
    """Yield a schema and all schemas inside it."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    for name in ("properties", "$defs", "definitions"):
        for inner in schema.get(name, {}).values():
            yield from _nodes(inner)
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(name, ()):
            yield from _nodes(inner)
    for name in ("items", "additionalProperties"):
        yield from _nodes(schema.get(name))


def generate_sample(schema: Schema, name: str = "value") -> Any:
    """Return a deterministic value that satisfies the schema. Recursion ends as soon as the schema allows it."""
    return _Sampler(schema).value(schema, name, 0)


class _Sampler:
    def __init__(self, root: Schema) -> None:
        self._root = root

    def value(self, schema: Any, name: str, depth: int) -> Any:
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(self._choose(choices, depth), name, depth)
        return self._of_type(_type(schema), schema, name, depth)

    def _resolve(self, schema: Any) -> dict[str, Any]:
        for _ in range(_MAX_DEPTH):
            if not isinstance(schema, Mapping) or "$ref" not in schema:
                break
            schema = _resolve_reference(self._root, schema["$ref"])
        resolved: dict[str, Any] = dict(schema) if isinstance(schema, Mapping) else {}
        for part in resolved.get("allOf", ()):
            inner = self._resolve(part)
            merged = {**resolved.get("properties", {}), **inner.get("properties", {})}
            resolved = {**inner, **resolved, **({"properties": merged} if merged else {})}
        return resolved

    def _choose(self, choices: list[Schema], depth: int) -> Schema:
        """Return a choice without recursion when deep, otherwise the first that is not null."""
        resolved = [self._resolve(choice) for choice in choices]
        plain = [choice for choice in resolved if _type(choice) not in {"object", "array"}]
        if depth >= _MAX_OPTIONAL_DEPTH and plain:
            return plain[0]
        return next((choice for choice in resolved if _type(choice) != "null"), resolved[0])

    def _of_type(self, kind: str, schema: Schema, name: str, depth: int) -> Any:
        if depth >= _MAX_DEPTH:
            return None
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return [] if depth >= _MAX_OPTIONAL_DEPTH else [self.value(schema.get("items", {}), name, depth + 1)]
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return _text(schema, name)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = (
            schema.get("required", ())
            if depth >= _MAX_OPTIONAL_DEPTH
            else {**properties, **dict.fromkeys(schema.get("required", ()))}
        )
        return {name: self.value(properties.get(name, {}), name, depth + 1) for name in names}


def _resolve_reference(root: Schema, reference: str) -> Any:
    """Return the target of a reference inside a schema, or None."""
    target: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            target = target.get(step) if isinstance(target, Mapping) else None
    return target


def _type(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    return str(kind) if kind else ("object" if "properties" in schema else "string")


def _number(schema: Schema) -> Any:
    step = schema.get("multipleOf", _DEFAULT_STEP)
    low = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 2 * step) - step)
    number = min(max(step, low), max(low, high))
    return ceil(number / step) * step if "multipleOf" in schema or _type(schema) == "integer" else number


def _text(schema: Schema, name: str) -> str:
    text = _SAMPLES.get(schema.get("format", ""), f"sample {name.replace('_', ' ')}")
    return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
