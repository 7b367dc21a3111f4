"""The check of the documents' English: terms of Camunda and of plain English, in prose but not in code."""

import pytest
from prose import find_objections


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("First.\n\nSet max retries.", (3, "'max retries'. Write retries.")),
        ("The Camunda modeler opens it.", (1, "'Camunda modeler'. Write Camunda Modeler.")),
        ("A key, e.g. yours.", (1, "'e.g.'. Write for example, that is, and so on.")),
    ],
)
def test_prose_with_another_term_is_refused(text, problem):
    assert problem in list(find_objections(text))


@pytest.mark.parametrize(
    "text",
    [
        "`max retries`",
        "```\nmax retries\n```",
        "[x](../bpmn/a.bpmn)",
        "groq-example.bpmn",
        "The Camunda Modeler",
        "amended",
    ],
)
def test_prose_check_leaves_out_code_and_other_words(text):
    assert list(find_objections(text)) == []
