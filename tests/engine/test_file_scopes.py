"""A File is the one that the task sees: the one of the nearest scope."""

import json
from xml.sax.saxutils import escape

import pytest

from support.diagrams import FIELD, INPUT, PROPERTIES, process_with
from support.files import file, recording
from support.process_instance import Instance

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]

CHAT = FIELD.format(
    '"catalyst_payload"',
    escape(
        json.dumps({"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": ["Summarize", "${doc}"]}]})
    ),
)
TRANSCRIBE = "<camunda:properties>{}{}</camunda:properties>".format(
    PROPERTIES.format('"catalyst_operation"', '"transcribe"'), PROPERTIES.format('"catalyst_audio"', '"doc"')
)
REVIEW = '<bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/><bpmn:userTask id="Review"/>'
SAME_NAME = INPUT.format('"doc"', '${execution.getVariableTyped("redacted")}')
PER_ITEM = INPUT.format('"doc"', '${execution.getVariableTyped("item".concat(loopCounter))}')
ITEMS = """<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>
    </bpmn:multiInstanceLoopCharacteristics>"""


CONTENTS = {
    "doc": b"the original",
    "redacted": b"the redacted one",
    "item0": b"the first item",
    "item1": b"the second item",
}
FILES = {name: file(content, "doc.txt", "text/plain") for name, content in CONTENTS.items()}


def inputs(parameters):
    return f"<camunda:inputOutput>{parameters}</camunda:inputOutput>" if parameters else ""


def service_task(task_id="Ask", parameters="", loop="", fields=CHAT):
    return (
        f'<bpmn:serviceTask id="{task_id}" camunda:type="external" camunda:topic="catalyst-groq">'
        f"<bpmn:extensionElements>{inputs(parameters)}{fields}</bpmn:extensionElements>{loop}</bpmn:serviceTask>"
    )


def subprocess(inside, parameters="", loop=""):
    return f"""<bpmn:subProcess id="Ask"><bpmn:extensionElements>{inputs(parameters)}</bpmn:extensionElements>{loop}
        <bpmn:startEvent id="ItemStart"/><bpmn:sequenceFlow id="i1" sourceRef="ItemStart" targetRef="Item"/>{inside}
        </bpmn:subProcess>"""


def call_activity(called, mapping):
    return f"""<bpmn:callActivity id="Ask" calledElement="{called}"><bpmn:extensionElements>
        <camunda:in {mapping}/></bpmn:extensionElements></bpmn:callActivity>"""


PLACES = {
    "process": (service_task(), {"the original"}),
    "input parameter": (service_task(parameters=SAME_NAME), {"the redacted one"}),
    "subprocess": (subprocess(service_task("Item"), SAME_NAME), {"the redacted one"}),
    "task in subprocess": (subprocess(service_task("Item", SAME_NAME)), {"the redacted one"}),
    "item of task": (service_task(parameters=PER_ITEM, loop=ITEMS), {"the first item", "the second item"}),
    "item of subprocess": (subprocess(service_task("Item"), PER_ITEM, ITEMS), {"the first item", "the second item"}),
}


def run(process_client, inside, files=FILES):
    key, xml = process_with(inside + REVIEW)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    instance = Instance(process_client, process_client.start_typed(key, files))
    assert instance.task() == "Review"
    return instance


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("place", PLACES)
def test_file_of_nearest_scope_is_sent(process_client, emulator, place):
    inside, expected = PLACES[place]
    run(process_client, inside)

    assert {call.messages[0]["content"][1]["text"] for call in emulator.calls} == expected


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("mapping", ['variables="all"', 'source="redacted" target="doc"'])
def test_file_of_called_process_is_sent(process_client, emulator, mapping):
    called, xml = process_with(service_task())
    process_client.deploy_texts({f"{called}.bpmn": xml})
    run(process_client, call_activity(called, mapping))

    [call] = emulator.calls
    assert call.messages[0]["content"][1]["text"] == ("the original" if "all" in mapping else "the redacted one")


@pytest.mark.usefixtures("worker", "emulator")
def test_recording_of_nearest_scope_is_transcribed(process_client):
    recordings = {"doc": file(recording(seconds=3)), "redacted": file(recording(seconds=1))}
    instance = run(process_client, service_task(parameters=SAME_NAME, fields=TRANSCRIBE), recordings)

    assert instance.variables()["duration"] == 1
