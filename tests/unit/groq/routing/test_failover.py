"""The order of routes, retired models, and what is learned from results."""

import time

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint, Route
from catalyst_groq.groq.routing.failover import RoutePlan, RoutingState
from catalyst_groq.groq.routing.paused_accounts import REFUSALS_UNTIL_PAUSE
from catalyst_groq.groq.routing.retired_models import RetiredModels
from support.factories import make_response

OLD, NEW, OTHER = "llama-3.3-70b-versatile", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"
GONE = ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), f"404 The model `{OLD}` does not exist.", 404)
BUSY = ApiError(ErrorKind.TRANSIENT, ("503",), "503 over capacity", 503)
DENIED = classify(make_response(401, {"error": {"message": "Invalid API Key"}}))
SPENT = classify(make_response(400, {"error": {"message": "no", "code": "spend_limit_reached"}}))
REDIRECTED = classify(make_response(302, "", location="https://portal.test"))
LIMITED = classify(make_response(429, {"error": {"message": "Try again in 2s."}}))


@pytest.fixture
def state():
    return RoutingState(RetiredModels(shipped_catalog()))


def endpoint(name):
    return Endpoint(name, Account(f"http://{name}", "key"))


def tried(state, model, *fallback_models, at=("a",), errors=None):
    """The models that are tried, with the endpoint where there are several, when `errors` come back."""
    endpoints, models = [endpoint(name) for name in at], []
    for routes in RoutePlan(state, endpoints, model, fallback_models):
        for route in routes:
            models.append(str(route) if len(at) > 1 else route.model)
            state.record(route, make_response(), (errors or {}).get(route.model), is_only=len(at) == 1)
    return models


def test_plan_replaces_a_retired_model_before_fallbacks(state):
    assert tried(state, OLD, OTHER, errors={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_plan_does_not_replace_a_model_that_is_busy(state):
    assert tried(state, OLD, OTHER, errors={OLD: BUSY}) == [OLD, OTHER]


def test_plan_tries_each_endpoint_before_the_next_model(state):
    assert tried(state, "m", "n", at=("a", "b")) == ["m at a", "m at b", "n at a", "n at b"]


def test_plan_tries_no_model_twice(state):
    assert tried(state, OLD, NEW, OLD, OTHER, OTHER, errors={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_retired_model_is_skipped_for_an_hour_per_account(state, monkeypatch, caplog):
    tried(state, OLD, errors={OLD: GONE})

    assert tried(state, OLD) == [NEW]
    assert tried(state, OLD, at=("b",)) == [OLD]
    [message] = caplog.messages
    assert message == (
        f"Model retired or unavailable: 404 The model `{OLD}` does not exist: {NEW} replaces it for one hour. "
        "Replace it in the processes"
    )
    later = time.monotonic() + 3601
    monkeypatch.setattr("catalyst_groq.groq.routing.retired_models.time.monotonic", lambda: later)
    assert tried(state, OLD) == [OLD]


def test_retired_model_without_replacement_is_tried_again(state):
    assert tried(state, "mine", errors={"mine": GONE}) == ["mine"]
    assert tried(state, "mine") == ["mine"]


@pytest.mark.parametrize(
    ("error", "is_only", "opens"), [(REDIRECTED, False, True), (REDIRECTED, True, False), (LIMITED, False, False)]
)
def test_redirect_opens_the_circuit_where_there_is_another(state, error, is_only, opens):
    route = Route(endpoint("a"), "m")
    state.record(route, make_response(), error, is_only=is_only)
    assert (state.circuit_breakers.check(route) is not None) is opens


@pytest.mark.parametrize("error", [DENIED, SPENT], ids=lambda error: error.kind.name)
def test_refused_account_is_an_obstacle_for_every_model(state, error):
    for _ in range(REFUSALS_UNTIL_PAUSE):
        state.record(Route(endpoint("a"), "m"), make_response(error.status, ""), error, is_only=True)
    obstacle = state.obstacle(Route(endpoint("a"), "n"))
    assert (obstacle.error.kind, obstacle.reason) == (error.kind, "account paused")
    assert state.obstacle(Route(endpoint("b"), "m")) is None


def test_timeouts_that_tasks_chose_open_no_circuit(state):
    route, lost = Route(endpoint("a"), "m"), NoResponse(NoResponseReason.TIMEOUT, "late", sent=True, seconds=0.2)
    for _ in range(20):
        state.record(route, lost, classify(lost), is_only=True, timeout=0.2)
    assert state.obstacle(route) is None


def test_request_that_was_held_back_teaches_nothing():
    breakers: CircuitBreakers[Route] = CircuitBreakers(threshold=1, reset_timeout=0)
    route = Route(endpoint("a"), "m")
    state = RoutingState(RetiredModels(shipped_catalog()), breakers)
    breakers.record_failure(route, BUSY)
    assert breakers.check(route) is None, "the probe is due"
    spent = NoResponse(NoResponseReason.BUDGET_EXHAUSTED, "spent", sent=False, seconds=0)
    state.record(route, spent, classify(spent), is_only=True)
    assert breakers.check(route) is None, "it is due again"
