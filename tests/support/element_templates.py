"""What an element template writes, and what a task in a BPMN file holds, in one form so that they can be compared."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "groq.element.json"
TRANSCRIBE_TEMPLATE = ROOT / "templates" / "groq-transcribe.element.json"
ICON = ROOT / "templates" / "groq.svg"
EXAMPLE = ROOT / "bpmn" / "groq-example.bpmn"
TOOLS_EXAMPLE = ROOT / "bpmn" / "groq-tools-example.bpmn"
TRANSCRIBE_EXAMPLE = ROOT / "bpmn" / "groq-transcribe-example.bpmn"
BATCH_EXAMPLE = ROOT / "bpmn" / "groq-batch-example.bpmn"
BATCH_REVIEW_EXAMPLE = ROOT / "bpmn" / "groq-batch-review-example.bpmn"
BESIDE_EXAMPLES = ROOT / "bpmn" / ".camunda" / "element-templates"

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
UNBOUND = {"id", "name"}


@dataclass(frozen=True, slots=True)
class Applied:
    """A task's type, its Camunda attributes and its fields by name. Order is the editor's business."""

    tag: str
    attributes: dict[str, str]
    texts: dict[str, str]
    """`camunda:field`s"""
    properties: dict[str, str]
    """Extension properties"""


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """Read a template file."""
    template: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return template


def written_by(template: dict[str, Any]) -> Applied:
    """Say what a task holds right after the template was applied."""
    by_binding: dict[str, dict[str, str]] = {"property": {}, "camunda:field": {}, "camunda:property": {}}
    for entry in template["properties"]:
        by_binding[entry["binding"]["type"]][entry["binding"]["name"]] = entry.get("value", "")
    attributes = {name: value for name, value in by_binding["property"].items() if value}
    attributes |= {
        "camunda:modelerTemplate": template["id"],
        "camunda:modelerTemplateVersion": str(template["version"]),
    }
    tag = template["elementType"]["value"].removeprefix("bpmn:").replace("Service", "service")
    return Applied(tag, attributes, by_binding["camunda:field"], by_binding["camunda:property"])


def held_by(xml: str, element_id: str) -> Applied:
    """Say what a task in a BPMN file holds."""
    root = ET.fromstring(xml)  # noqa: S314 -- our own files and what the Modeler saved
    (task,) = (element for element in root.iter() if element.get("id") == element_id)
    extensions = f"{BPMN}extensionElements/{CAMUNDA}"
    return Applied(
        task.tag.removeprefix(BPMN),
        {name.replace(CAMUNDA, "camunda:"): value for name, value in task.items() if name not in UNBOUND},
        {
            field.get("name", ""): field.findtext(f"{CAMUNDA}string") or ""
            for field in task.iterfind(f"{extensions}field")
        },
        {
            entry.get("name", ""): entry.get("value", "")
            for entry in task.iterfind(f"{extensions}properties/{CAMUNDA}property")
        },
    )
