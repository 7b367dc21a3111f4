"""The edits that fix a mistake without a decision of the modeller. Pure.

`FIXES` has the rules for which there are such edits; the entry `fix` of a rule (`rules.yaml`) says what they do.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.misspelt_fields import KNOWN_FIELDS
from catalyst_groq.commands.lint.names import CAMUNDA
from catalyst_groq.commands.lint.source import Edit
from catalyst_groq.common.texts import closest
from catalyst_groq.connector.expressions.jmespath import ExpressionError, check_expression
from catalyst_groq.connector.fields.error_causes import check_cause
from catalyst_groq.connector.fields.ignored_fields import find_ignored_fields
from catalyst_groq.connector.fields.names import ERROR_MAPPING, FALLBACK_MODELS, MODEL, OBJECT_FIELDS, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.errors import FieldError

ONE_SUGGESTION = re.compile(r"Did you mean (\w+)\?")
SEPARATORS = re.compile(r"[\s,;\[\]{}\"']+")
LISTED_NAME = re.compile(r"[^\s,]+")
PLACEHOLDER = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
TEXT_PARTS = (f"{CAMUNDA}string", f"{CAMUNDA}expression")
TEXT_ATTRIBUTES = ("stringValue", "expression")


def _fix_field_names(check: TaskCheck) -> Iterator[Edit]:
    """Correct misspelt names of fields, unless the field is there under its own name too."""
    own = check.checked.raw.fields
    for ignored in find_ignored_fields(check.task.lines, own, KNOWN_FIELDS, check.checked.operation):
        near = ignored.meant
        items = [item for item in check.task.items if item.get("name") == ignored.name]
        if near and near in own and near not in check.task.lines and len(items) == 1:
            yield Edit(items[0], "name", 0, len(ignored.name), near)


def _fix_retired_models(check: TaskCheck) -> Iterator[Edit]:
    """Write the model that replaces a retired one, if it is of the same kind."""
    catalog = check.context.catalog
    for field in (MODEL, FALLBACK_MODELS, PAYLOAD):
        for start, end, text in _model_names(check, field):
            model = catalog.get(text[start:end])
            replacement = catalog.get(model.replacement) if model and model.replacement else None
            if model and replacement and model.status == "retired" and model.kind == replacement.kind:
                yield from _edit(check, field, start, end, replacement.id)


def _model_names(check: TaskCheck, field: str) -> Iterator[tuple[int, int, str]]:
    """Yield begin and end of the names of models in a field, and its text."""
    text = _text_of(check, field)
    if field != PAYLOAD:
        yield from ((name.start(), name.end(), text) for name in LISTED_NAME.finditer(text))
        return
    structure = check.checked.structure(PAYLOAD) or {}
    model = structure.get("model")
    if not isinstance(model, str) or not model:
        return
    written = re.compile(rf"""(["']?)\bmodel\1\s*:\s*(["']?)({re.escape(model)})\2(?![\w./-])""")
    for name in written.finditer(text):
        changed = f"{text[: name.start(3)]}x{text[name.end(3) :]}"
        if _parse(PAYLOAD, changed) == {**structure, "model": "x"}:
            yield name.start(3), name.end(3), text


def _fix_fallback_models(check: TaskCheck) -> Iterator[Edit]:
    """Write commas between names that are all models of the catalog."""
    text = _text_of(check, FALLBACK_MODELS)
    names = [name for name in SEPARATORS.split(text) if name]
    if names and all(check.context.catalog.get(name) for name in names):
        yield from _edit(check, FALLBACK_MODELS, 0, len(text), ", ".join(names))


def _fix_causes(check: TaskCheck) -> Iterator[Edit]:
    """Correct misspelt causes of the error mapping, where only one can be meant; another word is no misspelling."""
    structure, text = check.checked.structure(ERROR_MAPPING) or {}, _text_of(check, ERROR_MAPPING)
    for cause in filter(None, map(str, structure)):
        meant = _meant_cause(cause)
        if meant is None or meant in structure:
            continue
        expected = {meant if name == cause else name: code for name, code in structure.items()}
        for name in re.finditer(rf"""(?<!\w){re.escape(cause)}(?=["']?\s*:)""", text):
            if _parse(ERROR_MAPPING, f"{text[: name.start()]}{meant}{text[name.end() :]}") == expected:
                yield from _edit(check, ERROR_MAPPING, name.start(), name.end(), meant)


def _meant_cause(cause: str) -> str | None:
    try:
        check_cause(ERROR_MAPPING, cause)
    except FieldError as error:
        suggestion = ONE_SUGGESTION.fullmatch(error.fix)
        return closest(cause, [suggestion[1]]) if suggestion else None
    return None


def _fix_expressions(check: TaskCheck) -> Iterator[Edit]:
    """Write an expression that is no JMESPath as it is meant: a name in quotes, a variable without `execution`."""
    for field in check.checked.raw.fields:
        text = _text_of(check, field)
        for placeholder in PLACEHOLDER.finditer(text):
            for written in _corrected(field, text, placeholder):
                yield from _edit(check, field, placeholder.start(1), placeholder.end(1), written)
                break


def _corrected(field: str, text: str, placeholder: re.Match[str]) -> Iterator[str]:
    """Yield how the corrected expression may be written in the text of a field."""
    is_object = field in OBJECT_FIELDS
    for write, read in ((str, str), (_quote, _unquote)) if is_object else ((str, str),):
        expression = read(placeholder[1])
        corrected = _correct(expression.strip()) if expression is not None else None
        if expression is None or corrected is None:
            continue
        written = write(corrected)
        changed = f"{text[: placeholder.start(1)]}{written}{text[placeholder.end(1) :]}"
        if not is_object or _has_only(_parse(field, text), _parse(field, changed), expression, corrected):
            yield written


def _correct(expression: str) -> str | None:
    try:
        check_expression(expression)
    except ExpressionError as error:
        return error.corrected
    return None


def _has_only(before: Any, after: Any, expression: str, corrected: str) -> bool:
    """Whether two objects differ in this expression of one placeholder only."""
    old, new = json.dumps(before), json.dumps(after)
    written, wanted = (json.dumps(f"${{{part}}}")[1:-1] for part in (expression, corrected))
    starts = (match.start() for match in re.finditer(re.escape(written), old))
    return any(f"{old[:start]}{wanted}{old[start + len(written) :]}" == new for start in starts)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _unquote(text: str) -> str | None:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return None


def _parse(field: str, text: str) -> dict[str, Any] | None:
    try:
        return parse_object(field, text)
    except FieldError:
        return None


def _edit(check: TaskCheck, field: str, start: int, end: int, replacement: str) -> Iterator[Edit]:
    if place := _place_of(check, field):
        yield Edit(*place, start, end, replacement)


def _text_of(check: TaskCheck, field: str) -> str:
    """Return the text of a field in the diagram; empty where it is not there, or not there alone."""
    place = _place_of(check, field)
    if place is None:
        return ""
    element, attribute = place
    return element.get(attribute, "") if attribute else element.text or ""


def _place_of(check: TaskCheck, field: str) -> tuple[ET.Element, str | None] | None:
    """Return the element and the attribute that hold the text of a field; None for an input parameter."""
    items = [item for item in check.task.items if item.get("name") == field]
    if len(items) != 1:
        return None
    if items[0].tag == f"{CAMUNDA}property":
        return items[0], "value"
    if items[0].tag != f"{CAMUNDA}field":
        return None
    parts = [part for tag in TEXT_PARTS for part in items[0].iterfind(tag) if part.text]
    attributes = [name for name in TEXT_ATTRIBUTES if items[0].get(name)]
    return (parts[0], None) if parts else (items[0], attributes[0]) if attributes else None


class Fix(NamedTuple):
    """How the mistakes of one rule are fixed."""

    find_edits: Callable[[TaskCheck], Iterator[Edit]]
    task_fails_before: bool
    """Whether the mistake fails the task, and hides others behind it: they may be found once it is fixed."""


FIXES: Mapping[str, Fix] = {
    "invalid-fallback-models": Fix(_fix_fallback_models, task_fails_before=True),
    "invalid-placeholder": Fix(_fix_expressions, task_fails_before=True),
    "engine-expression": Fix(_fix_expressions, task_fails_before=True),
    "unknown-cause": Fix(_fix_causes, task_fails_before=True),
    "unknown-field": Fix(_fix_field_names, task_fails_before=True),
    "retired-model": Fix(_fix_retired_models, task_fails_before=False),
}
"""By the id of the rule."""
