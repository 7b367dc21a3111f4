"""The worker's reading of which event catches a BPMN error agrees with the engine."""

import itertools

import pytest

from catalyst_groq.domain.definitions import parse

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]
CODE, FIRST = "RATE_LIMITED", "FIRST"
ERRORS = f"""
<error id="Limited" errorCode="{CODE}"/><error id="Other" errorCode="OTHER"/><error id="Begin" errorCode="{FIRST}"/>
<error id="NoCode"/>"""
numbers = itertools.count(1)


def with_start_event(element, name):
    """The inside of a scope: a start event that leads to an element."""
    start = f"<startEvent id='S_{name}'/><sequenceFlow id='F_{name}' sourceRef='S_{name}' targetRef='{name}'/>"
    return start + element


def service_task(inside="", name="Ask"):
    return f"<serviceTask id='{name}' camunda:type='external' camunda:topic='TOPIC'>{inside}</serviceTask>"


def definition(error):
    return "<errorEventDefinition/>" if error is None else f"<errorEventDefinition errorRef='{error}'/>"


def caught(source):
    name = f"Caught{next(numbers)}"
    flow = f"<sequenceFlow id='to{name}' sourceRef='{source}' targetRef='{name}'/>"
    return flow + f"<userTask id='{name}'/>"


def boundary(attached, error):
    name = f"B{next(numbers)}"
    event = f"<boundaryEvent id='{name}' attachedToRef='{attached}'>{definition(error)}</boundaryEvent>"
    return event + caught(name)


def sub(inside, name="Sub", tag="subProcess", first="Ask", several=""):
    return f"<{tag} id='{name}'>{several}{with_start_event(inside, first)}</{tag}>"


def on_error(error, then=None, into="Ask"):
    """An event subprocess; `then` is what it does instead of waiting at a user task."""
    name = f"E{next(numbers)}"
    start = f"<startEvent id='{name}'>{definition(error)}</startEvent>"
    flow = f"<sequenceFlow id='F{name}' sourceRef='{name}' targetRef='{into}'/>{then}" if then else caught(name)
    return f"<subProcess id='On{name}' triggeredByEvent='true'>{start}{flow}</subProcess>"


def several(kind):
    cardinality = "<loopCardinality>2</loopCardinality>"
    return f"<multiInstanceLoopCharacteristics isSequential='{kind}'>{cardinality}</multiInstanceLoopCharacteristics>"


first = service_task(name="First")
PROCESSES = {
    "nothing": with_start_event(service_task(), "Ask"),
    "boundary": with_start_event(service_task() + boundary("Ask", "Limited"), "Ask"),
    "boundary of another code": with_start_event(service_task() + boundary("Ask", "Other"), "Ask"),
    "boundary without an error": with_start_event(service_task() + boundary("Ask", None), "Ask"),
    "boundary whose error has no code": with_start_event(service_task() + boundary("Ask", "NoCode"), "Ask"),
    "boundary that names a code": with_start_event(service_task() + boundary("Ask", CODE), "Ask"),
    "two boundaries": with_start_event(service_task() + boundary("Ask", "Other") + boundary("Ask", "Limited"), "Ask"),
    "boundary of another task": with_start_event(
        service_task()
        + "<task id='T'/><sequenceFlow id='toT' sourceRef='Ask' targetRef='T'/>"
        + boundary("T", "Limited"),
        "Ask",
    ),
    "boundary of the scope": with_start_event(sub(service_task()) + boundary("Sub", "Limited"), "Sub"),
    "boundary of the scope, of another code": with_start_event(sub(service_task()) + boundary("Sub", "Other"), "Sub"),
    "boundary of the outer scope": with_start_event(
        sub(sub(service_task()), "Outer", first="Sub") + boundary("Outer", None), "Outer"
    ),
    "boundary of a transaction": with_start_event(
        sub(service_task(), tag="transaction") + boundary("Sub", "Limited"), "Sub"
    ),
    "event subprocess": with_start_event(service_task() + on_error("Limited"), "Ask"),
    "event subprocess of another code": with_start_event(service_task() + on_error("Other"), "Ask"),
    "event subprocess without an error": with_start_event(service_task() + on_error(None), "Ask"),
    "event subprocess whose error has no code": with_start_event(service_task() + on_error("NoCode"), "Ask"),
    "event subprocess in the scope": with_start_event(sub(service_task() + on_error("Limited")), "Sub"),
    "event subprocess around the scope": with_start_event(sub(service_task()) + on_error("Limited"), "Sub"),
    "event subprocess in the task's own scope, of another code, and around": with_start_event(
        sub(service_task() + on_error("Other")) + on_error("Limited"), "Sub"
    ),
    "event subprocess in a scope beside": with_start_event(
        service_task()
        + sub("<task id='T'/>" + on_error("Limited"), first="T")
        + "<sequenceFlow id='toSub' sourceRef='Ask' targetRef='Sub'/>",
        "Ask",
    ),
    "inside an event subprocess that would catch it": with_start_event(first + on_error(None, service_task()), "First"),
    "inside an event subprocess, with a boundary": with_start_event(
        first + on_error(None, service_task() + boundary("Ask", "Limited")), "First"
    ),
    "inside an event subprocess, beside one that catches": with_start_event(
        first + on_error("Begin", service_task()) + on_error("Limited"), "First"
    ),
    "inside an event subprocess, with one around the scope": with_start_event(
        sub(first + on_error("Begin", service_task()), first="First") + on_error("Limited"), "Sub"
    ),
    "inside an event subprocess, with a boundary of the scope": with_start_event(
        sub(first + on_error("Begin", service_task()), first="First") + boundary("Sub", "Limited"), "Sub"
    ),
    "deep inside an event subprocess, beside one that catches": with_start_event(
        first + on_error("Begin", sub(service_task()), into="Sub") + on_error(None), "First"
    ),
    "several inside an event subprocess, beside one that catches": with_start_event(
        first + on_error("Begin", service_task(several("true"))) + on_error(None), "First"
    ),
    "one after the other, with a boundary": with_start_event(
        service_task(several("true")) + boundary("Ask", "Limited"), "Ask"
    ),
    "all at once, with a boundary": with_start_event(
        service_task(several("false")) + boundary("Ask", "Limited"), "Ask"
    ),
    "all at once, without": with_start_event(service_task(several("false")), "Ask"),
    "in scopes one after the other, with a boundary": with_start_event(
        sub(service_task(), several=several("true")) + boundary("Sub", "Limited"), "Sub"
    ),
}


def bpmn(process, key, topic):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        f'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="catching">{ERRORS}'
        f'<process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">{process}</process></definitions>'
    ).replace("TOPIC", topic)


@pytest.fixture
def throw(process_client):
    """Throw the errors of a process until the task that asks has thrown its own."""

    def thrown(topic):
        name = None
        while name != "Ask":
            topics = [{"topicName": topic, "lockDuration": 10_000}]
            body = {"workerId": "catching", "maxTasks": 1, "topics": topics}
            task = process_client.http.post("/external-task/fetchAndLock", json=body).raise_for_status().json()[0]
            name = task["activityId"]
            error = {"workerId": "catching", "errorCode": CODE if name == "Ask" else FIRST}
            process_client.http.post(f"/external-task/{task['id']}/bpmnError", json=error).raise_for_status()

    return thrown


@pytest.mark.parametrize("case", PROCESSES)
def test_bpmn_error_catch_matches_parsed_definition(process_client, throw, case):
    key = f"catching-{next(numbers)}"
    xml = bpmn(PROCESSES[case], key, key)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    instance = process_client.start(key)
    throw(key)

    waits_at = process_client.user_task(instance) or ""
    assert waits_at.startswith("Caught") is parse(xml).catches("Ask", CODE)


CALL = "<callActivity id='Call' calledElement='CALLED'/>"
CALLERS = {
    "nothing": with_start_event(CALL, "Call"),
    "boundary": with_start_event(CALL + boundary("Call", "Limited"), "Call"),
    "boundary of another code": with_start_event(CALL + boundary("Call", "Other"), "Call"),
    "event subprocess": with_start_event(CALL + on_error(None), "Call"),
    "boundary of the scope": with_start_event(sub(CALL, first="Call") + boundary("Sub", "Limited"), "Sub"),
}


@pytest.mark.parametrize("case", CALLERS)
def test_bpmn_error_catch_in_caller_matches_parsed_definition(process_client, throw, case):
    key = f"catching-{next(numbers)}"
    xml = bpmn(CALLERS[case], f"{key}-caller", key).replace("CALLED", key)
    called = bpmn(PROCESSES["nothing"], key, key)
    process_client.deploy_texts({"caller.bpmn": xml, "called.bpmn": called})
    instance = process_client.start(f"{key}-caller")
    throw(key)

    waits_at = process_client.user_task(instance) or ""
    assert waits_at.startswith("Caught") is parse(xml).catches_from_calls(CODE)
