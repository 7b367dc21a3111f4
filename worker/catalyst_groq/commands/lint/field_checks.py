"""The fields themselves: what the worker refuses, names that it does not know, texts that mean something else."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.fields import has_literal_key, rule_of
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.misspelt_fields import KNOWN_FIELDS, is_meant_as_field
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.fields.ignored_fields import find_ignored_fields
from catalyst_groq.connector.fields.names import API_KEY, FALLBACK_MODELS, OBJECT_FIELDS, TIMEOUT

MAX_TIMEOUT_SECONDS = 3600
SEPARATORS_OF_OTHERS = frozenset("[]\"'{}; \n")


def check_field_values(check: TaskCheck) -> Iterator[Finding]:
    """Find what the worker refuses, in its own words."""
    for mistake in check.checked.mistakes:
        yield check.finding(rule_of(mistake), f"{mistake.field}: {mistake.problem}", mistake.fix, mistake.field)
    if has_literal_key(check.checked):
        yield check.describe("key-in-diagram", API_KEY)
    request = check.checked.request
    if request and request.timeout > MAX_TIMEOUT_SECONDS:
        seconds, hours = str(check.checked.samples[TIMEOUT]).strip(), round(request.timeout / MAX_TIMEOUT_SECONDS)
        yield check.describe("milliseconds-timeout", TIMEOUT, seconds=seconds, hours=hours)
    if request and any(SEPARATORS_OF_OTHERS.intersection(name) for name in request.fallback_models):
        name = next(name for name in request.fallback_models if SEPARATORS_OF_OTHERS.intersection(name))
        problem = f"{FALLBACK_MODELS}: '{shorten(name)}' is not the name of a model"
        fix = "Write the names with commas in between, without brackets, quotation marks and semicolons"
        yield check.finding("invalid-fallback-models", problem, fix, FALLBACK_MODELS)


def check_field_names(check: TaskCheck) -> Iterator[Finding]:
    """Find fields that do not exist, or not for this operation."""
    names = [name for name in check.task.lines if is_meant_as_field(check.task, name)]
    own = check.checked.raw.fields
    for ignored in find_ignored_fields(names, own, KNOWN_FIELDS, check.checked.operation):
        rule_id = "unused-field" if ignored.is_of_other_operation else "unknown-field"
        yield check.finding(rule_id, f"{ignored.name}: {ignored.problem}", ignored.fix, ignored.name)


def check_field_places(check: TaskCheck) -> Iterator[Finding]:
    """Find fields that are written more than once: only one of the texts counts."""
    for name in check.task.repeated:
        if is_meant_as_field(check.task, name):
            yield check.describe("repeated-field", name, field=name)


def check_duplicate_keys(check: TaskCheck) -> Iterator[Finding]:
    """Find names that an object in JSON has twice."""
    for field in sorted(OBJECT_FIELDS.intersection(check.checked.raw.fields)):
        text = check.checked.raw.fields[field]
        if not isinstance(text, str) or check.checked.structure(field) is None:
            continue
        is_json = text.lstrip().startswith("{")
        for name in dict.fromkeys(_duplicates_in_json(text) if is_json else _duplicates_in_yaml(text)):
            problem = f"{field}: an object has '{shorten(name)}' twice; only the last one counts"
            yield check.finding("duplicate-key", problem, "Remove one, or give it another name", field)


def _duplicates_in_json(text: str) -> list[str]:
    duplicates: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        duplicates.extend(_repeated(name for name, _ in pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    return duplicates


def _duplicates_in_yaml(text: str) -> Iterator[str]:
    nodes, seen = [yaml.compose(text, Loader=yaml.SafeLoader)], set[int]()
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _repeated(str(key.value) for key, _ in node.value)
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
