"""Finds placeholders of other languages in a task's fields: `#{x}`, `{{x}}`, `<%= x %>`.

The engine does not evaluate them in a field, and the worker does not fill them: they would reach Groq as they are, and
be paid for. A prompt may be about such a text, so only those are refused that can hardly be meant as text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from catalyst_groq.common.structures import walk
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.expressions.jmespath import ExpressionError, check_expression
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS, parse
from catalyst_groq.connector.fields.names import PAYLOAD, PROMPT
from catalyst_groq.errors import FieldError

FORM = re.compile(r"#\{([^{}]{1,200})\}|\{\{\{?([^{}]{1,200})\}?\}\}|<%[=-]?([^%]{1,200})%>")
ROOT_NAME = re.compile(r"[^\W\d]\w*")
ALWAYS_REFUSED = {"secrets", "execution"}
"""Names that Camunda's own languages have for something else than a variable."""

TEXT_FIELDS = {PAYLOAD, PROMPT}
"""Fields with texts for a model."""

MAX_SHOWN_CHARS = 100
MAX_WARNINGS = 20
MAX_FOUND = 100
MAX_SEARCHED = 10_000
"""Of one field, with those that are repeated."""


class ForeignPlaceholder(NamedTuple):
    """A placeholder of another language, as written, and the expression in it."""

    written: str
    expression: str

    @property
    def name(self) -> str | None:
        """The name at the beginning of the expression."""
        root = ROOT_NAME.match(self.expression)
        return root[0] if root else None


def find_foreign_placeholders(field: Any) -> list[ForeignPlaceholder]:
    """Return the first foreign placeholders in the texts of a field; none of a text with a mistake."""
    return list(islice(dict.fromkeys(_forms_in(field)), MAX_FOUND))


def _forms_in(field: Any) -> Iterator[ForeignPlaceholder]:
    texts = (text for text in walk(field) if isinstance(text, str) and FORM.search(text))
    forms = (form for text in texts for part in _literal_parts(text) for form in FORM.finditer(part))
    for form in islice(forms, MAX_SEARCHED):
        yield ForeignPlaceholder(form[0], next(filter(None, form.groups())).strip())


def _literal_parts(text: str) -> list[str]:
    if not OPENING_MARKS.search(text):
        return [text]
    try:
        return [part for part in parse(text) if isinstance(part, str)]
    except (PlaceholderError, ExpressionError):
        return []


def check_foreign_placeholders(
    placeholders: Iterable[tuple[str, ForeignPlaceholder]], fields: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return warnings about the foreign placeholders that may be meant as text. Raises `FieldError` about the others.

    One that names a variable of the task is refused, and so is one in a field that is not for a model. In a field that
    is a variable nothing is refused: it may hold data.
    """
    warnings: dict[str, None] = {}
    for field, placeholder in placeholders:
        is_data = fields[field] is variables.get(field)
        is_refused = placeholder.name in ALWAYS_REFUSED or placeholder.name in variables or field not in TEXT_FIELDS
        if is_refused and not is_data:
            raise _refusal(field, placeholder)
        shown = shorten(placeholder.written, MAX_SHOWN_CHARS)
        warnings[f"{field}: `{shown}` is sent as it is, because it is no placeholder here"] = None
    return tuple(warnings)[:MAX_WARNINGS]


def _refusal(field: str, placeholder: ForeignPlaceholder) -> FieldError:
    shown = shorten(placeholder.written, MAX_SHOWN_CHARS)
    literal = "${'" + shown.replace("'", "\\'") + "'}"
    fix = f"Write {_own_form(placeholder)}" + (f", or {literal} for the text itself" if field in TEXT_FIELDS else "")
    return FieldError(field, f"`{shown}` is no placeholder here: it would be sent as it is", fix)


def _own_form(placeholder: ForeignPlaceholder) -> str:
    if placeholder.name == "secrets":
        return "the name of the secret into the Groq API Key field; no other field can contain a key"
    try:
        check_expression(placeholder.expression)
    except ExpressionError as error:
        return f"${{{error.corrected or 'name'}}}"
    return f"${{{shorten(placeholder.expression, MAX_SHOWN_CHARS)}}}"
