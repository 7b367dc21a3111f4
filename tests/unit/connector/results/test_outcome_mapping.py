"""From what came of asking Groq to the task's outcome."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.results.outcome_mapping import REMEDIES, error_message, standard_variables, to_outcome
from catalyst_groq.connector.task_request import read_task_request
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.groq.api.errors import ApiError, ErrorKind
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from support.factories import RATE_LIMITED, REPLY, make_answer, make_definition, make_exchange, make_task

BUSY = make_answer(503, {"error": {"message": "The model is over capacity."}}, x_request_id="req_9")
LIMITED = make_answer(429, RATE_LIMITED)
DENIED = make_answer(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}})
LOST = NoResponse(NoResponseReason.CONNECTION_RESET, "Server disconnected", sent=True, seconds=0.2)


def fields(**written):
    properties = {f"catalyst_{name}": text for name, text in written.items()}
    return read_task_request(RawFields.from_task(make_task({"userMessage": "Hi"}, properties), make_definition()))


def concluded(answer, retries=None, *, written=None, **exchange):
    request = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}]}
    return to_outcome(fields(**written or {}), make_exchange(answer, **exchange), retries, request)


def test_an_answer_completes_the_task_with_mapped_and_standard_variables():
    answer = make_answer(x_request_id="ignored")
    outcome = concluded(answer, attempts=2, seconds=1.2345, waited=0.5)
    assert isinstance(outcome, Completion)
    found = dict(outcome.variables)
    meta = found.pop("catalyst_meta")
    assert found == {
        "aiReply": "Hello Ada",
        "modelUsed": "openai/gpt-oss-120b",
        "promptTokens": 18,
        "completionTokens": 5,
        "finishReason": "stop",
        "catalyst_responseBody": answer.text,
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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*REPLY, "error"], json_values)))
def test_whatever_else_is_in_an_answer_the_task_is_completed(body):
    assert isinstance(concluded(make_answer(body={**body, "choices": [body], "error": None})), Completion)


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": []}, {"error": {"message": "boo"}}])
def test_a_success_without_an_answer_in_it_is_tried_again(body):
    outcome = concluded(make_answer(body=body))
    assert isinstance(outcome, Failure)
    assert outcome.retries == 2


def test_a_mapping_that_fails_on_the_answer_keeps_the_answer_for_the_modeller():
    outcome = concluded(make_answer(), written={"responseMapping": '{"n": "length(usage.total_tokens)"}'})
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith("catalyst_responseMapping: `length(usage.total_tokens)` cannot be evaluated")
    assert outcome.variables["catalyst_responseBody"] == make_answer().text


@pytest.mark.parametrize(
    ("answer", "status", "error", "body"),
    [
        (BUSY, 503, "503 The model is over capacity.", BUSY.text),
        (make_answer(502, ""), 502, "502 an empty answer", ""),
        (LOST, None, "connection lost: Server disconnected", ""),
    ],
)
def test_the_standard_variables_are_set_whatever_came(answer, status, error, body):
    found = standard_variables(make_exchange(answer), "asked")
    meta = found.pop("catalyst_meta")
    assert found == {
        "catalyst_responseBody": body,
        "catalyst_statusCode": status,
        "catalyst_success": False,
        "catalyst_error": error,
    }
    assert (meta["modelAsked"], meta["modelUsed"], meta["promptTokens"]) == ("asked", None, None)


def test_a_passing_fault_is_tried_again_until_the_retries_are_used_up():
    lefts, retries = [], None
    while retries != 0:
        outcome = concluded(BUSY, retries)
        retries = outcome.retries
        lefts.append((retries, outcome.retry_timeout.total_seconds()))
    assert lefts == [(2, 10), (1, 10), (0, 0)]


def test_a_bpmn_error_is_thrown_only_after_the_retries_are_used_up():
    written = {"errorMapping": "503: DOWN\nnetwork: OFFLINE"}
    assert isinstance(concluded(BUSY, 2, written=written), Failure)
    last = concluded(BUSY, 1, written=written)
    assert isinstance(last, BpmnError)
    assert (last.code, last.variables["catalyst_statusCode"]) == ("DOWN", 503)
    assert concluded(LOST, 1, written=written).code == "OFFLINE"


def test_what_cannot_get_better_throws_its_bpmn_error_at_once():
    outcome = concluded(DENIED)
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "AUTH_FAILED"
    assert outcome.message.startswith("Groq: 401 Invalid API Key. Check the key")
    assert outcome.variables["catalyst_error"] == "401 Invalid API Key"


def test_what_cannot_get_better_and_is_not_mapped_is_an_incident_at_once():
    outcome = concluded(make_answer(403, ""), 3)
    assert isinstance(outcome, Failure)
    assert (outcome.retries, outcome.retry_timeout) == (0, timedelta())
    assert outcome.variables["catalyst_statusCode"] == 403


@pytest.mark.parametrize(("retries", "kept"), [(None, 3), (3, 3), (1, 1)])
def test_a_long_wait_is_handed_back_with_retries_untouched(retries, kept):
    outcome = concluded(LIMITED, retries, wait_more=414.72)
    assert isinstance(outcome, Failure)
    assert outcome.retries == kept
    assert outcome.retry_timeout == timedelta(seconds=414.72)
    assert outcome.message.endswith("Please try again in 2s. Asked again by itself in 415 s.")


@pytest.mark.parametrize("retries", [None, 1, 5])
def test_a_limit_that_was_waited_for_in_vain_throws_its_bpmn_error(retries):
    outcome = concluded(LIMITED, retries, waited=900)
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "RATE_LIMITED"


@pytest.mark.parametrize("problem", ErrorKind)
@given(text=st.text())
@example(text="x" * 5000)
def test_a_message_says_the_cause_first_and_the_mend_within_what_the_engine_keeps(problem, text):
    said = error_message(ApiError(problem, ("400",), f"400 {text}"))
    assert len(said) <= 666
    assert said.startswith("Groq: 400 ")
    assert said.endswith(error_message(ApiError(problem, (), "x")).removeprefix("Groq: x. "))


def test_a_short_message_is_quoted_in_full():
    assert concluded(DENIED).message == (
        "Groq: 401 Invalid API Key. Check the key at console.groq.com and where the Secret Source field takes it from."
    )
    assert concluded(BUSY).message == "Groq: 503 The model is over capacity. Asked again by itself in 10 s."
    assert "over capacity. Look" in concluded(BUSY, 1).message


def test_the_network_is_blamed_only_for_what_did_not_come_through_it():
    assert "reaches the URL" in error_message(ApiError(ErrorKind.TRANSIENT, ("network",), "connection refused"))
    assert "living model" in error_message(
        ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), "No endpoint has the model 'x'")
    )


@pytest.mark.parametrize(
    ("loss", "problem", "code"),
    [
        (NoResponseReason.RATE_LIMITED_LOCALLY, ErrorKind.RATE_LIMITED, "RATE_LIMITED"),
        (NoResponseReason.EXCEEDS_LIMIT, ErrorKind.TOO_LARGE, None),
    ],
)
def test_what_the_worker_keeps_back_is_explained_and_mapped_as_if_groq_had_said_it(loss, problem, code):
    outcome = concluded(NoResponse(loss, "Limit 8000, Requested 9000", sent=False, seconds=0), attempts=0)

    assert outcome.message == f"Groq: {loss}: Limit 8000, Requested 9000. {REMEDIES[problem]}"
    assert getattr(outcome, "code", None) == code


def test_what_was_paid_before_a_refusal_is_told():
    exchange = make_exchange(make_answer(503, ""))._replace(spent_before=Decimal("0.25"))
    assert standard_variables(exchange, "m")["catalyst_meta"]["costUsd"] == 0.25
