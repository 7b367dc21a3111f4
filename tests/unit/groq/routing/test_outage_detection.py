"""What one result says about its endpoint, and what counts for its task alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, TIMEOUT
from catalyst_groq.groq.api import client
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.outage_detection import (
    CONNECT_TIMEOUT_SECONDS,
    DEFAULT_TIMEOUT_SECONDS,
    Finding,
    judge_result,
)
from support.factories import make_response


def no_response(reason):
    return NoResponse(reason, "nothing", sent=True, seconds=1)


def refusal(status, code=""):
    return make_response(status, {"error": {"message": "no", "code": code}})


REASON = NoResponseReason
CASES = {
    "answered": (make_response(), 60, Finding.AVAILABLE),
    "503": (make_response(503, ""), 0.2, Finding.FAILURE),
    "captive portal": (make_response(200, "<html>"), 60, Finding.FAILURE),
    "JSON nested too deeply": (make_response(200, "[" * 2000 + "]" * 2000), 60, Finding.AVAILABLE),
    "connection refused": (no_response(REASON.CONNECTION_REFUSED), 0.2, Finding.FAILURE),
    "host not found": (no_response(REASON.DNS_FAILURE), 0.2, Finding.FAILURE),
    "TLS failed": (no_response(REASON.TLS_FAILURE), 0.2, Finding.FAILURE),
    "timeout of the default": (no_response(REASON.TIMEOUT), 60, Finding.FAILURE),
    "timeout that the task chose": (no_response(REASON.TIMEOUT), 59, Finding.NOTHING),
    "connection timeout": (no_response(REASON.CONNECT_TIMEOUT), 10, Finding.FAILURE),
    "connection timeout that the task chose": (no_response(REASON.CONNECT_TIMEOUT), 9, Finding.NOTHING),
    "huge payload, cut by a gateway": (no_response(REASON.CONNECTION_RESET), 60, Finding.NOTHING),
    "held back by the limiter": (no_response(REASON.RATE_LIMITED_LOCALLY), 60, Finding.NOTHING),
    "held back by a budget": (no_response(REASON.BUDGET_EXHAUSTED), 60, Finding.NOTHING),
    "bad model": (refusal(404, "model_not_found"), 60, Finding.AVAILABLE),
    "bad request": (refusal(400), 60, Finding.AVAILABLE),
    "flex tier of the task": (refusal(498, "capacity_exceeded"), 60, Finding.AVAILABLE),
    "403 of a gateway": (make_response(403, "Forbidden"), 60, Finding.AVAILABLE),
    "path that one operation lacks": (refusal(404, "unknown_url"), 60, Finding.AVAILABLE),
    "rate limit": (refusal(429), 60, Finding.AVAILABLE),
    "refused key": (refusal(401, "invalid_api_key"), 60, Finding.REFUSED_ACCOUNT),
    "refused key, without a code": (make_response(401, ""), 60, Finding.REFUSED_ACCOUNT),
    "refused key with 403": (refusal(403, "invalid_api_key"), 60, Finding.REFUSED_ACCOUNT),
    "restricted organization": (refusal(400, "organization_restricted"), 60, Finding.REFUSED_ACCOUNT),
    "no credit": (refusal(402), 60, Finding.REFUSED_ACCOUNT),
    "spend limit": (refusal(400, "spend_limit_reached"), 60, Finding.REFUSED_ACCOUNT),
    "redirect": (make_response(302, "", location="https://portal.test"), 60, Finding.REDIRECTED),
}


@pytest.mark.parametrize(("response", "timeout", "finding"), CASES.values(), ids=CASES)
def test_result_is_judged(response, timeout, finding):
    assert judge_result(response, classify(response), timeout) is finding


def test_default_timeouts_are_those_of_template_and_client():
    assert float(CHAT_DEFAULTS[TIMEOUT]) == DEFAULT_TIMEOUT_SECONDS
    assert client.CONNECT_TIMEOUT_SECONDS == CONNECT_TIMEOUT_SECONDS


@given(st.sampled_from([REASON.TIMEOUT, REASON.CONNECT_TIMEOUT]), st.floats(0, 9.9))
def test_short_timeout_is_never_a_failure_of_the_endpoint(reason, timeout):
    response = no_response(reason)
    assert judge_result(response, classify(response), timeout) is Finding.NOTHING


@given(st.integers(400, 499))
def test_client_error_is_never_a_failure_of_the_endpoint(status):
    response = refusal(status)
    assert judge_result(response, classify(response), 60) is not Finding.FAILURE
