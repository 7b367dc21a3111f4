"""Finds the models that a process uses: in the Model and Fallback Models fields, and in the payload template."""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import FALLBACK_MODELS, MODEL, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.domain.definitions import BPMN, CAMUNDA, parse
from catalyst_groq.errors import FieldError


class ModelReference(NamedTuple):
    """A model, and the activity that uses it."""

    process: str
    activity: str
    model: str


def find_model_references(xml: str, topics: Collection[str]) -> Iterator[ModelReference]:
    """Yield the models of all service tasks of these topics. Skips placeholders: their values are known at run time."""
    fields = parse(xml).fields
    for process in ET.fromstring(xml).iter(f"{BPMN}process"):  # noqa: S314 -- the engine parsed it before us
        for element in process.iter():
            if element.get(f"{CAMUNDA}topic") not in topics:
                continue
            activity = element.get("id", "")
            properties = {
                prop.get("name", ""): prop.get("value", "")
                for prop in element.iterfind(f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property")
            }
            values = {**fields.get(activity, {}), **properties}
            for model in _list_models(values.get(MODEL, ""), values.get(PAYLOAD, ""), values.get(FALLBACK_MODELS, "")):
                yield ModelReference(process.get("id", ""), activity, model)


def _list_models(model: str, payload: str, fallback_models: str) -> Iterator[str]:
    first = model.strip() or _read_payload_model(payload)
    yield from (
        name
        for text in (first, *fallback_models.split(","))
        if (name := text.strip()) and not OPENING_MARKS.search(name)
    )


def _read_payload_model(payload: str) -> str:
    try:
        return str(parse_object(PAYLOAD, payload).get("model") or "") if payload.strip() else ""
    except FieldError:
        return ""  # the task reports the mistake when it runs
