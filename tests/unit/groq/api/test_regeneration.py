"""Requests that ask a model once more."""

import pytest

from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.regeneration import correction_request, may_regenerate, regeneration_request
from catalyst_groq.groq.api.structured_output import InvalidOutput
from support.factories import make_response


def test_correction_shows_the_response_and_its_problem():
    request = correction_request({"model": "m", "messages": [{"role": "user"}]}, InvalidOutput("at $ no", "[]"))
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    assert request["messages"][1]["content"] == "[]"
    assert "at $ no" in request["messages"][2]["content"]


@pytest.mark.parametrize("problem", ["at $ no", "See 'failed_generation' for more details."])
def test_correction_ends_its_sentences_once(problem):
    request = correction_request({"model": "m", "messages": []}, InvalidOutput(problem, "[]"))
    text = request["messages"][1]["content"]
    assert text.endswith(f"{problem.rstrip('.')}. Answer once more, with that JSON only.")


@pytest.mark.parametrize(
    ("payload", "temperature"),
    [({}, 0.2), ({"temperature": 0.7}, 0.2), ({"temperature": 0.2}, 0.4), ({"temperature": 0}, 0.2)],
)
def test_regeneration_has_another_temperature(payload, temperature):
    assert regeneration_request({"model": "m", **payload}) == {"model": "m", "temperature": temperature}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "tool_use_failed", True),
        (400, "output_parse_failed", True),
        (422, "", True),
        (400, "json_validate_failed", False),
        (400, "", False),
        (429, "rate_limit_exceeded", False),
    ],
)
def test_mistakes_of_the_model_may_be_regenerated(status, code, expected):
    assert may_regenerate(classify(make_response(status, {"error": {"message": "m", "code": code}}))) is expected
