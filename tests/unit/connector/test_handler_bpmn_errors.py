"""BPMN errors of the handler: thrown where something catches them, otherwise an incident."""

import itertools
import json

import pytest

from catalyst_groq.domain.definitions import CallingProcess
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, IF_IN_DIAGRAM
from catalyst_groq.domain.outcomes import BpmnError, Failure
from catalyst_groq.errors import CallerHidden, DefinitionError, EngineRefused, EngineUnreachable
from catalyst_groq.groq.api.error_kinds import ErrorKind
from support.factories import make_response
from support.handler_harness import CATCHING_TASK, KEY, PLAIN_TASK, HandlerHarness

pytestmark = pytest.mark.anyio

DENIED = make_response(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}})
GIVE_UP = {"catalyst_giveUpAfter": "PT0S"}
"""The task does not wait for another key."""
END_EVENT = """<endEvent id="AskGroq"><messageEventDefinition camunda:topic="catalyst-groq"/></endEvent>"""
CALL = '<callActivity id="Call"/>'
CATCHING_CALL = CALL + '<boundaryEvent id="b" attachedToRef="Call"><errorEventDefinition/></boundaryEvent>'


async def test_bpmn_error_is_thrown_with_all_standard_variables():
    outcome = await HandlerHarness(DENIED, process=CATCHING_TASK).handle()
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "AUTH_FAILED"
    assert outcome.variables["catalyst_statusCode"] == 401
    assert outcome.variables["catalyst_success"] is False


async def test_refused_key_that_nothing_catches_is_handed_back_until_the_task_gives_up():
    outcome = await HandlerHarness(DENIED).handle()
    assert isinstance(outcome, Failure)
    assert outcome.retries == 3
    assert outcome.message.startswith("Groq: 401 Invalid API Key. The task waits, next attempt in ")


async def test_uncaught_bpmn_error_is_an_incident_with_a_fix():
    outcome = await HandlerHarness(DENIED).handle(None, GIVE_UP)
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith("Groq: 401 Invalid API Key")
    assert outcome.message.endswith(
        "where the Secret Source field takes it from. Then raise the task's retries. "
        "Nothing catches the BPMN error AUTH_FAILED. If the process shall "
        f"handle it, attach an error boundary event to 'AskGroq'. {IF_IN_DIAGRAM}"
    )
    assert outcome.variables["catalyst_statusCode"] == 401


async def test_uncaught_bpmn_error_of_an_event_needs_a_subprocess():
    outcome = await HandlerHarness(DENIED, process=END_EVENT).handle(None, GIVE_UP)
    fix = "put 'AskGroq' into a subprocess and attach an error boundary event to that."
    assert outcome.message.endswith(f"{fix} {IF_IN_DIAGRAM}")


async def test_incompatible_model_names_the_model_and_what_it_cannot_do():
    """The task's model is known to be retired since the first task, and its replacement cannot do what is asked."""
    gone = make_response(404, {"error": {"message": "gone", "code": "model_not_found"}})
    image = {"type": "image_url", "image_url": {"url": "https://files.example/photo.png"}}
    payload = json.dumps({"messages": [{"role": "user", "content": [image]}]})
    fields = {"catalyst_model": "llama-3.3-70b-versatile", "catalyst_payload": payload}
    harness = HandlerHarness(gone, process=CATCHING_TASK)
    await harness.handle(None, fields)
    incident = await harness.handle(None, {**fields, "catalyst_errorMapping": "{}"})
    caught = await harness.handle(None, {**fields, "catalyst_errorMapping": '{"incompatible_model": "NO_IMAGES"}'})

    assert len(harness.payloads) == 1
    assert isinstance(caught, BpmnError)
    assert caught.code == "NO_IMAGES"
    assert caught.message == (
        "Groq: openai/gpt-oss-120b cannot serve the request: does not support images. "
        "Correct the Request Payload, or the field that the server names."
    )
    assert incident.message.startswith(caught.message)


@pytest.mark.parametrize("problem", ["property 'max_token' is unsupported", "x" * 5000])
async def test_uncaught_refusal_names_the_fix_of_the_request_first(problem):
    outcome = await HandlerHarness(make_response(400, {"error": {"message": problem}})).handle()

    assert outcome.message.startswith(f"Groq: 400 {problem[:200]}")
    assert outcome.message.endswith(
        " Correct the Request Payload, or the field that the server names. Nothing catches the BPMN error "
        "INVALID_REQUEST. If the process shall handle it, attach an error boundary event to 'AskGroq'. "
        f"{DEPLOY_AND_MIGRATE}"
    )
    assert len(outcome.message) <= 666


async def test_uncaught_bpmn_error_has_its_fix_within_666_characters():
    response = make_response(401, {"error": {"message": "x" * 5000}})
    code, activity = "AUTHENTICATION_HAS_FAILED", "Activity_AskGroqAboutTheCustomer"
    harness = HandlerHarness(response, process=PLAIN_TASK.replace("AskGroq", activity))
    outcome = await harness.handle(None, {"catalyst_errorMapping": f"401: {code}", **GIVE_UP}, activityId=activity)
    assert len(outcome.message) <= 666
    fix = f"{code}. If the process shall handle it, attach an error boundary event to '{activity}'."
    assert outcome.message.endswith(f"{fix} {IF_IN_DIAGRAM}")
    assert "Check the key at console.groq.com" in outcome.message


@pytest.mark.parametrize(
    ("callers", "outcome"),
    [([CATCHING_CALL], BpmnError), ([CALL], Failure), ([CALL, CATCHING_CALL], BpmnError), ([CALL, CALL], Failure)],
)
async def test_bpmn_error_may_be_caught_by_a_calling_process(callers, outcome):
    processes = {f"caller-{number}": process for number, process in enumerate(callers)}
    instances = ["instance-1", *processes]
    calling = {called: CallingProcess(caller, caller) for called, caller in itertools.pairwise(instances)}

    assert isinstance(await HandlerHarness(DENIED, calling=calling, processes=processes).handle(), outcome)


@pytest.mark.parametrize(
    "reason",
    [
        CallerHidden("the worker's user may not see its process instance"),
        EngineRefused(403, "AuthorizationException", "no READ"),
        DefinitionError("caller:1:d", "is not well-formed XML"),
    ],
)
async def test_calling_process_that_cannot_be_read_is_not_one_that_catches_nothing(reason):
    outcome = await HandlerHarness(DENIED, calling=reason).handle(None, GIVE_UP)

    assert "Nothing catches" not in outcome.message
    assert f"AUTH_FAILED, and the calling process cannot be read: {reason}. If the process shall" in outcome.message
    assert "handle it, grant the worker's user" in outcome.message
    assert outcome.message.endswith(IF_IN_DIAGRAM)
    assert (outcome.retries, outcome.variables["catalyst_statusCode"]) == (0, 401)


async def test_unreachable_engine_leaves_it_unknown_who_catches():
    outcome = await HandlerHarness(DENIED, calling=EngineUnreachable("away")).handle()
    assert (outcome.message, outcome.retries) == ("away", 3)


async def test_uncaught_bpmn_error_can_be_thrown_all_the_same():
    assert isinstance(await HandlerHarness(DENIED, throw_uncaught=True).handle(), BpmnError)


MISSING = {"catalyst_errorMapping": '{"missing_api_key": "NO_KEY"}'}
VARIABLE = {"catalyst_secretSource": "variable", "catalyst_apiKey": "tenantKey"}


@pytest.mark.parametrize(
    ("variables", "properties", "message"),
    [
        (None, {"catalyst_apiKey": "groq_other"}, "the environment variable GROQ_OTHER is not set"),
        (None, {"catalyst_secretSource": "file"}, "the secret file /nowhere/groq_api_key cannot be read"),
        ({}, VARIABLE, "there is no process variable 'tenantKey'"),
        ({"tenantKey": "short"}, VARIABLE, "the value is no API key"),
        ({"tenantKey": "KEY=gsk_0123456789abcdef"}, VARIABLE, "the key found for 'tenantKey' is written as NAME=value"),
    ],
)
async def test_missing_key_is_a_bpmn_error_only_where_it_is_mapped(variables, properties, message):
    harness = HandlerHarness(process=CATCHING_TASK)
    variables = variables if variables is None else {"userMessage": "Hi", **variables}
    mapped = await harness.handle(variables, MISSING | properties)
    unmapped = await harness.handle(variables, {"catalyst_errorMapping": '{"4xx": "FAILED"}'} | properties)

    assert isinstance(mapped, BpmnError)
    assert mapped.code == "NO_KEY"
    assert mapped.message.startswith(f"catalyst_apiKey: {message}")
    assert "raise" not in mapped.message
    assert mapped.variables["catalyst_error"] == mapped.message
    assert mapped.variables["catalyst_meta"]["blame"] == "account"
    assert isinstance(unmapped, Failure)
    assert (unmapped.retries, unmapped.variables) == (0, {})
    assert unmapped.message.startswith(f"catalyst_apiKey: {message}")
    assert unmapped.message.endswith(f" {ErrorKind.MISSING_API_KEY.remedy} {IF_IN_DIAGRAM}")
    assert unmapped.page == "errors.html#missing_api_key"
    assert harness.payloads == []


@pytest.mark.parametrize("name", ["aws_key", "../groq_api_key", KEY])
async def test_key_that_no_task_may_use_is_an_incident(name):
    outcome = await HandlerHarness(process=CATCHING_TASK).handle(None, {"catalyst_apiKey": name, **MISSING})

    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("catalyst_apiKey: ")


async def test_missing_key_that_nothing_catches_is_an_incident():
    outcome = await HandlerHarness().handle(None, {"catalyst_apiKey": "groq_other", **MISSING})

    assert isinstance(outcome, Failure)
    assert "GROQ_OTHER is not set" in outcome.message
    assert f" {ErrorKind.MISSING_API_KEY.remedy} Nothing catches the BPMN error NO_KEY. " in outcome.message
    assert outcome.message.endswith(IF_IN_DIAGRAM)
    assert outcome.details.startswith("Groq was not called. ")
    assert "catalyst_errorMapping:\n" in outcome.details
    assert outcome.variables["catalyst_success"] is False


@pytest.mark.parametrize(
    ("response", "problem", "fix"),
    [
        (DENIED, "Groq: 401 Invalid API Key.", "Check the key at console.groq.com"),
        (make_response(400, {"error": {"message": "no"}}), "Groq: 400 no.", "Correct the Request Payload"),
        (make_response(503, {"error": {"message": "busy"}}), "Groq: 503 busy.", ""),
    ],
)
async def test_caught_error_has_its_fix_and_no_advice_for_an_incident(response, problem, fix):
    properties = {
        "catalyst_errorMapping": '{"4xx": "FAILED", "5xx": "FAILED"}',
        "catalyst_retries": "R1/PT1S",
    } | GIVE_UP
    caught = await HandlerHarness(response, process=CATCHING_TASK).handle(None, properties)
    uncaught = await HandlerHarness(response).handle(None, properties)

    assert caught.message == problem if not fix else caught.message.startswith(f"{problem} {fix}")
    assert "retries" not in caught.message
    assert uncaught.message.startswith(f"{problem} {caught.remedy} Nothing catches the BPMN error ")
    assert "The request:" in uncaught.details
