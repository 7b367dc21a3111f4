"""Other people's diagrams: every namespace and encoding that the engine deploys reaches Groq as it is written."""

import json

import httpx
import pytest

from catalyst_groq.domain.definitions import Definition, parse_or_explain
from catalyst_groq.sandbox.engine import Flavour
from support.bpmn_shapes import CODES, NAMESPACES, make_shape

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]

ACCEPTED = {Flavour.CAMUNDA: ["camunda", "activiti"], Flavour.OPERATON: ["operaton", "camunda"]}
PAYLOAD = {"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "Übersetze: ${text}"}]}
CAUGHT = {"boundaryError", "errorStartEvent"}
SAMPLE = range(900, 924)
numbers = iter(range(1, 1000))


def diagram(declared="UTF-8", *, prefix="camunda", activity="Ask", bpmn="bpmn"):
    key = f"foreign-{next(numbers)}"
    payload = json.dumps(PAYLOAD, ensure_ascii=False).replace("&", "&amp;").replace("<", "&lt;")
    external = f'{prefix}:type="external" {prefix}:topic="catalyst-groq"'
    xml = f"""<?xml version="1.0" encoding="{declared}"?>
<{bpmn}:definitions xmlns:{bpmn}="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:{prefix}="{NAMESPACES[prefix]}"
    targetNamespace="t">
  <{bpmn}:error id="Bad" errorCode="BAD"/>
  <{bpmn}:process id="{key}" isExecutable="true" {prefix}:historyTimeToLive="1">
    <{bpmn}:startEvent id="Start"/><{bpmn}:sequenceFlow id="f1" sourceRef="Start" targetRef="{activity}"/>
    <{bpmn}:serviceTask id="{activity}" {external}><{bpmn}:extensionElements>
      <{prefix}:field name="catalyst_payload"><{prefix}:string>{payload}</{prefix}:string></{prefix}:field>
      <{prefix}:field name="catalyst_errorMapping"><{prefix}:string>{{"400": "BAD"}}</{prefix}:string></{prefix}:field>
    </{bpmn}:extensionElements></{bpmn}:serviceTask>
    <{bpmn}:sequenceFlow id="f2" sourceRef="{activity}" targetRef="Review"/><{bpmn}:userTask id="Review"/>
    <{bpmn}:boundaryEvent id="Failed" attachedToRef="{activity}"><{bpmn}:errorEventDefinition errorRef="Bad"/>
    </{bpmn}:boundaryEvent><{bpmn}:sequenceFlow id="f3" sourceRef="Failed" targetRef="Caught"/>
    <{bpmn}:userTask id="Caught"/>
  </{bpmn}:process>
</{bpmn}:definitions>"""
    return key, xml


def sent_text(emulator):
    [call] = emulator.calls
    return call.messages[0]["content"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-be"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-8", "utf-8"),
    ],
)
def test_diagram_in_any_encoding_sends_what_it_says(start_instance, emulator, declared, codec):
    key, xml = diagram(declared, activity="Anfrage_prüfen", bpmn="bpmn2")
    instance = start_instance((key, xml.encode(codec)), text="Straße")

    assert instance.task() == "Review"
    assert sent_text(emulator) == "Übersetze: Straße"


def test_diagram_with_a_document_type_is_not_deployed(process_client):
    key, xml = diagram()
    with pytest.raises(httpx.HTTPStatusError) as refused:
        process_client.deploy_texts({f"{key}.bpmn": xml.replace("?>", "?><!DOCTYPE definitions>", 1)})

    assert "DOCTYPE is disallowed" in refused.value.response.text


@pytest.mark.parametrize("index", [0, 1])
def test_diagram_in_a_namespace_of_the_engine_is_read(start_instance, emulator, flavour, index):
    prefix = ACCEPTED[flavour][index]
    instance = start_instance(diagram(prefix=prefix), text="a")

    assert instance.task() == "Review"
    assert sent_text(emulator) == "Übersetze: a"


@pytest.mark.parametrize("index", [0, 1])
def test_event_in_a_namespace_of_the_engine_catches(start_instance, emulator, flavour, index):
    key, xml = diagram(prefix=ACCEPTED[flavour][index])
    instance = start_instance((key, xml.replace('"user"', '"usr"')), text="a")

    assert instance.task() == "Caught"


def test_input_parameter_in_a_namespace_of_another_engine_is_an_incident(start_instance, emulator, flavour):
    foreign = ({*NAMESPACES} - {*ACCEPTED[flavour]}).pop()
    key, xml = diagram()
    written = f"""<{foreign}:inputOutput xmlns:{foreign}="{NAMESPACES[foreign]}">
        <{foreign}:inputParameter name="catalyst_model">openai/gpt-oss-120b</{foreign}:inputParameter>
        </{foreign}:inputOutput></bpmn:extensionElements>"""
    instance = start_instance((key, xml.replace("</bpmn:extensionElements>", written)), text="a")

    assert "has the input parameter 'catalyst_model' at 'Ask', which this engine does not read" in instance.incident()
    assert not emulator.calls


@pytest.mark.parametrize("written", ['value="a"', "", 'name="note"', 'name="" value="a"'])
def test_property_without_a_name_or_value_keeps_no_task_from_the_worker(start_instance, flavour, written):
    """The engine fails a fetch that asks for the properties of a task with one that has no name."""
    prefix = ACCEPTED[flavour][0]
    key, xml = diagram(prefix=prefix)
    properties = f"<{prefix}:properties><{prefix}:property {written}/></{prefix}:properties></bpmn:extensionElements>"
    instance = start_instance((key, xml.replace("</bpmn:extensionElements>", properties)), text="a")

    assert instance.task() == "Review"


def reach_tasks(process_client, shape):
    """Deploy a shape, start an instance, and lock the external tasks at which it arrives."""
    process_client.deploy_texts({f"{shape.key}.bpmn": shape.content})
    [definition] = process_client.get("/process-definition", key=shape.key, latestVersion="true")
    instance = process_client.start(shape.key)
    options = {"lockDuration": 60_000, "includeExtensionProperties": True, "processDefinitionId": definition["id"]}
    topics = [{"topicName": name, **options} for name in ("shapes", "shapes-2")]
    body = {"workerId": "shapes", "maxTasks": 100, "topics": topics}
    return instance, process_client.http.post("/external-task/fetchAndLock", json=body).raise_for_status().json()


@pytest.mark.parametrize("seed", SAMPLE)
def test_shape_is_parsed_as_the_engine_sees_it(process_client, flavour, seed):
    shape = make_shape(seed, ACCEPTED[flavour])
    definition = parse_or_explain(shape.content)
    assert isinstance(definition, Definition)
    instance, tasks = reach_tasks(process_client, shape)

    assert {task["activityId"] for task in tasks} == {name for name, task in shape.tasks.items() if task.is_reached}
    for task in tasks:
        assert definition.origins[task["activityId"]].topic == task["topicName"]
        for name, value in task["extensionProperties"].items():
            assert definition.fields_of(task["activityId"])[name] == value or not value.strip()
    if tasks:
        thrown, code = tasks[0], CODES[seed % len(CODES)]
        body = {"workerId": "shapes", "errorCode": code}
        process_client.http.post(f"/external-task/{thrown['id']}/bpmnError", json=body).raise_for_status()
        entered = process_client.get("/history/activity-instance", processInstanceId=instance)
        is_caught = any(entry["activityType"] in CAUGHT for entry in entered)
        assert definition.catches(thrown["activityId"], code) is is_caught
