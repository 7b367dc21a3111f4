"""An external task need not be a service task: the message that an event or a send task sends is one, too."""

import json

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import process_with

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]

THROW = "bpmn:intermediateThrowEvent"
EXTERNAL = 'camunda:type="external" camunda:topic="catalyst-groq"'
PAYLOAD = json.dumps({"messages": [{"role": "user", "content": "Write to ${name}"}]})
FIELD = f"<camunda:field name='catalyst_payload'><camunda:string>{PAYLOAD}</camunda:string></camunda:field>"
PROPERTY = (
    '<camunda:properties><camunda:property name="catalyst_model" value="openai/gpt-oss-20b"/></camunda:properties>'
)


def written(*parts):
    return f"<bpmn:extensionElements>{''.join(parts)}</bpmn:extensionElements>"


def message(*parts):
    return f"<bpmn:messageEventDefinition {EXTERNAL}>{written(*parts)}</bpmn:messageEventDefinition>"


ACTIVITIES = {
    "a throw event": f'<{THROW} id="Ask">{written(PROPERTY)}{message(FIELD)}</{THROW}>',
    "an end event": f'<bpmn:endEvent id="Ask">{written(PROPERTY)}{message(FIELD)}</bpmn:endEvent>',
    "a message with everything on it": f'<bpmn:endEvent id="Ask">{message(PROPERTY, FIELD)}</bpmn:endEvent>',
    "a send task": f'<bpmn:sendTask id="Ask" {EXTERNAL}>{written(PROPERTY, FIELD)}</bpmn:sendTask>',
}


@pytest.mark.parametrize("kind", ACTIVITIES)
def test_message_events_send_request_as_configured(start_instance, emulator, kind):
    instance = start_instance(process_with(ACTIVITIES[kind]), name="Ada")

    wait_for("the end", lambda: instance.state() == "COMPLETED", timeout=instance.timeout_seconds)
    [call] = emulator.calls
    assert (call.model, call.messages[0]["content"]) == ("openai/gpt-oss-20b", "Write to Ada")
