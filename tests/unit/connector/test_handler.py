"""The flow of one task, from its fields to its outcome."""

import asyncio
import json
from datetime import timedelta

import pytest

from catalyst_groq.connector import handler
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, FailureCause
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineRefused, EngineUnreachable
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from support.factories import RATE_LIMITED, make_response
from support.handler_harness import CATCHING_TASK, KEY, PLAIN_TASK, HandlerHarness

pytestmark = pytest.mark.anyio

DENIED = make_response(401, {"error": {"message": f"Invalid API Key {KEY}", "code": "invalid_api_key"}})
REFUSED = make_response(400, {"error": {"message": "no"}})


async def test_task_completes_with_groqs_response():
    harness = HandlerHarness()

    outcome = await harness.handle({"userMessage": 'say "hi"'}, {"catalyst_timeout": "7"})

    [request] = harness.groq.requests
    assert (request.account.url, request.account.key, request.timeout) == (GROQ_URL, KEY, 7)
    assert (request.caller, request.budgets) == ("task-1", ())
    assert request.payload["messages"][1]["content"] == 'say "hi"'
    assert isinstance(outcome, Completion)
    assert outcome.variables["aiReply"] == "Hello Ada"
    assert outcome.variables["catalyst_meta"]["modelAsked"] == request.payload["model"]


async def test_misspelt_field_is_an_incident_before_its_consequences():
    harness = HandlerHarness()
    outcome = await harness.handle({}, {"catalyst_paylod": "{}", "catalyst_timeout": "soon"})

    problem = "catalyst_paylod: there is no such field. Did you mean catalyst_payload?"
    assert outcome.message == f"{problem} {DEPLOY_AND_MIGRATE}"
    assert (outcome.retries, outcome.cause, harness.payloads) == (0, FailureCause.FIELD, [])


async def test_misspelt_field_is_an_incident_although_items_collect_errors():
    outcome = await HandlerHarness().handle({}, {"catalyst_paylod": "{}", "catalyst_collect": "results"})

    assert outcome.message.startswith("catalyst_paylod: there is no such field.")


async def test_ignored_field_is_a_warning_of_every_outcome():
    note = {"catalyst_note": "mine"}
    warning = "catalyst_note: there is no such field, so it is ignored. Remove it"
    completed = await HandlerHarness().handle({"userMessage": "Hi"}, note)
    failed = await HandlerHarness().handle({}, note)
    refused = await HandlerHarness(DENIED).handle({"userMessage": "Hi"}, note)

    assert [outcome.warnings for outcome in (completed, failed, refused)] == [(warning,)] * 3


INPUT = """<serviceTask id="AskGroq" camunda:topic="catalyst-groq"><extensionElements><x:inputOutput xmlns:x="x">
    <x:inputParameter name="catalyst_model">qwen/qwen3.8-27b</x:inputParameter></x:inputOutput></extensionElements>
    </serviceTask>"""


async def test_input_parameter_that_the_engine_has_not_set_is_an_incident():
    harness = HandlerHarness(process=INPUT)
    outcome = await harness.handle()

    assert outcome.message == (
        "The BPMN of the process definition ask:1:d1 has the input parameter 'catalyst_model' at 'AskGroq', which this "
        "engine does not read. Write it in the engine's own namespace, in the activity itself. Deploy the corrected "
        "diagram, migrate this instance to it, then raise its retries."
    )
    assert harness.payloads == []


@pytest.mark.parametrize(
    ("variables", "properties", "model"),
    [
        ({"catalyst_model": "qwen/qwen3.8-27b"}, {}, "qwen/qwen3.8-27b"),
        ({"catalyst_model": None}, {}, "openai/gpt-oss-120b"),
        ({}, {"catalyst_model": "openai/gpt-oss-20b"}, "openai/gpt-oss-20b"),
    ],
)
async def test_input_parameter_that_is_set_or_not_needed_is_no_mistake(variables, properties, model):
    harness = HandlerHarness(make_response(), process=INPUT)
    await harness.handle({"userMessage": "Hi", **variables}, properties)

    assert [payload["model"] for payload in harness.payloads] == [model]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("properties", "variables", "message"),
    [
        ({}, {}, "catalyst_payload: ${userMessage} needs the process variable 'userMessage', which does not exist"),
        ({"catalyst_payload": "{"}, None, "catalyst_payload: is not JSON"),
        ({"catalyst_payload": "a: 1"}, None, "catalyst_payload: has no list of messages"),
        ({"catalyst_payload": "messages: [!!set {a}]"}, None, "catalyst_payload: cannot be written as JSON"),
        ({"catalyst_secretSource": "vault"}, None, "catalyst_secretSource: 'vault' is not a valid value"),
        ({"catalyst_apiKey": "groq_other"}, None, "catalyst_apiKey: the environment variable GROQ_OTHER is not set"),
        ({"catalyst_apiKey": "aws_key"}, None, "catalyst_apiKey: the secret name 'aws_key' is not allowed here"),
        ({"catalyst_responseMapping": '{"a": "["}'}, None, "catalyst_responseMapping: 'a': `[` is not JMESPath"),
        (
            {"catalyst_url": "https://evil.example"},
            None,
            "catalyst_url: 'https://evil.example' is not allowed here, so no",
        ),
        (
            {"catalyst_url": "groq"},
            None,
            "catalyst_url: 'groq' is not a plain http(s) URL such as https://api.groq.com",
        ),
        ({"catalyst_timeout": "${userMessage}"}, None, "catalyst_timeout: 'Hi' is not a number of seconds above 0"),
        ({"catalyst_operation": "sing"}, None, "catalyst_operation: 'sing' is not an operation of this worker. Write"),
        (
            {"catalyst_whenTooLong": "shrink"},
            None,
            "catalyst_whenTooLong: 'shrink' is not a valid value. It must be one of fail, dropTurns",
        ),
    ],
)
async def test_wrong_field_is_an_incident_and_sends_nothing(properties, variables, message):
    harness = HandlerHarness(process=CATCHING_TASK)
    outcome = await harness.handle(variables, properties, retries=2)
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith(message)
    assert not harness.groq.requests


@pytest.mark.parametrize("name", ["catalyst_meta", "${userMessage}"])
async def test_conversation_must_have_a_variable_of_its_own(name):
    outcome = await HandlerHarness().handle({"userMessage": "catalyst_error"}, {"catalyst_conversation": name})
    assert outcome.message.startswith("catalyst_conversation: 'catalyst_")


async def test_details_of_a_wrong_field_contain_the_others():
    outcome = await HandlerHarness().handle(None, {"catalyst_timeout": "soon", "catalyst_retries": "R1/PT0S"})
    assert outcome.details.endswith("catalyst_timeout:\nsoon\n\ncatalyst_retries:\nR1/PT0S")


async def test_unknown_operation_is_named_with_those_that_exist():
    outcome = await HandlerHarness().handle(None, {"catalyst_operation": "sing"})

    assert outcome.message == (
        "catalyst_operation: 'sing' is not an operation of this worker. Write one of chat, transcribe. "
        f"{DEPLOY_AND_MIGRATE}"
    )
    assert outcome.details.endswith("catalyst_operation:\nsing")


async def test_rate_limit_is_waited_for_in_the_task():
    limited = {"error": {"message": "Rate limit reached. Please try again in 10ms."}}
    harness = HandlerHarness(make_response(429, limited), make_response())
    outcome = await harness.handle()
    assert isinstance(outcome, Completion)
    assert outcome.variables["catalyst_meta"]["attemptCount"] == len(harness.groq.requests) == 2


async def test_waiting_ends_at_an_age_of_the_task():
    times = {"createTime": "2026-11-21T10:00:00.000+0000", "lockExpirationTime": "2026-11-21T10:11:00.000+0000"}
    harness = HandlerHarness(make_response(429, RATE_LIMITED), process=CATCHING_TASK)
    outcome = await harness.handle(None, {"catalyst_giveUpAfter": "PT10M"}, **times)
    assert isinstance(outcome, BpmnError)
    assert len(harness.groq.requests) == 1


async def test_transient_failure_leaves_the_retries_to_the_engine():
    lost = NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=0)
    outcome = await HandlerHarness(lost).handle(None, {"catalyst_retries": "R5/PT3S"})
    assert (outcome.retries, outcome.retry_timeout) == (4, timedelta(seconds=3))


async def test_payload_with_a_number_as_a_name_is_sent():
    outcome = await HandlerHarness(REFUSED).handle(
        None, {"catalyst_payload": "1: one\nmessages: [{role: user, content: Hi}]"}
    )
    assert outcome.message.startswith("Groq: 400 no")
    assert '"1": "one"' in outcome.details


@pytest.mark.parametrize(("retries", "left"), [(None, 3), (1, 1)])
async def test_unreachable_engine_uses_no_retry(retries, left):
    outcome = await HandlerHarness(engine_error=EngineUnreachable("away")).handle(retries=retries)
    assert (outcome.message, outcome.retries, outcome.retry_timeout) == ("away", left, timedelta())


async def test_engine_that_hides_the_process_fails_the_attempt():
    outcome = await HandlerHarness(engine_error=EngineRefused(403, "AuthorizationException", "no READ")).handle()
    assert outcome.message == "The engine refused to return data of the process: 403 AuthorizationException: no READ"
    assert (outcome.retries, outcome.retry_timeout) == (2, timedelta(seconds=10))


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyError(KEY), RecursionError()])
async def test_internal_error_fails_the_attempt(error, caplog):
    outcome = await HandlerHarness(error).handle(retries=1)
    assert outcome.message.startswith(f"Internal error of the worker, see its log: {type(error).__name__}")
    assert KEY not in outcome.message
    assert outcome.retries == 0
    assert outcome.details.startswith("Fields that differ from the template's defaults:")
    assert caplog.messages == ["Task task-1: internal error"]


@pytest.mark.slow
@pytest.mark.parametrize("depth", [600, 900, 940, 960, 980, 1000, 2000])
async def test_deeply_nested_response_can_be_reported(depth):
    deep = make_response(200, '{"choices":[' + '{"a":' * depth + "1" + "}" * depth + "]}")
    outcome = await HandlerHarness(deep).handle(None, {"catalyst_responseMapping": "all: '@'"})
    assert json.dumps(Encoder().encode_all(outcome.variables))


async def test_cancelled_task_has_no_outcome():
    class SilentClient:
        async def send(self, request):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(HandlerHarness(client=SilentClient()).handle(), 0.02)


@pytest.mark.parametrize("response", [DENIED, make_response(403, "")])
async def test_details_of_a_failure_contain_no_part_of_a_key(response):
    outcome = await HandlerHarness(response).handle({"userMessage": f"{'x' * 1990}{KEY}"})
    assert isinstance(outcome, Failure)
    assert f'"content": "{"x" * 1990}***"' in outcome.details
    assert "gsk_" not in outcome.details


ECHO = {"model": KEY, "choices": [{"message": {"content": f"your key is {KEY}"}}], KEY: [KEY]}


@pytest.mark.parametrize("source", ["env", "variable"])
@pytest.mark.parametrize(
    ("response", "process", "kind"),
    [
        (make_response(200, ECHO, x_request_id=KEY), PLAIN_TASK, Completion),
        (DENIED, CATCHING_TASK, BpmnError),
        (DENIED, PLAIN_TASK, Failure),
        (NoResponse(NoResponseReason.INVALID_RESPONSE, KEY, sent=True, seconds=0), PLAIN_TASK, Failure),
        (ValueError(KEY), PLAIN_TASK, Failure),
    ],
)
async def test_key_is_masked_in_every_outcome(response, process, kind, source):
    properties = {"catalyst_responseMapping": "{'all': '@', 'text': 'choices[0].message.content'}".replace("'", '"')}
    if source == "variable":
        properties |= {"catalyst_secretSource": "variable", "catalyst_apiKey": KEY}
    outcome = await HandlerHarness(response, process=process).handle(None, properties)
    assert isinstance(outcome, kind)
    assert KEY not in repr(outcome)
    assert "***" in repr(outcome)


OWN_KEY = "key-1-of-this-process"
OWN = {"catalyst_secretSource": "variable", "catalyst_apiKey": "myKey"}


@pytest.mark.parametrize(
    "properties",
    [
        {**OWN, "catalyst_timeout": OWN_KEY},
        {**OWN, "catalyst_url": f"http://host/{OWN_KEY}"},
        {**OWN, "catalyst_payload": f'{{"messages": {OWN_KEY}'},
        {"catalyst_secretSource": "variable", "catalyst_apiKey": OWN_KEY, "catalyst_retries": OWN_KEY},
        {"catalyst_secretSource": "variable", "catalyst_apiKey": "${keys[0]}", "catalyst_retries": OWN_KEY},
    ],
)
async def test_key_of_a_task_is_masked_in_its_refused_fields(properties):
    outcome = await HandlerHarness().handle({"userMessage": "a", "myKey": OWN_KEY, "keys": [OWN_KEY]}, properties)
    assert isinstance(outcome, Failure)
    assert "***" in outcome.details + outcome.message
    assert OWN_KEY not in repr(outcome)


async def test_key_of_a_task_is_masked_in_an_internal_error_and_its_log_record(caplog):
    harness = HandlerHarness(ValueError(OWN_KEY))
    outcome = await harness.handle({"userMessage": "a", "myKey": OWN_KEY}, OWN)
    assert outcome.message == "Internal error of the worker, see its log: ValueError: ***"
    [record] = caplog.records
    assert record.redactor.mask(OWN_KEY) == "***"
    assert harness.handler.secrets.redactor.mask(OWN_KEY) == OWN_KEY


@pytest.mark.parametrize("properties", [{}, OWN])
async def test_message_that_is_shortened_contains_no_part_of_a_key(properties):
    key = OWN_KEY if properties else KEY
    outcome = await HandlerHarness().handle(
        {"userMessage": "a", "myKey": OWN_KEY}, {**properties, "catalyst_timeout": f"{'x' * 360}{key}{'y' * 99}"}
    )
    assert "***" in outcome.message
    assert key[:5] not in outcome.message


async def test_user_info_in_a_tasks_url_is_not_shown():
    outcome = await HandlerHarness().handle({"userMessage": "a"}, {"catalyst_url": "https://me:s3cret@host/v1"})
    assert outcome.message.startswith("catalyst_url: 'https://***@host/v1' is not a plain http(s) URL")
    assert "s3cret" not in outcome.details


async def test_key_of_a_task_is_no_word_of_other_answers():
    """The response itself comes from a client that masks nothing: only the outcome does."""
    harness = HandlerHarness(make_response(200, {"choices": [{"message": {"content": f"not {OWN_KEY}"}}]}))
    own = await harness.handle({"userMessage": "a", "myKey": OWN_KEY}, OWN)
    other = await harness.handle({"userMessage": "a"})
    assert (own.variables["aiReply"], other.variables["aiReply"]) == ("not ***", f"not {OWN_KEY}")


async def test_outcome_that_cannot_be_masked_fails_the_attempt_without_content(monkeypatch, caplog):
    def raise_error(*_):
        raise RecursionError(KEY)

    monkeypatch.setattr(handler, "redact_outcome", raise_error)
    outcome = await HandlerHarness().handle({"userMessage": "Hi"}, retries=2)
    assert outcome == Failure(
        "Internal error of the worker: the outcome cannot be masked (RecursionError)",
        retries=1,
        retry_timeout=outcome.retry_timeout,
    )
    assert KEY not in caplog.text


async def test_incident_without_its_fields_keeps_its_message(monkeypatch, caplog):
    """What goes wrong while the fields are described is the worker's own error, and only costs the details."""

    def raise_error(*_, **__):
        raise RecursionError(KEY)

    monkeypatch.setattr(ErrorDetails, "describe_fields", raise_error)
    outcome = await HandlerHarness().handle({"userMessage": "a"}, {"catalyst_timeout": "soon"})
    assert outcome.message.startswith("catalyst_timeout: ")
    assert not outcome.details
    assert "its fields cannot be described: internal error (RecursionError)" in caplog.text
    assert KEY not in caplog.text
