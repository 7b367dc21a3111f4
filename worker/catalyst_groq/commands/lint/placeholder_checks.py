"""Placeholders: those of other languages, those that the engine fills, and the variables that they need."""

import re
from collections.abc import Iterator
from typing import Any

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.paths import FUNCTIONS, functions_in
from catalyst_groq.commands.lint.samples import expressions_in, is_placeholder
from catalyst_groq.commands.lint.variables import SetVariables
from catalyst_groq.common.structures import walk
from catalyst_groq.common.texts import closest, shorten
from catalyst_groq.connector.expressions.foreign_syntax import NAME
from catalyst_groq.connector.expressions.placeholder_values import ways_to_set
from catalyst_groq.connector.expressions.placeholders import CONTENT, FILE_PLACES, PART
from catalyst_groq.connector.expressions.required_variables import ALL_VARIABLES, union, variables_used_by
from catalyst_groq.connector.fields.names import AUDIO, ERROR_MAPPING, OBJECT_FIELDS, RESPONSE_MAPPING

FOREIGN_PLACEHOLDER = re.compile(r"#\{[^{}\n]{1,200}\}|\{\{[^{}\n]{1,200}\}\}|<%=[^%\n]{1,200}%>")
SINGLE_BRACES = re.compile(r"(?<![$#{\\])\{([^\W\d]\w*)\}(?!\})")
YAML_BRACES = re.compile(r"(?<![$#{\\\"'])\{\s*([^\W\d]\w*)\s*\}(?!\})")
ENGINE_OBJECTS = frozenset(("execution", "authenticatedUserId", "connector"))
"""Names in the engine's expressions that are no process variables."""

ANSWER_NAMES = frozenset(("choices", "usage", "model", "text", "segments", "words"))
"""Names in an answer that a mapping begins with."""

TASK_FACTS = "task"
"""What the worker itself gives to placeholders."""


def check_placeholders(check: TaskCheck) -> Iterator[Finding]:
    """Find placeholders that the worker does not fill, or cannot."""
    for field, text in _texts(check):
        foreign = FOREIGN_PLACEHOLDER.search(text)
        if foreign and not check.is_refused_by("foreign-placeholder"):
            problem = f"{field}: '{shorten(foreign.group())}' is no placeholder and is sent to the model as it is"
            yield check.finding("foreign-placeholder", problem, _translate(foreign.group()), field)
        for expression in expressions_in(text):
            yield from _check_expression(check, field, expression)
    for field, constant in check.task.inputs.items():
        if field in check.checked.raw.fields and constant is None:
            yield check.describe("placeholder-for-engine", field, field=field)


def _check_expression(check: TaskCheck, field: str, expression: str) -> Iterator[Finding]:
    names = variables_used_by(f"${{{expression}}}") or frozenset()
    if engine_objects := names & ENGINE_OBJECTS:
        problem = f"{field}: ${{{shorten(expression)}}} uses '{min(engine_objects)}' of the engine's expressions"
        fix = "Write the name of the process variable alone, as in ${name}, or with a default: ${name || '(none)'}"
        yield check.finding("engine-expression", problem, fix, field)
    elif unknown := sorted(set(functions_in(expression)) - FUNCTIONS):
        yield _unknown_function(check, field, unknown[0])
    elif field == RESPONSE_MAPPING and names & ANSWER_NAMES:
        problem = f"{field}: ${{{shorten(expression)}}} is filled before Groq is asked, from process variables"
        yield check.finding("placeholder-in-mapping", problem, f"Write {shorten(expression)} without ${{ and }}", field)


def check_mapping_functions(check: TaskCheck) -> Iterator[Finding]:
    """Find functions in the response mapping that do not exist."""
    mapping = check.checked.response_mapping()
    for expression in mapping.expressions.values() if mapping else ():
        if unknown := sorted(set(functions_in(expression)) - FUNCTIONS):
            yield _unknown_function(check, RESPONSE_MAPPING, unknown[0])


def _unknown_function(check: TaskCheck, field: str, name: str) -> Finding:
    near = closest(name, sorted(FUNCTIONS))
    fix = f"Did you mean {near}()?" if near else "See jmespath.org for the functions"
    return check.finding("unknown-function", f"{field}: there is no function {name}() in JMESPath", fix, field)


def check_variables(check: TaskCheck, known: SetVariables) -> Iterator[Finding]:
    """Find variables that nothing in the diagram sets."""
    reported = {*ENGINE_OBJECTS, TASK_FACTS}
    for field, value in check.checked.raw.fields.items():
        used = variables_used_by(check.checked.structure(field) if field in OBJECT_FIELDS else value)
        if used is ALL_VARIABLES:
            continue
        names = used | _named_by(check, field)
        if field == RESPONSE_MAPPING:
            names -= ANSWER_NAMES
        for name in sorted(names - reported - known.names - check.task.inputs.keys()):
            near = closest(name, sorted(known.names))
            if near is None and known.may_be_incomplete:
                continue
            reported.add(name)
            written = name if NAME.fullmatch(name) else f'"{name}"'
            may_be_file = name in _file_names(check, field)
            fix = f"Did you mean {near}?" if near else ways_to_set(written, may_be_file=may_be_file)
            problem = f"{field}: nothing in the diagram sets the variable '{shorten(name)}'"
            yield check.finding("missing-variable", problem, fix, field)


def check_braces(check: TaskCheck, known: SetVariables) -> Iterator[Finding]:
    """Find names of variables in braces without a dollar sign, which may be meant as placeholders."""
    yield from _check_yaml_braces(check)
    names = known.names | check.task.inputs.keys()
    for field, text in _texts(check):
        alone = SINGLE_BRACES.fullmatch(text.strip())
        found = next((braces for braces in SINGLE_BRACES.finditer(text) if alone or braces[1] in names), None)
        if found and field != RESPONSE_MAPPING:
            written = shorten(found[0])
            problem = f"{field}: '{written}' is no placeholder and is used as it is"
            yield check.finding("single-braces", problem, f"Did you mean ${written}?", field)


def _check_yaml_braces(check: TaskCheck) -> Iterator[Finding]:
    """Find names in braces without quotes: in YAML they are an object in which the name is null."""
    for field in sorted(OBJECT_FIELDS.intersection(check.checked.raw.non_default)):
        text = check.checked.raw.fields[field]
        is_yaml = isinstance(text, str) and not text.lstrip().startswith("{")
        names = {braces[1] for braces in YAML_BRACES.finditer(text)} if is_yaml else set()
        objects = walk(check.checked.structure(field)) if names else ()
        found = next((name for value in objects if (name := _only_name(value)) in names), None)
        if found:
            problem = f"{field}: '{{{shorten(found)}}}' is an object in YAML, and no placeholder"
            yield check.finding("single-braces", problem, f'Did you mean "${{{shorten(found)}}}"?', field)


def _only_name(value: Any) -> str | None:
    """Return the name in an object that has only one, which is null."""
    return next(iter(value)) if isinstance(value, dict) and list(value.values()) == [None] else None


def _named_by(check: TaskCheck, field: str) -> frozenset[str]:
    """Return the variable that the Audio field names."""
    text = str(check.checked.raw.fields[field]).strip()
    return frozenset({text}) if field == AUDIO and re.fullmatch(r"\w+", text) else frozenset()


def _file_names(check: TaskCheck, field: str) -> frozenset[str]:
    """Return the variables that a field uses where a File may be meant."""
    value = check.checked.structure(field) if field in OBJECT_FIELDS else check.checked.raw.fields[field]
    texts = _texts_for_files(value, PART if field == AUDIO else "")
    return _named_by(check, field) | (union(map(variables_used_by, texts)) or frozenset())


def _texts_for_files(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts_for_files(entry, key)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts_for_files(entry, PART if place == CONTENT else place)
    elif place in FILE_PLACES and is_placeholder(value):
        yield value


def _texts(check: TaskCheck) -> Iterator[tuple[str, str]]:
    """Yield the texts in all fields that are not the defaults."""
    for field in check.checked.raw.non_default:
        value: Any = check.checked.raw.fields[field]
        if field in OBJECT_FIELDS:
            value = check.checked.structure(field)
        skipped = field == ERROR_MAPPING
        yield from ((field, text) for text in walk(value) if isinstance(text, str) and not skipped)


def _translate(foreign: str) -> str:
    name = foreign.strip("#{}<%=> ")
    if name.startswith("secrets."):
        return "Remove it: a key belongs into the Groq API Key field, by its name"
    return f"Write ${{{name}}}" if re.fullmatch(r"[\w.]+", name) else "Write ${…} with a JMESPath expression"
