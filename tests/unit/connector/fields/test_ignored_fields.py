"""Fields that have no effect are reported, in the words of lint."""

import pytest

from catalyst_groq.connector.fields.ignored_fields import MAX_IGNORED, find_ignored_fields
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

READER = TaskRequestReader(shipped_catalog())
IGNORED = "there is no such field, so it is ignored"


def warnings_of(properties=None, fields=None, variables=None):
    return READER.read(READER.read_fields(make_task(variables or {}, properties), make_definition(fields))).warnings


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("catalyst_timeOut", "Did you mean catalyst_timeout?"),
        ("Catalyst_Timeout", "Did you mean catalyst_timeout?"),
        ("catalyst-timeout", "Did you mean catalyst_timeout?"),
        ("catalyst_timeout ", "Did you mean catalyst_timeout?"),
        ("catalyst_colour", "Remove it"),
        ("catalystTopic", "Remove it"),
    ],
)
def test_ignored_property_or_field_is_a_warning(name, fix):
    assert warnings_of({name: "9"}) == (f"{name}: {IGNORED}. {fix}",)
    assert warnings_of(fields={name: "9"}) == (f"{name}: {IGNORED}. {fix}",)


def test_ignored_field_of_the_other_operation_is_a_warning():
    problem = "the operation 'chat' has no such field, so it is ignored"

    assert warnings_of({"catalyst_prompt": "Names"}) == (
        f"catalyst_prompt: {problem}. Remove it, or apply the template of the other operation",
    )


def test_ignored_fields_are_reported_where_variables_hold_fields():
    assert warnings_of({"catalyst_timeOut": "9"}, variables={"catalyst_model": "openai/gpt-oss-20b"}) != ()


@pytest.mark.parametrize("name", ["colour", "catalyst_error", "catalyst_meta", "x_catalyst_timeout"])
def test_property_of_another_kind_is_no_ignored_field(name):
    assert warnings_of({name: "9"}) == ()


def test_ignored_fields_are_bounded():
    names = [f"catalyst_{'x' * 10_000}{number}" for number in range(1000)]

    assert len(find_ignored_fields(names, (), ("catalyst_model",), "chat")) == MAX_IGNORED
