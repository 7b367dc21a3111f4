"""The page docs/errors.md: its conditions lead each error to whoever has to act, and its commands provoke each."""

import json
import re

import pytest

from support.diagrams import process_with
from support.documents import PICTURE, make_pdf
from support.element_templates import ROOT
from support.files import file
from support.process_instance import Instance

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
MAPPING = PAGE.split("### Catch everything")[1].split("```json\n")[1].split("```")[0]
CONDITIONS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `(\$\{.+?})` \|$", PAGE, re.MULTILINE))
COMMAND = r"^\| `(\w+)` \| `curl -d '(.+)' http://127\.0\.0\.1:8090/_emulator/next` \|$"
ENTRIES = re.findall(COMMAND, PAGE, re.MULTILINE)
[DIAGRAM] = re.findall(r"```xml\n(.+?)```", PAGE, re.DOTALL)
FLOW = """
    <bpmn:sequenceFlow id="to-{0}" sourceRef="Whose" targetRef="{0}">{1}</bpmn:sequenceFlow>
    <bpmn:userTask id="{0}"/>"""


TASK = f"""
    <bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq">
      <bpmn:extensionElements>
        <camunda:field name="catalyst_errorMapping"><camunda:string>{MAPPING}</camunda:string></camunda:field>
        <camunda:properties><camunda:property name="catalyst_retries" value="R3/PT1S"/></camunda:properties>
      </bpmn:extensionElements>
    </bpmn:serviceTask>"""


@pytest.fixture(scope="module")
def process(process_client):
    """A process that leads each error to the user task that has the name of its blame."""
    flows = {**dict.fromkeys(blame for blame, _ in ENTRIES), **CONDITIONS}
    condition = "<bpmn:conditionExpression>{}</bpmn:conditionExpression>"
    branches = (FLOW.format(blame, condition.format(text) if text else "") for blame, text in flows.items())
    key, xml = process_with(
        f"""{TASK}
    <bpmn:boundaryEvent id="Failed" attachedToRef="Ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="f2" sourceRef="Failed" targetRef="Whose"/>
    <bpmn:exclusiveGateway id="Whose" default="to-server"/>{"".join(branches)}"""
    )
    process_client.deploy_texts({f"{key}.bpmn": xml})
    return key


@pytest.fixture(scope="module")
def uncaught(process_client):
    """The same task in a process that catches nothing."""
    key, xml = process_with(TASK)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    return key


def test_page_lists_a_condition_and_a_command_for_each_blame():
    assert {*CONDITIONS, "server"} == {blame for blame, _ in ENTRIES}
    assert len(ENTRIES) == 5


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("blame", "entry"), ENTRIES)
def test_error_by_the_command_of_the_page_has_its_blame(process, process_client, emulator, blame, entry):
    emulator.next(**json.loads(entry))

    assert Instance(process_client, process_client.start(process, {"userMessage": "Why?"})).task() == blame


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("blame", "entry"), ENTRIES)
def test_error_that_nothing_catches_waits_for_the_account_or_is_an_incident(
    uncaught, process_client, emulator, blame, entry
):
    emulator.next(**json.loads(entry))
    instance = Instance(process_client, process_client.start(uncaught, {"userMessage": "Why?"}))

    if blame == "account":
        assert "The task waits, next attempt in " in instance.failed_task()["errorMessage"]
    else:
        assert "Nothing catches the BPMN error GROQ_FAILED" in instance.incident()
        assert instance.variables()["catalyst_meta"]["blame"] == blame


@pytest.mark.usefixtures("worker")
def test_diagram_of_the_page_sends_a_scan_back_to_a_person(process_client, emulator):
    process_client.deploy_texts({"read-invoice.bpmn": DIAGRAM})
    scan = file(make_pdf(PICTURE), "scan.pdf", "application/pdf")
    instance = Instance(process_client, process_client.start_typed("read-invoice", {"invoice": scan}))

    assert instance.task() == "upload"
    message = instance.variables()["errorMessage"]
    assert "has no text: it is blank, or contains pictures only" in message
    assert "raise the task's retries" not in message
    assert not emulator.calls
