"""Values on the way from a process to Groq and back: what cannot be read is an incident, and no default stands in."""

import base64
import json
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from support.diagrams import diagram, process_with
from support.process_instance import Instance

pytestmark = pytest.mark.engine

JAVA = "is a variable of type Object (application/x-java-serialized-object), which has no text. Store JSON: "
LIST = "<camunda:list><camunda:value>red</camunda:value><camunda:value>blue</camunda:value></camunda:list>"
MAP = '<camunda:map><camunda:entry key="name">Eve</camunda:entry></camunda:map>'
FILE = {"type": "File", "value": "aGk=", "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"}}


def payload(content):
    return json.dumps({"messages": [{"role": "user", "content": content}]})


def asking(content, **more):
    return diagram(fields={"catalyst_payload": payload(content), **more})


def with_inputs(made, inputs):
    """Add input parameters of any kind to the service task of a diagram."""
    key, xml = made
    written = "".join(
        f"<camunda:inputParameter name={quoteattr(name)}>{xml}</camunda:inputParameter>" for name, xml in inputs.items()
    )
    return key, xml.replace(
        "<bpmn:extensionElements>", f"<bpmn:extensionElements><camunda:inputOutput>{written}</camunda:inputOutput>", 1
    )


@pytest.mark.parametrize(
    "expression",
    [
        *("join(', ', tags)", "tags || 'none'", "customer.name || 'unknown'", "customer.name && 'known' || 'unknown'"),
        *("not_null(customer.name, 'unknown')", "tags[*] || 'none'", "length(tags[?@ == 'red'])", "type(customer)"),
    ],
)
@pytest.mark.every_engine
def test_java_list_or_map_in_a_placeholder_is_an_incident(start_instance, emulator, expression):
    made = with_inputs(asking(f"Sort: ${{{expression}}}"), {"tags": LIST, "customer": MAP})
    message = start_instance(made, userMessage="hello").incident()
    assert message.startswith(f"catalyst_payload: ${{{expression}}}: '")
    assert JAVA in message
    assert not emulator.calls


@pytest.mark.parametrize("field", ["catalyst_model", "catalyst_timeout", "catalyst_url", "catalyst_conversation"])
def test_java_map_in_any_field_is_an_incident(start_instance, emulator, field):
    made = with_inputs(diagram(properties={field: "${customer.name || '60'}"}), {"customer": MAP})
    assert (
        start_instance(made, userMessage="hello")
        .incident()
        .startswith(f"{field}: ${{customer.name || '60'}}: 'customer'")
    )
    assert not emulator.calls


def test_java_list_and_map_that_are_not_used_disturb_nothing(start_instance, emulator):
    made = with_inputs(asking("Hello ${userMessage}"), {"tags": LIST, "customer": MAP})
    assert start_instance(made, userMessage="Ada").task() == "Review"
    assert emulator.calls[0].messages[0]["content"] == "Hello Ada"


@pytest.mark.every_engine
def test_java_map_in_place_of_a_field_is_an_incident(start_instance, emulator):
    made = with_inputs(diagram(), {"catalyst_responseMapping": MAP})
    message = start_instance(made, userMessage="hello").incident()
    assert message.startswith(
        "catalyst_responseMapping: the process variable 'catalyst_responseMapping' is of type Object"
    )
    assert not emulator.calls


PDF = {"type": "File", "value": base64.b64encode(b"%PDF-1.4 offer").decode(), "valueInfo": {"filename": "a.pdf"}}


def test_document_of_which_an_input_parameter_makes_bytes_is_refused(start_instance, emulator):
    made = diagram(fields={"catalyst_payload": payload("${doc}")}, inputs={"doc": "${offer}"})
    message = start_instance(made, typed={"offer": PDF}).incident()

    assert message.startswith("catalyst_payload: ${doc} is a variable of type Bytes (a document, not its text)")
    assert "an input parameter keeps one as ${execution.getVariableTyped('name')}" in message
    assert not emulator.calls


@pytest.mark.every_engine
def test_json_in_input_parameters_is_read(start_instance, emulator):
    inputs = {"tags": """${JSON('["red", "blue"]')}""", "customer": """${JSON('{"name": "Eve"}')}"""}
    made = diagram(fields={"catalyst_payload": payload("${join(', ', tags)} for ${customer.name}")}, inputs=inputs)
    assert start_instance(made).task() == "Review"
    assert emulator.calls[0].messages[0]["content"] == "red, blue for Eve"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"type": "Json", "value": '{"name": '}, "is a variable of type Json (broken JSON)"),
        ({"type": "Bytes", "value": "/9j/"}, "is a variable of type Bytes (no UTF-8 text)"),
        (FILE, "is a variable of type File, which has no text. Write it as an entry of its own"),
        ({"type": "String", "value": '{"name": "Eve"}'}, "If it is JSON, write parse_json(x).name"),
    ],
)
@pytest.mark.every_engine
def test_unreadable_variable_is_an_incident_behind_a_default(start_instance, emulator, typed, problem):
    message = start_instance(asking("Dear ${x.name || 'customer'}"), typed={"x": typed}).incident()
    assert message.startswith("catalyst_payload: ${x.name || 'customer'}: ")
    assert problem in message
    assert not emulator.calls


@pytest.mark.every_engine
def test_null_of_every_type_is_empty(start_instance, emulator):
    kinds = ["String", "Integer", "Long", "Short", "Double", "Boolean", "Date", "Bytes", "Json", "Null"]
    typed: dict[str, dict[str, Any]] = {f"v{kind}": {"type": kind, "value": None} for kind in kinds}
    info = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
    typed["vObject"] = {"type": "Object", "value": None, "valueInfo": info}
    content = "".join(f"[${{{name}}}${{{name}.x || '-'}}]" for name in typed)

    assert start_instance(asking(content), typed=typed).task() == "Review"
    assert emulator.calls[0].messages[0]["content"] == "[-]" * len(typed)


@pytest.mark.every_engine
def test_facts_of_the_task_are_filled_in(process_client, worker, emulator):
    names = [
        "businessKey",
        "processInstanceId",
        "activityId",
        "processDefinitionKey",
        "processDefinitionId",
        "priority",
    ]
    key, xml = asking(" ".join(f"${{task.{name}}}" for name in [*names, "executionId", "topicName"]))
    process_client.deploy_texts({f"{key}.bpmn": xml})
    started = process_client.http.post(f"/process-definition/key/{key}/start", json={"businessKey": "K-1"}).json()
    instance = Instance(process_client, started["id"])

    assert instance.task() == "Review"
    facts = emulator.calls[0].messages[0]["content"].split(" ")
    assert facts[:6] == ["K-1", started["id"], "Ask", key, started["definitionId"], "0"]
    assert facts[7] == "catalyst-groq"


def test_variable_named_task_hides_the_facts(start_instance, emulator):
    assert start_instance(asking("${task.businessKey}"), task={"businessKey": "mine"}).task() == "Review"
    assert emulator.calls[0].messages[0]["content"] == "mine"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Hello {{userMessage}}", "`{{userMessage}}` is no placeholder here"),
        ("Hello #{userMessage}", "`#{userMessage}` is no placeholder here"),
        ("Key {{secrets.GROQ}}", "`{{secrets.GROQ}}` is no placeholder here"),
        ("${execution.getVariable('userMessage')}", "there is no function getVariable(). Write userMessage"),
        ("${userMessage == 'x' ? 'a' : 'b'}", "Write condition && 'a' || 'b' instead of ?:"),
        ("${kunde-nr}", r'needs quotes: "kunde-nr". The placeholder is ${"kunde-nr"}, in JSON ${\"kunde-nr\"}'),
    ],
)
def test_placeholder_of_another_language_is_an_incident(start_instance, emulator, content, message):
    assert message in start_instance(asking(content), userMessage="hello").incident()
    assert not emulator.calls


def test_placeholder_of_another_language_that_may_be_text_is_sent_and_reported(start_instance, emulator, worker):
    instance = start_instance(asking("Translate: Hello {{firstName}}, ${userMessage}"), userMessage="bye")
    assert instance.task() == "Review"
    assert emulator.calls[0].messages[0]["content"] == "Translate: Hello {{firstName}}, bye"
    [warning] = instance.variables()["catalyst_meta"]["warnings"]
    assert warning == "catalyst_payload: `{{firstName}}` is sent as it is, because it is no placeholder here"
    assert warning in worker.log


MAPPING = "catalyst_responseMapping"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"total": "choices[0].message.content.total"},
            "If it is JSON, write parse_json(choices[0].message.content).total",
        ),
        ({"total!": "choices[0].message.total"}, "'total' is required, and `choices[0].message.total` finds no value"),
        ({"total:Double": "choices[0].message.content"}, "is not of type Double"),
    ],
)
def test_answer_that_cannot_be_mapped_is_an_incident(start_instance, emulator, mapping, message):
    emulator.next(answer='{"total": 5}')
    instance = start_instance(diagram(fields={MAPPING: json.dumps(mapping)}), userMessage="hello")
    shown = instance.incident()
    assert shown.startswith(f"{MAPPING}: 'total'")
    assert message in shown
    assert (
        json.loads(instance.variables()["catalyst_responseBody"])["choices"][0]["message"]["content"] == '{"total": 5}'
    )


@pytest.mark.parametrize("name", ["choices[0].message.content", "reply_${loopCounter}", "customer.name", "replies[0]"])
def test_mapping_name_that_is_no_identifier_sends_nothing(start_instance, emulator, name):
    message = start_instance(diagram(fields={MAPPING: json.dumps({name: "reply"})}), userMessage="hello").incident()
    assert message.startswith(f"{MAPPING}: '{name}' cannot be the name of a variable. ")
    assert not emulator.calls


def test_mapping_that_leads_nowhere_is_reported(start_instance, emulator, worker):
    mapping = {"reply": "choices[0].message.content", "total": "choices[0].mesage.total"}
    instance = start_instance(diagram(fields={MAPPING: json.dumps(mapping)}), userMessage="hello")

    assert instance.task() == "Review"
    variables = instance.variables()
    assert variables["total"] is None
    assert variables["catalyst_meta"]["unmapped"] == ["total"]
    assert f"of instance {instance.id} in " in worker.log
    assert "but the response has no value for: total (the response mapping leads nowhere)" in worker.log


BY_BLAME = """
    <bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/>
    <bpmn:userTask id="Review"/>
    <bpmn:boundaryEvent id="Failed" attachedToRef="Ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="f3" sourceRef="Failed" targetRef="WhoseMistake"/>
    <bpmn:exclusiveGateway id="WhoseMistake" default="toOther"/>
    <bpmn:sequenceFlow id="toOwn" sourceRef="WhoseMistake" targetRef="CorrectDiagram">
      <bpmn:conditionExpression xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="bpmn:tFormalExpression">
        ${catalyst_meta.prop("blame").value() == "request"}
      </bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:userTask id="CorrectDiagram"/>
    <bpmn:sequenceFlow id="toOther" sourceRef="WhoseMistake" targetRef="AskSomebody"/>
    <bpmn:userTask id="AskSomebody"/>"""


@pytest.mark.parametrize(("status", "task"), [(400, "CorrectDiagram"), (401, "AskSomebody")])
@pytest.mark.every_engine
def test_gateway_after_a_boundary_event_decides_by_blame(start_instance, emulator, worker, status, task):
    error = {"message": "unknown field", "param": "max_token"}
    emulator.next(None, status=status, body={"error": error})
    instance = start_instance(process_with(BY_BLAME), userMessage="hello")

    assert instance.task() == task
    [line] = [line for line in worker.log.splitlines() if instance.id in line]
    assert (" WARNING " in line) is (status == 400)
    assert "unknown field (parameter: max_token)" in line
