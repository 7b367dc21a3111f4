"""BPMN errors of the handler: thrown where something catches them, otherwise an incident."""

import itertools

import pytest

from catalyst_groq.connector.results.diagram_remedies import DEPLOY_AND_MIGRATE
from catalyst_groq.domain.definitions import CallingProcess
from catalyst_groq.domain.outcomes import BpmnError, Failure
from catalyst_groq.errors import CallerHidden, DefinitionError, EngineRefused, EngineUnreachable
from support.factories import make_response
from support.handler_harness import CATCHING_TASK, PLAIN_TASK, HandlerHarness

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
    assert outcome.message.startswith("Groq: 401 Invalid API Key. Retrying in ")


async def test_uncaught_bpmn_error_is_an_incident_with_a_fix():
    outcome = await HandlerHarness(DENIED).handle(None, GIVE_UP)
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith("Groq: 401 Invalid API Key")
    assert outcome.message.endswith(
        f"Nothing catches the BPMN error AUTH_FAILED: attach an error boundary event to 'AskGroq'. {DEPLOY_AND_MIGRATE}"
    )
    assert outcome.variables["catalyst_statusCode"] == 401


async def test_uncaught_bpmn_error_of_an_event_needs_a_subprocess():
    outcome = await HandlerHarness(DENIED, process=END_EVENT).handle(None, GIVE_UP)
    fix = "put 'AskGroq' into a subprocess and attach an error boundary event to that."
    assert outcome.message.endswith(f"{fix} {DEPLOY_AND_MIGRATE}")


async def test_uncaught_bpmn_error_has_its_fix_within_666_characters():
    response = make_response(401, {"error": {"message": "x" * 5000}})
    code, activity = "AUTHENTICATION_HAS_FAILED", "Activity_AskGroqAboutTheCustomer"
    harness = HandlerHarness(response, process=PLAIN_TASK.replace("AskGroq", activity))
    outcome = await harness.handle(None, {"catalyst_errorMapping": f"401: {code}", **GIVE_UP}, activityId=activity)
    assert len(outcome.message) <= 666
    fix = f"{code}: attach an error boundary event to '{activity}'."
    assert outcome.message.endswith(f"{fix} {DEPLOY_AND_MIGRATE}")


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
    assert f"AUTH_FAILED, and the calling process cannot be read: {reason}. Grant the worker's user" in outcome.message
    assert outcome.message.endswith(DEPLOY_AND_MIGRATE)
    assert (outcome.retries, outcome.variables["catalyst_statusCode"]) == (0, 401)


async def test_unreachable_engine_leaves_it_unknown_who_catches():
    outcome = await HandlerHarness(DENIED, calling=EngineUnreachable("away")).handle()
    assert (outcome.message, outcome.retries) == ("away", 3)


async def test_uncaught_bpmn_error_can_be_thrown_all_the_same():
    assert isinstance(await HandlerHarness(DENIED, throw_uncaught=True).handle(), BpmnError)
