"""JSON schemas of a request: whether one can be used, and whether a value matches it. Pure.

No reference leaves a schema: nothing is read from a file or a URL, whatever the schema names.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalyst_groq.common.texts import shorten

MAX_EXCERPT_CHARS = 300
"""Length to which a problem is described to the model and to the modeller."""

MAX_REFERENCE_CHARS = 80

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
DATA_KEYWORDS = {"enum", "const", "default", "examples"}
"""Keywords whose values are no schemas, and hold none."""

KEYWORDS_BY_NAME = {*("properties", "patternProperties", "dependencies", "dependentSchemas", "$defs", "definitions")}
"""Keywords whose values hold schemas by any names, also by those of keywords."""


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Describe why a JSON schema cannot be used; None when it can."""
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 -- 2 MB that most workers never need

    try:
        _validator_class(schema).check_schema(dict(schema))
        return _find_dangling_reference(schema)
    except SchemaError as error:
        return shorten(error.message, MAX_EXCERPT_CHARS)
    except RecursionError:
        return "it is nested too deeply"
    except Exception as error:  # noqa: BLE001 -- a schema may hold anything, also what the libraries do not expect
        return shorten(f"{type(error).__name__}: {error}", MAX_EXCERPT_CHARS)


def find_mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Describe where a value does not match a schema; None when it matches."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415 -- 2 MB that most workers never need
    from referencing import Registry  # noqa: PLC0415 -- the same

    # jsonschema's default registry opens the files and URLs that a schema refers to; an empty one retrieves nothing.
    validator = _validator_class(schema)(schema, registry=Registry())
    error = best_match(validator.iter_errors(value))
    return shorten(f"at {error.json_path} {error.message}", MAX_EXCERPT_CHARS) if error else None


def _find_dangling_reference(schema: Mapping[str, Any]) -> str | None:
    """Describe a reference to something that is not in the schema itself, also one that only a reference leads to."""
    from referencing import Registry  # noqa: PLC0415 -- 2 MB that most workers never need
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 -- the same
    from referencing.jsonschema import specification_with  # noqa: PLC0415 -- the same

    meta_schema = _validator_class(schema).META_SCHEMA
    specification = specification_with(meta_schema.get("$id") or meta_schema["id"])
    root = specification.create_resource(schema)
    registry: Registry[Any] = Registry()
    root_resolver = registry.resolver_with_root(root)
    remaining = [(root, root_resolver)]
    visited = set()
    while remaining:
        resource, resolver = remaining.pop()
        contents = resource.contents
        if id(contents) in visited or not isinstance(contents, Mapping):
            continue
        visited.add(id(contents))
        for name in REFERENCES:
            if isinstance(reference := contents.get(name), str):
                try:
                    target = resolver.lookup(reference)
                except Unresolvable:
                    return _describe_dangling(name, reference)
                remaining.append((specification.create_resource(target.contents), target.resolver))
        remaining += [(part, resolver.in_subresource(part)) for part in resource.subresources()]
    # `subresources` leaves out what the validator follows: schemas in Draft 3's `type`, and `dependencies` in others.
    for contents in _possible_schemas(schema):
        for name in REFERENCES:
            reference = contents.get(name)
            if id(contents) in visited or not isinstance(reference, str) or reference.startswith("#"):
                continue
            try:
                root_resolver.lookup(reference)
            except Unresolvable:
                return _describe_dangling(name, reference)
    return None


def _describe_dangling(name: str, reference: str) -> str:
    return f"its {name} '{shorten(reference, MAX_REFERENCE_CHARS)}' leads to nothing within the schema"


def _possible_schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every object in a schema that may be a schema in some draft."""
    remaining: list[Any] = [schema]
    while remaining:
        part = remaining.pop()
        if isinstance(part, list):
            remaining += part
        elif isinstance(part, Mapping):
            yield part
            for name, value in part.items():
                if name in KEYWORDS_BY_NAME and isinstance(value, Mapping):
                    remaining += value.values()
                elif name not in DATA_KEYWORDS:
                    remaining.append(value)


def _validator_class(schema: Mapping[str, Any]) -> Any:
    """Return the validator for the draft that a schema names; the latest draft's for an unknown one."""
    from jsonschema.validators import Draft202012Validator, validator_for  # noqa: PLC0415 -- 2 MB that most workers never need

    return validator_for(schema, default=Draft202012Validator)
