"""Which models a deployed process names: in the Model and Fallback Models fields, and in its payload. Pure."""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import FALLBACK_MODELS, MODEL, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.domain.definitions import BPMN, CAMUNDA, parse
from catalyst_groq.errors import FieldError


class ModelReference(NamedTuple):
    """A model, and the task that names it."""

    process: str
    activity: str
    model: str


def find_model_references(xml: str, topics: Collection[str]) -> Iterator[ModelReference]:
    """Yield the models of all tasks of our topics; what a placeholder names is known only when the task runs."""
    fields = parse(xml).fields
    for process in ET.fromstring(xml).iter(f"{BPMN}process"):  # noqa: S314 -- the engine parsed it before us
        for task in process.iter():
            if task.get(f"{CAMUNDA}topic") not in topics:
                continue
            activity = task.get("id", "")
            properties = {
                entry.get("name", ""): entry.get("value", "")
                for entry in task.iterfind(f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property")
            }
            written = {**fields.get(activity, {}), **properties}
            for model in _models(written.get(MODEL, ""), written.get(PAYLOAD, ""), written.get(FALLBACK_MODELS, "")):
                yield ModelReference(process.get("id", ""), activity, model)


def _models(model: str, payload: str, fallbacks: str) -> Iterator[str]:
    wanted = model.strip() or _in_payload(payload)
    yield from (
        name for text in (wanted, *fallbacks.split(",")) if (name := text.strip()) and not OPENING_MARKS.search(name)
    )


def _in_payload(payload: str) -> str:
    try:
        return str(parse_object(PAYLOAD, payload).get("model") or "") if payload.strip() else ""
    except FieldError:
        return ""  # a mistake, which is reported when the task runs
