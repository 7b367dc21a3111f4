"""The page docs/errors.md: its conditions lead each error to whoever has to act, and its commands provoke each."""

import json
import re

import pytest

from support.diagrams import process_with
from support.element_templates import ROOT
from support.process_instance import Instance

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
MAPPING = PAGE.split("### Catch everything")[1].split("```json\n")[1].split("```")[0]
CONDITIONS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `(\$\{.+?})` \|$", PAGE, re.MULTILINE))
COMMAND = r"^\| `(\w+)` \| `curl -d '(.+)' http://127\.0\.0\.1:8090/_emulator/next` \|$"
ENTRIES = re.findall(COMMAND, PAGE, re.MULTILINE)
FLOW = """
    <bpmn:sequenceFlow id="to-{0}" sourceRef="Whose" targetRef="{0}">{1}</bpmn:sequenceFlow>
    <bpmn:userTask id="{0}"/>"""


@pytest.fixture(scope="module")
def process(process_client):
    """A process that leads each error to the user task that has the name of its blame."""
    flows = {**dict.fromkeys(blame for blame, _ in ENTRIES), **CONDITIONS}
    condition = "<bpmn:conditionExpression>{}</bpmn:conditionExpression>"
    branches = (FLOW.format(blame, condition.format(text) if text else "") for blame, text in flows.items())
    key, xml = process_with(
        f"""
    <bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq">
      <bpmn:extensionElements>
        <camunda:field name="catalyst_errorMapping"><camunda:string>{MAPPING}</camunda:string></camunda:field>
        <camunda:properties><camunda:property name="catalyst_retries" value="R3/PT1S"/></camunda:properties>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:boundaryEvent id="Failed" attachedToRef="Ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="f2" sourceRef="Failed" targetRef="Whose"/>
    <bpmn:exclusiveGateway id="Whose" default="to-server"/>{"".join(branches)}"""
    )
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
