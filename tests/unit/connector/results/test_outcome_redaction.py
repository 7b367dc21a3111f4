"""What is searched for keys in an outcome."""

from catalyst_groq.connector.results.outcome_redaction import texts_of
from catalyst_groq.domain.outcomes import Completion, Failure
from catalyst_groq.domain.variables import TypedValue


def test_size_of_an_outcome_is_that_of_its_values_and_details():
    assert texts_of(Completion({"a": TypedValue("Json", "[1]"), "b": "text"})) == ["[1]", "text"]
    assert texts_of(Failure("message", "details", variables={"a": 1})) == [1, "details"]
