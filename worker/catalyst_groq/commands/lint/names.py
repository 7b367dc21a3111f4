"""Names of elements and attributes in a diagram, as `diagram.py` brings them into one namespace."""

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
EXTENSION_ELEMENTS = f"{BPMN}extensionElements"
MESSAGE_EVENT = f"{BPMN}messageEventDefinition"
TOPIC_ATTRIBUTE = f"{CAMUNDA}topic"
