"""JSON schemas of a request: whether one can be used, and whether a value matches it. Pure.

No reference leaves a schema: nothing is read from a file or a URL, whatever the schema names.
"""

from collections.abc import Mapping
from typing import Any

MAX_EXCERPT_CHARS = 300
"""Length to which a problem is described to the model and to the modeller."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Describe why a JSON schema cannot be used; None when it can."""
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 -- 2 MB that most workers never need

    try:
        _validator_class(schema).check_schema(dict(schema))
        return _find_dangling_reference(schema)
    except SchemaError as error:
        return error.message[:MAX_EXCERPT_CHARS]
    except RecursionError:
        return "it is nested too deeply"
    except Exception as error:  # noqa: BLE001 -- a schema may hold anything, also what the libraries do not expect
        return f"{type(error).__name__}: {error}"[:MAX_EXCERPT_CHARS]


def find_mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Describe where a value does not match a schema; None when it matches."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415 -- 2 MB that most workers never need
    from referencing import Registry  # noqa: PLC0415 -- the same

    # jsonschema's default registry opens the files and URLs that a schema refers to; an empty one retrieves nothing.
    validator = _validator_class(schema)(schema, registry=Registry())
    error = best_match(validator.iter_errors(value))
    return f"at {error.json_path} {error.message}"[:MAX_EXCERPT_CHARS] if error else None


def _find_dangling_reference(schema: Mapping[str, Any]) -> str | None:
    """Describe a reference to something that is not in the schema itself, also one that only a reference leads to."""
    from referencing import Registry  # noqa: PLC0415 -- 2 MB that most workers never need
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 -- the same
    from referencing.jsonschema import specification_with  # noqa: PLC0415 -- the same

    meta_schema = _validator_class(schema).META_SCHEMA
    specification = specification_with(meta_schema.get("$id") or meta_schema["id"])
    root = specification.create_resource(schema)
    registry: Registry[Any] = Registry()
    remaining = [(root, registry.resolver_with_root(root))]
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
                    return f"its {name} '{reference[:80]}' leads to nothing within the schema"
                remaining.append((specification.create_resource(target.contents), target.resolver))
        remaining += [(part, resolver.in_subresource(part)) for part in resource.subresources()]
    return None


def _validator_class(schema: Mapping[str, Any]) -> Any:
    """Return the validator for the draft that a schema names; the latest draft's for an unknown one."""
    from jsonschema.validators import Draft202012Validator, validator_for  # noqa: PLC0415 -- 2 MB that most workers never need

    return validator_for(schema, default=Draft202012Validator)
