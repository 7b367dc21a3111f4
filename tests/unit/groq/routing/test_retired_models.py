"""Which models are asked, in which order."""

import pytest

from catalyst_groq.groq.api.errors import ApiError, ErrorKind
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.routing import retired_models
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Succession
from support.factories import make_answer

OLD, NEW, OTHER = "llama-3.3-70b-versatile", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"
GONE = ApiError(ErrorKind.MODEL_NOT_FOUND, ("model_not_found",), f"404 The model `{OLD}` does not exist.", 404)
BUSY = ApiError(ErrorKind.TRANSIENT, ("503",), "503 over capacity", 503)


@pytest.fixture
def experience():
    return RoutingState(RetiredModels(known_models()))


def asked(experience, model, *fallbacks, at=("a",), says=None):
    """The models asked, and where, when each of `says` refuses."""
    endpoints = [Endpoint(name, Account(f"http://{name}", "key")) for name in at]
    found = []
    succession = Succession(experience, endpoints, model, fallbacks)
    for routes in succession:
        for route in routes:
            found.append(str(route) if len(at) > 1 else route.model)
            succession.note(route, make_answer(), (says or {}).get(route.model))
    return found


def test_a_model_that_is_gone_is_followed_by_its_replacement_and_the_fallbacks(experience):
    assert asked(experience, OLD, OTHER, says={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_a_model_that_is_only_busy_is_followed_by_the_fallbacks(experience):
    assert asked(experience, OLD, OTHER, says={OLD: BUSY}) == [OLD, OTHER]


def test_a_model_that_is_gone_is_remembered_for_an_hour_for_that_account(experience, monkeypatch, caplog):
    asked(experience, OLD, says={OLD: GONE})

    assert asked(experience, OLD) == [NEW]
    assert asked(experience, OLD, at=("b",)) == [OLD]
    assert caplog.messages == [
        f"{GONE.message} {NEW} takes its place for an hour. Name another model in the processes".replace(
            "exist.", "exist:"
        )
    ]
    later = retired_models.time.monotonic() + 3601
    monkeypatch.setattr(retired_models.time, "monotonic", lambda: later)
    assert asked(experience, OLD) == [OLD]


def test_no_model_is_asked_twice(experience):
    assert asked(experience, OLD, NEW, OLD, OTHER, OTHER, says={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_a_model_that_is_gone_and_has_no_replacement_is_asked_again(experience):
    assert asked(experience, "mine", says={"mine": GONE}) == ["mine"]
    assert asked(experience, "mine") == ["mine"]
