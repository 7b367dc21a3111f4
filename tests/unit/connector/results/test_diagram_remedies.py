"""Incidents that a corrected diagram ends say how the diagram reaches the instance."""

import pytest

from catalyst_groq.connector.results.diagram_remedies import remedy_for_missing_variable
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, IF_IN_DIAGRAM
from catalyst_groq.domain.outcomes import Failure
from catalyst_groq.groq.api.error_kinds import ErrorKind
from support.factories import make_response
from support.handler_harness import HandlerHarness

pytestmark = pytest.mark.anyio
WITH_MODEL = '{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}'
REFUSED = make_response(400, {"error": {"message": "no"}})


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"catalyst_payload": "{"}, DEPLOY_AND_MIGRATE),
        ({"catalyst_timeout": "soon"}, DEPLOY_AND_MIGRATE),
        ({"catalyst_timeout": "${seconds}"}, IF_IN_DIAGRAM),
        (
            {"catalyst_payload": '{"messages": [{"role": "user", "content": "${missing}"}]}'},
            remedy_for_missing_variable("missing"),
        ),
        ({"catalyst_apiKey": "groq_nobody"}, f"{ErrorKind.MISSING_API_KEY.remedy} {IF_IN_DIAGRAM}"),
        ({"catalyst_errorMapping": '{"rate": "X"}'}, DEPLOY_AND_MIGRATE),
        ({"catalyst_fallbackModels": "['a', 'b']"}, DEPLOY_AND_MIGRATE),
    ],
)
async def test_incident_by_a_field_ends_with_the_way_of_the_diagram(properties, sentence):
    outcome = await HandlerHarness().handle({"seconds": "soon", "userMessage": "Hi"}, properties)

    assert isinstance(outcome, Failure)
    assert outcome.message.endswith((f". {sentence}", f"? {sentence}"))
    assert outcome.message_without_instance == outcome.message.removesuffix(f" {sentence}")


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (REFUSED, DEPLOY_AND_MIGRATE),
        (make_response(404, {"error": {"message": "no", "code": "model_not_found"}}), DEPLOY_AND_MIGRATE),
        (make_response(413, {"error": {"message": "no"}}), IF_IN_DIAGRAM),
        (make_response(401, {"error": {"message": "no"}}), ""),
        (make_response(402, {"error": {"message": "no"}}), ""),
    ],
)
async def test_incident_by_an_answer_ends_with_the_way_of_the_diagram(response, sentence):
    properties = {"catalyst_errorMapping": "{}", "catalyst_payload": WITH_MODEL, "catalyst_giveUpAfter": "PT0S"}
    outcome = await HandlerHarness(response).handle(None, properties)

    assert outcome.retries == 0
    assert outcome.message.endswith(sentence)
    assert ("migrate" in outcome.message) is bool(sentence)
    assert "migrate" not in outcome.message_without_instance


async def test_unusable_mapping_ends_with_the_way_of_the_diagram():
    mapping = {"catalyst_responseMapping": '{"a:Integer": "choices[0].message.content"}'}
    outcome = await HandlerHarness(make_response()).handle({"userMessage": "Hi"}, mapping)

    assert outcome.message.endswith(DEPLOY_AND_MIGRATE)
    assert "instance" not in outcome.message_without_instance


async def test_diagram_that_cannot_be_read_is_an_incident_before_groq_is_asked():
    harness = HandlerHarness(make_response(), process='<serviceTask id="AskGroq"/>')
    outcome = await harness.handle()

    assert not harness.payloads
    assert outcome.retries == 0
    assert outcome.message.startswith("The BPMN of the process definition ask:1:d1 has no external task 'AskGroq' with")
    assert outcome.message.endswith(DEPLOY_AND_MIGRATE)
    assert "instance" not in outcome.message_without_instance


async def test_uncaught_error_without_instance_names_the_event():
    properties = {"catalyst_errorMapping": '{"400": "ANY"}', "catalyst_payload": WITH_MODEL}
    outcome = await HandlerHarness(REFUSED).handle(None, properties)

    assert outcome.message.endswith(f"attach an error boundary event to 'AskGroq'. {DEPLOY_AND_MIGRATE}")
    assert outcome.message_without_instance.endswith("attach an error boundary event to 'AskGroq'.")
