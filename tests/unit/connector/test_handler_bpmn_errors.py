"""BPMN errors of the handler: thrown where something catches them, otherwise an incident."""

import itertools

import pytest

from catalyst_groq.domain.definitions import CallingProcess
from catalyst_groq.domain.outcomes import BpmnError, Failure
from catalyst_groq.errors import EngineUnreachable
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
        "Nothing catches the BPMN error AUTH_FAILED: attach an error boundary event to 'AskGroq'."
    )
    assert outcome.variables["catalyst_statusCode"] == 401


async def test_uncaught_bpmn_error_of_an_event_needs_a_subprocess():
    outcome = await HandlerHarness(DENIED, process=END_EVENT).handle(None, GIVE_UP)
    assert outcome.message.endswith("put 'AskGroq' into a subprocess and attach an error boundary event to that.")


async def test_uncaught_bpmn_error_has_its_fix_within_666_characters():
    response = make_response(401, {"error": {"message": "x" * 5000}})
    code, activity = "AUTHENTICATION_HAS_FAILED", "Activity_AskGroqAboutTheCustomer"
    harness = HandlerHarness(response, process=PLAIN_TASK.replace("AskGroq", activity))
    outcome = await harness.handle(None, {"catalyst_errorMapping": f"401: {code}", **GIVE_UP}, activityId=activity)
    assert len(outcome.message) <= 666
    assert outcome.message.endswith(f"{code}: attach an error boundary event to '{activity}'.")


@pytest.mark.parametrize(
    ("callers", "outcome"),
    [([CATCHING_CALL], BpmnError), ([CALL], Failure), ([CALL, CATCHING_CALL], BpmnError), ([CALL, CALL], Failure)],
)
async def test_bpmn_error_may_be_caught_by_a_calling_process(callers, outcome):
    processes = {f"caller-{number}": process for number, process in enumerate(callers)}
    instances = ["instance-1", *processes]
    calling = {called: CallingProcess(caller, caller) for called, caller in itertools.pairwise(instances)}

    assert isinstance(await HandlerHarness(DENIED, calling=calling, processes=processes).handle(), outcome)


async def test_unreachable_engine_leaves_it_unknown_who_catches():
    outcome = await HandlerHarness(DENIED, calling=EngineUnreachable("away")).handle()
    assert (outcome.message, outcome.retries) == ("away", 3)


async def test_uncaught_bpmn_error_can_be_thrown_all_the_same():
    assert isinstance(await HandlerHarness(DENIED, throw_uncaught=True).handle(), BpmnError)
