"""What the deployed BPMN says: fields, and who catches a BPMN error."""

import asyncio

import pytest

from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.domain.definitions import parse

pytestmark = pytest.mark.anyio

ERRORS = """
<error id="Limited" errorCode="RATE_LIMITED"/><error id="Denied" errorCode="AUTH_FAILED"/><error id="NoCode"/>"""
ASK = '<serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq"/>'


def bpmn(*processes):
    inside = "".join(f'<process id="p{number}">{process}</process>' for number, process in enumerate(processes))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        f'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">{ERRORS}{inside}</definitions>'
    )


def boundary(attached_to, error=""):
    reference = f' errorRef="{error}"' if error else ""
    return f'<boundaryEvent id="b" attachedToRef="{attached_to}"><errorEventDefinition{reference}/></boundaryEvent>'


def on_error(inside="", error=""):
    reference = f' errorRef="{error}"' if error else ""
    start = f'<startEvent id="s"><errorEventDefinition{reference}/></startEvent>'
    return f'<subProcess id="OnError" triggeredByEvent="true">{start}{inside}</subProcess>'


def sub(inside, tag="subProcess"):
    return f'<{tag} id="Sub">{inside}</{tag}>'


def catches(process, code="RATE_LIMITED"):
    return parse(bpmn(process)).catches("Ask", code)


@pytest.mark.parametrize(
    ("process", "caught"),
    [
        (ASK, False),
        (ASK + boundary("Ask", "Limited"), True),
        (boundary("Ask", "Limited") + ASK, True),
        (ASK + boundary("Ask", "Denied"), False),
        (ASK + boundary("Ask", "Denied") + boundary("Ask", "Limited"), True),
        (ASK + boundary("Ask"), True),
        (ASK + boundary("Ask", "NoCode"), True),
        (ASK + boundary("Ask", "RATE_LIMITED"), True),
        (ASK + boundary("Other", "Limited"), False),
        (ASK + '<boundaryEvent id="t" attachedToRef="Ask"><timerEventDefinition/></boundaryEvent>', False),
        (sub(ASK) + boundary("Sub", "Limited"), True),
        (sub(ASK) + boundary("Sub", "Denied"), False),
        (sub(ASK, "transaction") + boundary("Sub", "Limited"), True),
        (sub(sub(ASK)).replace("Sub", "Outer", 1) + boundary("Outer", "Limited"), True),
        (sub("<task id='t'/>") + boundary("Sub", "Limited") + ASK, False),
        (ASK + on_error(error="Limited"), True),
        (ASK + on_error(error="Denied"), False),
        (ASK + on_error(), True),
        (sub(ASK) + on_error(error="Limited"), True),
        (sub(ASK + on_error(error="Limited")), True),
        (sub(on_error(error="Limited")) + ASK, False),
        (on_error(ASK, error="Limited"), False),
        (on_error(ASK, error="Limited") + on_error(error="Limited"), True),
        (on_error(ASK + on_error(error="Limited")), True),
        (on_error(ASK + boundary("Ask", "Limited")), True),
        (sub(on_error(ASK, error="Limited")) + boundary("Sub", "Limited"), True),
        (sub(on_error(ASK, error="Limited")) + on_error(error="Limited"), True),
        (ASK + '<subProcess id="OnMessage" triggeredByEvent="true"><startEvent/></subProcess>', False),
    ],
)
def test_an_error_is_caught_on_the_task_or_around_it(process, caught):
    assert catches(process) is caught


def test_an_event_of_one_process_catches_nothing_in_another():
    definition = parse(bpmn(ASK.replace("Ask", "AskA"), ASK.replace("Ask", "AskB") + boundary("AskB") + on_error()))
    assert not definition.catches("AskA", "RATE_LIMITED")
    assert definition.catches("AskB", "RATE_LIMITED")


def test_a_task_that_is_not_in_the_diagram_has_no_fields_and_no_catcher():
    definition = parse(bpmn(ASK))
    assert definition.fields_of("Nobody") == {}
    assert not definition.catches("Nobody", "RATE_LIMITED")


def test_fields_are_read_in_all_their_ways_of_writing():
    fields = """<extensionElements>
        <camunda:field name="prompt"><camunda:string>{\n "a": "${b}" &amp; more\n}</camunda:string></camunda:field>
        <camunda:field name="expression"><camunda:expression>${x}</camunda:expression></camunda:field>
        <camunda:field name="attribute" stringValue="short"/>
        <camunda:field name="expressionAttribute" expression="${y}"/>
        <camunda:field name="blank"><camunda:string/></camunda:field>
        <camunda:properties><camunda:property name="other" value="1"/></camunda:properties>
        </extensionElements>"""
    process = sub(f'<sendTask id="Ask" camunda:topic="catalyst-groq">{fields}</sendTask>') + ASK.replace("Ask", "Bare")

    definition = parse(bpmn(process))

    assert definition.fields_of("Ask") == {
        "prompt": '{\n "a": "${b}" & more\n}',
        "expression": "${x}",
        "attribute": "short",
        "expressionAttribute": "${y}",
        "blank": "",
    }
    assert definition.fields_of("Bare") == {}


@pytest.mark.parametrize("event", ["intermediateThrowEvent", "endEvent"])
def test_the_message_of_an_event_is_an_external_task_with_fields_and_catchers_like_any(event):
    field = '<camunda:field name="{}" stringValue="{}"/>'
    prop = '<camunda:properties><camunda:property name="timeout" value="5"/></camunda:properties>'
    message = f"""<{event} id="Ask">
        <extensionElements>{field.format("on the event", 1)}</extensionElements>
        <messageEventDefinition camunda:type="external" camunda:topic="catalyst-groq">
          <extensionElements>{field.format("on its message", 2)}{prop}</extensionElements>
        </messageEventDefinition></{event}>"""
    definition = parse(bpmn(sub(message) + boundary("Sub", "Limited")))

    assert definition.fields_of("Ask") == {"on the event": "1", "on its message": "2", "timeout": "5"}
    assert definition.catches("Ask", "RATE_LIMITED")
    assert not definition.catches("Ask", "AUTH_FAILED")


class Deployed:
    """An engine that hands out a diagram when it is let, and counts how often it is asked."""

    def __init__(self, *failures):
        self.asked = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.failures = list(failures)

    async def fetch_xml(self, process_definition_id):
        self.asked.append(process_definition_id)
        self.was_asked.set()
        await self.may_answer.wait()
        if self.failures:
            raise self.failures.pop()
        return bpmn(ASK)


async def test_tasks_that_ask_at_the_same_time_share_one_fetch():
    deployed = Deployed()
    definitions = DefinitionCache(deployed.fetch_xml)
    asking = [asyncio.create_task(definitions.get(name)) for name in ("a", "a", "b", "a")]
    deployed.may_answer.set()

    found = await asyncio.gather(*asking)
    await definitions.get("a")

    assert deployed.asked == ["a", "b"]
    assert found[0] is found[1] is found[3] is not found[2]


async def test_a_failed_fetch_fails_those_who_asked_and_is_tried_again_by_the_next():
    deployed = Deployed(OSError("away"))
    deployed.may_answer.set()
    definitions = DefinitionCache(deployed.fetch_xml)

    failures = await asyncio.gather(definitions.get("a"), definitions.get("a"), return_exceptions=True)
    assert [str(failure) for failure in failures] == ["away", "away"]

    assert (await definitions.get("a")).fields_of("Ask") == {}
    assert deployed.asked == ["a", "a"]


async def test_a_task_that_is_cancelled_does_not_take_the_fetch_from_the_others():
    deployed = Deployed()
    definitions = DefinitionCache(deployed.fetch_xml)
    impatient, patient = (asyncio.create_task(definitions.get("a")) for _ in range(2))
    await deployed.was_asked.wait()

    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    deployed.may_answer.set()

    assert (await patient).fields_of("Ask") == {}
    assert deployed.asked == ["a"]
