"""Finds the models that a process uses: in the Model and Fallback Models fields, and in the payload template."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.model_list import parse_models
from catalyst_groq.connector.fields.names import FALLBACK_MODELS, MODEL, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.errors import FieldError


class ModelReference(NamedTuple):
    """A model, and the activity that uses it."""

    process: str
    activity: str
    model: str


def find_model_references(definition: Definition, topics: Collection[str]) -> Iterator[ModelReference]:
    """Yield the models of all tasks of these topics. Skips placeholders: their values are known at run time.

    Fields with a mistake are skipped too: the task reports it when it runs.
    """
    for activity, (process, topic) in definition.origins.items():
        if topic in topics and activity in definition.fields:
            for model in _list_models(definition.fields[activity]):
                yield ModelReference(process, activity, model)


def _list_models(fields: Mapping[str, str]) -> Iterator[str]:
    first = fields.get(MODEL, "").strip() or _read_payload_model(fields.get(PAYLOAD, ""))
    yield from (name for name in (first, *_read_list(fields.get(FALLBACK_MODELS, ""))) if _is_name(name))


def _is_name(text: str) -> bool:
    return bool(text) and not OPENING_MARKS.search(text)


def _read_list(text: str) -> tuple[str, ...]:
    try:
        return parse_models(FALLBACK_MODELS, text)
    except FieldError:
        return ()


def _read_payload_model(payload: str) -> str:
    try:
        return str(parse_object(PAYLOAD, payload).get("model") or "").strip() if payload.strip() else ""
    except FieldError:
        return ""
