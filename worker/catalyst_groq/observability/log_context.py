"""The task that a line of the log is about: whatever is logged while a task is processed belongs to it."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.redaction import Redactor

current_task: ContextVar[ExternalTask | None] = ContextVar("current_task", default=None)
current_trace_id: ContextVar[str] = ContextVar("current_trace_id", default="")
"""Set by the traces, if they are on."""

SCALARS = frozenset((int, float, bool, type(None)))
SEPARATOR = " | "
"""Between texts that are searched together: no key contains it."""

SHARED_FIELDS = ("process_definition_key", "activity", "outcome", "error_kind")
"""What lines with the same cause have in common."""


def shared_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line has in common with others of the same cause."""
    return {name: fields[name] for name in SHARED_FIELDS if name in fields}


def join_texts(fields: Mapping[str, Any]) -> str:
    """Return all texts of some fields together: one search through them is faster than one through each."""
    return SEPARATOR.join([str(value) for value in fields.values() if type(value) not in SCALARS])


def mask_fields(fields: Mapping[str, Any], redactor: Redactor) -> Mapping[str, Any]:
    """Return the fields without keys; themselves if they have none."""
    texts = join_texts(fields)
    return fields if redactor.mask(texts) == texts else redactor.mask_all(dict(fields))
