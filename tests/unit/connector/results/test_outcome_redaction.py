"""What is searched for keys in an outcome, and what is left of it."""

from dataclasses import replace

import pytest

from catalyst_groq.connector.results.outcome_redaction import redact_outcome, texts_of
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import TypedValue
from support.factories import make_attempt_record, make_call_record


def test_size_of_an_outcome_is_that_of_its_values_and_details():
    assert texts_of(Completion({"a": TypedValue("Json", "[1]"), "b": "text"})) == ["a", "b", "[1]", "text"]
    failure = Failure("message", "details", variables={"a": 1}, problem="problem")
    assert texts_of(failure) == ["a", 1, "message", "problem", "details"]


KEY = "the-key-of-a-task"


def test_redaction_masks_the_problem_and_the_remedy():
    failure = redact_outcome(Failure("m", problem=f"p {KEY}"), Redactor([KEY]))
    error = redact_outcome(BpmnError("X", "m", remedy=f"r {KEY}"), Redactor([KEY]))

    assert (failure.problem, error.remedy) == ("p ***", "r ***")


@pytest.mark.parametrize("outcome", [Completion({}), BpmnError("X", "m"), Failure("m")])
def test_redaction_masks_what_a_process_has_named_in_the_call(outcome):
    call = make_call_record(make_attempt_record(KEY), make_attempt_record("m"), request_id=KEY)
    redacted = redact_outcome(replace(outcome, call=call), Redactor([KEY])).call

    assert (redacted.model_asked, redacted.model_used, redacted.request_id) == ("***", "m", "***")
    assert [attempt.model for attempt in redacted.attempts] == ["***", "m"]


def test_redaction_returns_an_outcome_without_keys_itself():
    outcome = Completion({"a": "b"}, call=make_call_record())
    assert redact_outcome(outcome, Redactor([KEY])) is outcome
