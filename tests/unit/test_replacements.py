"""Which models are asked, in which order."""

import pytest

from worker.groq import replacements
from worker.groq.errors import Problem, Refusal
from worker.groq.models import known_models
from worker.groq.replacements import Replacements, Succession

OLD, NEW, OTHER = "llama-3.3-70b-versatile", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"
GONE = Refusal(Problem.MODEL_GONE, ("model_not_found",), f"404 The model `{OLD}` does not exist.", 404)
BUSY = Refusal(Problem.TRANSIENT, ("503",), "503 over capacity", 503)


@pytest.fixture
def models():
    return Replacements(known_models())


def asked(models, model, *fallbacks, account="a", says=None):
    """The models asked when each of `says` refuses."""
    found = []
    succession = Succession(models, account, model, fallbacks)
    for name in succession:
        found.append(name)
        succession.note(name, (says or {}).get(name))
    return found


def test_a_model_that_is_gone_is_followed_by_its_replacement_and_the_fallbacks(models):
    assert asked(models, OLD, OTHER, says={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_a_model_that_is_only_busy_is_followed_by_the_fallbacks(models):
    assert asked(models, OLD, OTHER, says={OLD: BUSY}) == [OLD, OTHER]


def test_a_model_that_is_gone_is_remembered_for_an_hour_for_that_account(models, monkeypatch, caplog):
    asked(models, OLD, says={OLD: GONE})

    assert asked(models, OLD) == [NEW]
    assert asked(models, OLD, account="b") == [OLD]
    assert caplog.messages == [
        f"{GONE.message} {NEW} takes its place for an hour. Name another model in the processes".replace(
            "exist.", "exist:"
        )
    ]
    later = replacements.time.monotonic() + 3601
    monkeypatch.setattr(replacements.time, "monotonic", lambda: later)
    assert asked(models, OLD) == [OLD]


def test_no_model_is_asked_twice(models):
    assert asked(models, OLD, NEW, OLD, OTHER, OTHER, says={OLD: GONE, NEW: BUSY}) == [OLD, NEW, OTHER]


def test_a_model_that_is_gone_and_has_no_replacement_is_asked_again(models):
    assert asked(models, "mine", says={"mine": GONE}) == ["mine"]
    assert asked(models, "mine") == ["mine"]
