"""What a diagram writes in the engines' own namespaces: topics, fields and extension properties. Pure.

Camunda 7.24 reads `camunda:` and, where that is missing, `activiti:`; Operaton 1.0 reads `operaton:` and, where that is
missing, `camunda:`. Measured for attributes, for `properties` and for each `property`. The prefix does not matter.
"""

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OPERATON = "{http://operaton.org/schema/1.0/bpmn}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
ACTIVITI = "{http://activiti.org/bpmn}"
NAMESPACES = {OPERATON: "operaton", CAMUNDA: "camunda", ACTIVITI: "activiti"}
"""The usual prefixes of the namespaces, in the order in which the engines look them up."""

KNOWN_NAMESPACES = ", ".join(namespace.strip("{}") for namespace in NAMESPACES)

EXTENSION_ELEMENTS = f"{BPMN}extensionElements"
FIELD_PREFIX = "catalyst_"
"""How the names of the worker's fields begin, and those of the variables that it always sets: no other may."""

MEANT_AS_FIELD = "catalyst"
"""How names begin, in any case, that are meant as those of fields: a misspelt one is refused."""

Texts = Mapping[str, str]


def looks_like_field(name: str) -> bool:
    """Whether a name in a diagram is meant as that of a field."""
    return name.strip().lower().startswith(MEANT_AS_FIELD)


class FieldsError(ValueError):
    """The fields of an activity cannot be read. The message continues a sentence about the diagram."""


def attribute(element: ET.Element, name: str) -> str | None:
    """Return an attribute in the first namespace that has it."""
    values = (element.get(f"{namespace}{name}") for namespace in NAMESPACES)
    return next((value for value in values if value is not None), None)


def read_texts(activity: ET.Element, message: ET.Element | None) -> Texts:
    """Return the fields and the extension properties of a task, or of an event and its message. Raises `FieldsError`.

    A property takes precedence over a field, and what the message has over what its event has.
    """
    elements = [activity] if message is None else [activity, message]
    fields: dict[str, str] = {}
    properties: dict[str, str] = {}
    for element in elements:
        fields |= _merge(activity, {namespace: dict(_fields(element, namespace)) for namespace in NAMESPACES})
        properties |= _merge(activity, {namespace: dict(_properties(element, namespace)) for namespace in NAMESPACES})
    texts = fields | {name: value for name, value in properties.items() if value.strip() or name not in fields}
    for element in elements:
        _refuse_unknown_namespaces(element, texts)
    return texts


def read_field_inputs(activity: ET.Element, message: ET.Element | None) -> frozenset[str]:
    """Return the fields that are written as input parameters, in any namespace and also at a message.

    Whether the engine reads them there is seen from the variables of the task.
    """
    return frozenset(
        name
        for element in (activity, message)
        if element is not None
        for part in element.iterfind(f"{EXTENSION_ELEMENTS}//*[@name]")
        if part.tag.rpartition("}")[2] == "inputParameter"
        and (name := part.get("name", "")).strip().lower().startswith(FIELD_PREFIX)
    )


def read_input_parameters(activity: ET.Element) -> set[str]:
    """Return the names of an activity's input parameters."""
    return {
        parameter.get("name", "")
        for extensions in activity.iterfind(EXTENSION_ELEMENTS)
        for group in _children(extensions, "inputOutput")
        for parameter in _children(group, "inputParameter")
    }


def _merge(activity: ET.Element, by_namespace: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """Return the texts of the first namespace that has each. Refuses a text that would depend on the engine.

    Camunda does not read `operaton:`, so what stands there must not differ from what stands in another namespace.
    """
    operaton, *others = by_namespace.values()
    merged: dict[str, str] = {}
    for texts in reversed(others):
        merged |= texts
    for name in operaton.keys() & merged.keys():
        if operaton[name] != merged[name]:
            raise FieldsError(
                f"has two texts of '{name}' at '{activity.get('id')}': in the namespace of Operaton and in another "
                "one. Keep one of them"
            )
    return merged | operaton


def _fields(element: ET.Element, namespace: str) -> Iterator[tuple[str, str]]:
    for field in element.iterfind(f"{EXTENSION_ELEMENTS}/{namespace}field"):
        texts = (_text(part) for name in ("string", "expression") for part in _children(field, name))
        text = next(filter(None, texts), "") or field.get("stringValue") or field.get("expression") or ""
        yield field.get("name", ""), text


def _properties(element: ET.Element, namespace: str) -> Iterator[tuple[str, str]]:
    for extensions in element.iterfind(EXTENSION_ELEMENTS):
        for group in _children(extensions, "properties"):
            for item in group.iterfind(f"{namespace}property"):
                yield item.get("name", ""), item.get("value", "")


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    for namespace in NAMESPACES:
        yield from element.iterfind(f"{namespace}{name}")


def _text(element: ET.Element) -> str:
    if len(element):
        tag = element[0].tag.rpartition("}")[2]
        raise FieldsError(f"has the element <{tag}> in the text of a field. Write &lt; for <, or CDATA around the text")
    return element.text or ""


def _refuse_unknown_namespaces(element: ET.Element, texts: Texts) -> None:
    """Refuse a field where no engine looks: otherwise its default would be used."""
    for part in element.iterfind(f"{EXTENSION_ELEMENTS}//*[@name]"):
        namespace, _, kind = part.tag.rpartition("}")
        name = part.get("name", "")
        is_field = kind in {"field", "property"} and name.startswith(FIELD_PREFIX)
        if is_field and name not in texts and f"{namespace}}}" not in NAMESPACES:
            where = f"the namespace {namespace[1:]}" if namespace else "no namespace"
            raise FieldsError(f"has '{name}' in {where}. Write it in one of {KNOWN_NAMESPACES}")
