"""What is wrong with a JSON schema, or with a value, in a text of bounded length."""

import pytest

from catalyst_groq.groq.api.json_schema import find_mismatch, schema_problem


@pytest.mark.parametrize(
    "problem",
    [
        schema_problem({"type": "x" * 400}),
        schema_problem({"pattern": "(" + "x" * 400}),
        find_mismatch("x" * 400, {"maxLength": 1}),
    ],
)
def test_problem_that_is_cut_ends_with_an_ellipsis(problem):
    assert len(problem) == 301
    assert problem.endswith("…")


def test_reference_that_is_cut_ends_with_an_ellipsis():
    problem = schema_problem({"$ref": "#/" + "x" * 400})

    assert problem == f"its $ref '#/{'x' * 78}…' leads to nothing within the schema"
