"""Tasks whose fields the worker cannot read: each is a finding of its own, and the other tasks are checked."""

import pytest

from support.lint_diagrams import lint, task_with

OTHER_TASK = task_with({"catalyst_retries": "3"}).replace('"Ask"', '"Other"').replace('"Failed"', '"OtherFailed"')
FIELD = '<x:field xmlns:x="http://example.org/x" name="catalyst_payload"/>'
INPUT = '<x:inputOutput xmlns:x="http://example.org/x"><x:inputParameter name="catalyst_payload"/></x:inputOutput>'


@pytest.mark.parametrize(("extensions", "problem"), [(FIELD, "in the namespace"), (INPUT, "the input parameter")])
def test_task_with_unreadable_fields_is_named_and_others_are_checked(extensions, problem):
    found = lint(task_with({}, extensions=extensions) + OTHER_TASK)

    assert [(finding.element_id, finding.rule_id) for finding in found] == [
        ("Ask", "unreadable-diagram"),
        ("Other", "invalid-retries"),
    ]
    assert problem in found[0].problem


def test_field_that_the_engine_computes_is_readable():
    computed = '<camunda:inputParameter name="catalyst_timeout">${seconds}</camunda:inputParameter>'
    found = lint(task_with({}, extensions=f"<camunda:inputOutput>{computed}</camunda:inputOutput>"))

    assert [finding.rule_id for finding in found] == ["placeholder-for-engine"]
