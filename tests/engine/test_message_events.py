"""An external task need not be a service task: the message that an event or a send task sends is one, too."""

import itertools
import json

import pytest

from worker.sandbox.people import wait_for

pytestmark = pytest.mark.engine

numbers = itertools.count(1)
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


def diagram(activity):
    key = f"message-{next(numbers)}"
    return (
        key,
        f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="test">
  <bpmn:process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">
    <bpmn:startEvent id="Start"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Start" targetRef="Ask"/>
    {activity}
  </bpmn:process>
</bpmn:definitions>""",
    )


@pytest.mark.parametrize("kind", ACTIVITIES)
def test_what_sends_a_message_asks_groq_as_it_is_written(process, groq, kind):
    instance = process(diagram(ACTIVITIES[kind]), name="Ada")

    wait_for("the end", lambda: instance.state() == "COMPLETED", within=instance.patience)
    [call] = groq.calls
    assert (call.model, call.messages[0]["content"]) == ("openai/gpt-oss-20b", "Write to Ada")
