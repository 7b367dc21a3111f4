"""The outcome of a task, from the result of its call."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.results.diagram_remedies import THEN_RETRY, remedy_for_kind
from catalyst_groq.connector.results.outcome_mapping import error_message, standard_variables, to_outcome
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION
from catalyst_groq.groq.api.remedies import remedy_for
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import RATE_LIMITED, REPLY, make_call_result, make_definition, make_response, make_task
from support.inline_executor import InlineExecutor

BUSY = make_response(503, {"error": {"message": "The model is over capacity."}}, x_request_id="req_9")
LIMITED = make_response(429, RATE_LIMITED)
DENIED = make_response(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}})
LOST = NoResponse(NoResponseReason.CONNECTION_RESET, "Server disconnected", sent=True, seconds=0.2)


READER = TaskRequestReader(shipped_catalog())


def read_request(**fields):
    properties = {f"catalyst_{name}": text for name, text in fields.items()}
    return READER.read(READER.read_fields(make_task({"userMessage": "Hi"}, properties), make_definition()))


def outcome_of(response, retries=None, *, fields=None, **result):
    payload = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}]}
    request, called = read_request(**fields or {}), make_call_result(response, **result)
    return asyncio.run(to_outcome(request, called, retries, payload, InlineExecutor()))


def test_completion_has_mapped_and_standard_variables():
    response = make_response(x_request_id="ignored")
    outcome = outcome_of(response, attempts=2, seconds=1.2345, waited=0.5)
    assert isinstance(outcome, Completion)
    variables = dict(outcome.variables)
    meta = variables.pop("catalyst_meta")
    assert variables == {
        "aiReply": "Hello Ada",
        "modelUsed": "openai/gpt-oss-120b",
        "promptTokens": 18,
        "completionTokens": 5,
        "finishReason": "stop",
        "catalyst_responseBody": response.text,
        "catalyst_statusCode": 200,
        "catalyst_success": True,
        "catalyst_error": "",
    }
    assert (
        meta.items()
        >= {
            "modelAsked": "openai/gpt-oss-120b",
            "modelUsed": "openai/gpt-oss-120b",
            "promptTokens": 18,
            "completionTokens": 5,
            "costUsd": 5.7e-06,
            "finishReason": "stop",
            "requestId": "req_1",
            "attemptCount": 2,
            "waitedMs": 500,
            "totalMs": 1234,
        }.items()
    )


STANDARD = {f"catalyst_{name}" for name in ("responseBody", "statusCode", "success", "error", "meta")}
ON_FAILURE = {"standardVariables": "onFailure", "responseMapping": '{"reply": "choices[0].message.content"}'}


@pytest.mark.parametrize("written", ["onFailure", " onFailure\n", "${'onFailure'}"])
def test_standard_variables_of_a_success_are_unsent(written):
    outcome = outcome_of(make_response(), fields=ON_FAILURE | {"standardVariables": written})

    assert outcome.sent == {"reply": "Hello Ada"}
    assert outcome.unsent == STANDARD
    assert outcome.variables["catalyst_meta"]["unmapped"] == []


@pytest.mark.parametrize("fields", [{}, {"standardVariables": "always"}, {"standardVariables": ""}])
def test_standard_variables_are_sent_by_default(fields):
    assert set(outcome_of(make_response(), fields=fields).sent) >= STANDARD


@pytest.mark.parametrize("response", [BUSY, DENIED, LIMITED, LOST])
@pytest.mark.parametrize("retries", [None, 1])
def test_standard_variables_are_sent_with_every_error(response, retries):
    outcome = outcome_of(response, retries, fields=ON_FAILURE)

    assert isinstance(outcome, BpmnError | Failure)
    assert set(outcome.variables) == STANDARD


def test_standard_variables_are_sent_if_the_mapping_fails():
    outcome = outcome_of(make_response(), fields=ON_FAILURE | {"responseMapping": '{"n!": "nothing"}'})

    assert isinstance(outcome, Failure)
    assert set(outcome.variables) == STANDARD


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*REPLY, "error"], json_values)))
def test_completion_with_any_other_content_of_a_response(body):
    outcome = outcome_of(make_response(body={**body, "choices": [body], "error": None}))
    if isinstance(outcome, Failure):
        assert "is a text, which has no parts" in outcome.message
    else:
        assert isinstance(outcome, Completion)


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": []}, {"error": {"message": "boo"}}])
def test_success_without_a_result_is_retried(body):
    outcome = outcome_of(make_response(body=body))
    assert isinstance(outcome, Failure)
    assert outcome.retries == 2


def test_mapping_that_fails_shows_the_response():
    outcome = outcome_of(make_response(), fields={"responseMapping": '{"n": "length(usage.total_tokens)"}'})
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith("catalyst_responseMapping: 'n': `length(usage.total_tokens)` cannot be evaluated")
    assert outcome.variables["catalyst_responseBody"] == make_response().text


@pytest.mark.parametrize(
    ("response", "status", "error", "body"),
    [
        (BUSY, 503, "503 The model is over capacity.", BUSY.text),
        (make_response(502, ""), 502, "502 an empty response", ""),
        (LOST, None, "connection reset: Server disconnected", ""),
    ],
)
def test_standard_variables_of_a_failure(response, status, error, body):
    variables = standard_variables(make_call_result(response), "asked")
    meta = variables.pop("catalyst_meta")
    assert variables == {
        "catalyst_responseBody": body,
        "catalyst_statusCode": status,
        "catalyst_success": False,
        "catalyst_error": error,
    }
    assert (meta["modelAsked"], meta["modelUsed"], meta["promptTokens"]) == ("asked", None, None)


def test_transient_failure_is_retried_until_none_is_left():
    lefts, retries = [], None
    while retries != 0:
        outcome = outcome_of(BUSY, retries)
        retries = outcome.retries
        lefts.append((retries, outcome.retry_timeout.total_seconds()))
    assert lefts == [(2, 10), (1, 10), (0, 0)]


def test_bpmn_error_of_a_transient_failure_follows_the_retries():
    mapping = {"errorMapping": "503: DOWN\nnetwork: OFFLINE"}
    assert isinstance(outcome_of(BUSY, 2, fields=mapping), Failure)
    last = outcome_of(BUSY, 1, fields=mapping)
    assert isinstance(last, BpmnError)
    assert (last.code, last.variables["catalyst_statusCode"]) == ("DOWN", 503)
    assert outcome_of(LOST, 1, fields=mapping).code == "OFFLINE"


def test_bpmn_error_of_a_final_error_is_thrown_at_once():
    outcome = outcome_of(DENIED)
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "AUTH_FAILED"
    assert outcome.message.startswith("Groq: 401 Invalid API Key. Check the key")
    assert "retries" not in outcome.message
    assert outcome.remedy.startswith("Check the key")
    assert outcome.variables["catalyst_error"] == "401 Invalid API Key"


def test_final_error_that_is_not_mapped_is_an_incident():
    outcome = outcome_of(make_response(403, ""), 3)
    assert isinstance(outcome, Failure)
    assert (outcome.retries, outcome.retry_timeout) == (0, timedelta())
    assert outcome.variables["catalyst_statusCode"] == 403


@pytest.mark.parametrize(("retries", "left"), [(None, 3), (3, 3), (1, 1)])
def test_long_wait_is_left_to_the_engine_and_uses_no_retry(retries, left):
    outcome = outcome_of(LIMITED, retries, wait_more=414.72)
    assert isinstance(outcome, Failure)
    assert outcome.retries == left
    assert outcome.retry_timeout == timedelta(seconds=414.72)
    assert outcome.is_wait
    assert outcome.message.endswith(
        "Please try again in 2s. The task waits, next attempt in 6 min 55 s, retries unchanged."
    )
    assert not outcome_of(BUSY).is_wait


@pytest.mark.parametrize("retries", [None, 1, 5])
def test_rate_limit_beyond_the_deadline_is_a_bpmn_error(retries):
    outcome = outcome_of(LIMITED, retries, waited=900)
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "RATE_LIMITED"


@given(kind_name=st.sampled_from([kind.name for kind in ERROR_KINDS]), text=st.text() | st.just("x" * 5000))
def test_message_has_cause_and_remedy_within_666_characters(kind_name, text):
    kind = next(kind for kind in ERROR_KINDS if kind.name == kind_name)
    error = ApiError(kind, ("400",), f"400 {text}", 400)
    for server, operation in product(("Groq", "gateway.test"), (CHAT_COMPLETION, TRANSCRIPTION)):
        message = error_message(server, error, operation)
        assert len(message) <= 666
        assert message.startswith(f"{server}: 400 ")
        assert message.removesuffix(f" {THEN_RETRY}").endswith(remedy_for(kind, operation, is_groq=server == "Groq"))


@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("server", ["Groq", "gateway.test"])
def test_message_of_an_incident_says_how_the_task_goes_on(kind, server):
    message = error_message(server, ApiError(kind, ("400",), "no", 400), CHAT_COMPLETION)
    sentence = remedy_for_kind(kind, CHAT_COMPLETION)

    assert re.search(r"[Rr]aise the (?:task's )?retries", message) or "raise its retries" in sentence


def test_message_of_groq_that_is_short_is_quoted_in_full():
    assert outcome_of(DENIED, fields={"errorMapping": "{}"}).message == (
        "Groq: 401 Invalid API Key. Check the key at console.groq.com and where the Secret Source field takes it from. "
        "Then raise the task's retries."
    )
    assert outcome_of(BUSY).message == "Groq: 503 The model is over capacity. Retrying in 10 s."
    assert "over capacity. Look" in outcome_of(BUSY, 1).message


def test_message_suggests_the_network_only_for_its_failures():
    unreachable = ApiError(ErrorKind.TRANSIENT, ("network",), "connection refused")
    assert "reaches the URL" in error_message("gateway.test", unreachable, CHAT_COMPLETION)
    unknown = ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), "No endpoint serves the model 'x'")
    assert error_message("", unknown, CHAT_COMPLETION) == (
        "No endpoint serves the model 'x'. Name an available model in the Model field or the Request Payload."
    )


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        (NoResponseReason.RATE_LIMITED_LOCALLY, ErrorKind.RATE_LIMITED, "RATE_LIMITED"),
        (NoResponseReason.EXCEEDS_LIMIT, ErrorKind.TOO_LARGE, None),
    ],
)
def test_request_held_back_is_mapped_like_groqs_refusal(reason, kind, code):
    outcome = outcome_of(NoResponse(reason, "Limit 8000, Requested 9000", sent=False, seconds=0), attempts=0)

    message = f"Groq: {reason}: Limit 8000, Requested 9000."
    assert outcome.message == (message if code else f"{message} {kind.remedy} {IF_IN_DIAGRAM}")
    assert getattr(outcome, "code", None) == code


@pytest.mark.parametrize(
    ("response", "blame"),
    [
        (make_response(), None),
        (make_response(400, {"error": {"message": "unknown max_token"}}), "request"),
        (make_response(400, {"error": {"message": "x", "code": "tool_use_failed"}}), "model"),
        (make_response(404, {"error": {"message": "x", "code": "model_not_found"}}), "request"),
        (make_response(413, ""), "request"),
        (make_response(429, RATE_LIMITED), "limit"),
        (NoResponse(NoResponseReason.BUDGET_EXHAUSTED, "0.01 USD", sent=False, seconds=0), "limit"),
        (DENIED, "account"),
        (make_response(402, ""), "account"),
        (make_response(403, ""), "account"),
        (BUSY, "server"),
        (LOST, "server"),
        (make_response(302, ""), "server"),
    ],
)
def test_blame_names_what_an_error_is_due_to(response, blame):
    assert outcome_of(response, 1).variables["catalyst_meta"]["blame"] == blame


def test_unmapped_variables_are_listed():
    fields = {"responseMapping": '{"reply": "choices[0].message.content", "total": "choices[0].total"}'}
    variables = outcome_of(make_response(), fields=fields).variables
    assert (variables["reply"], variables["total"]) == ("Hello Ada", None)
    assert variables["catalyst_meta"]["unmapped"] == ["total"]
    assert outcome_of(make_response()).variables["catalyst_meta"]["unmapped"] == []


def test_unmapped_variables_of_the_default_mapping_are_none():
    """The template's mapping names what only some answers have, such as the tokens used."""
    without_usage = {name: value for name, value in REPLY.items() if name != "usage"}
    variables = outcome_of(make_response(200, without_usage)).variables
    assert variables["promptTokens"] is None
    assert variables["catalyst_meta"]["unmapped"] == []


def test_warnings_about_fields_are_in_every_outcome():
    fields = {"payload": '{"messages": [{"role": "user", "content": "{{x}}"}]}', "responseMapping": '{"a": "id.b"}'}
    warnings = ["catalyst_payload: `{{x}}` is sent as it is, because it is no placeholder here"]
    for response in (make_response(), BUSY, DENIED):
        assert outcome_of(response, fields=fields).variables["catalyst_meta"]["warnings"] == warnings


def test_cost_includes_replayed_responses():
    result = make_call_result(make_response(503, ""), replayed_cost=Decimal("0.25"))
    assert standard_variables(result, "m")["catalyst_meta"]["costUsd"] == 0.25


def test_refused_key_that_the_process_handles_is_a_bpmn_error_also_while_its_account_is_paused():
    assert isinstance(outcome_of(DENIED, wait_more=30), BpmnError)


@pytest.mark.parametrize(("retries", "left"), [(None, 3), (1, 1)])
def test_refused_key_without_a_bpmn_error_is_left_to_the_engine(retries, left):
    outcome = outcome_of(DENIED, retries, fields={"errorMapping": "{}"}, wait_more=30)
    assert (outcome.retries, outcome.retry_timeout) == (left, timedelta(seconds=30))
    assert outcome.message == "Groq: 401 Invalid API Key. The task waits, next attempt in 30 s, retries unchanged."
    assert outcome_of(DENIED, retries, fields={"errorMapping": "{}"}).retries == 0
