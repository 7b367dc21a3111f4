"""Misspelt fields are refused, and those that have no effect are reported, in the words of lint."""

from dataclasses import replace

import pytest

from catalyst_groq.connector.fields.ignored_fields import MAX_IGNORED, find_ignored_fields
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

READER = TaskRequestReader(shipped_catalog())
IGNORED = "there is no such field, so it is ignored"


def raw_fields(properties=None, fields=None, variables=None, inputs=()):
    definition = replace(make_definition(fields), field_inputs={"AskGroq": frozenset(inputs)})
    return READER.read_fields(make_task(variables or {}, properties), definition)


def warnings_of(properties=None, fields=None, variables=None):
    return READER.read(raw_fields(properties, fields, variables)).warnings


@pytest.mark.parametrize("name", ["catalyst_colour", "catalystTopic", "catalyst_note"])
def test_ignored_property_or_field_is_a_warning(name):
    assert warnings_of({name: "9"}) == (f"{name}: {IGNORED}. Remove it",)
    assert warnings_of(fields={name: "9"}) == (f"{name}: {IGNORED}. Remove it",)


MISSPELT = {
    "catalyst_paylod": "catalyst_payload",
    "catalyst_timeOut": "catalyst_timeout",
    "Catalyst_Timeout": "catalyst_timeout",
    "catalyst-timeout": "catalyst_timeout",
    "catalyst timeout": "catalyst_timeout",
    "catalyst_timeout ": "catalyst_timeout",
    "catalystTimeout": "catalyst_timeout",
    "catalyst_audoi": "catalyst_audio",
    "catalyst_operaton": "catalyst_operation",
}


@pytest.mark.parametrize(("name", "meant"), MISSPELT.items())
@pytest.mark.parametrize("place", ["properties", "fields"])
def test_misspelt_field_is_refused_with_the_one_meant(name, meant, place):
    with pytest.raises(FieldError, match=f"^{name}: there is no such field. Did you mean {meant}\\?$"):
        raw_fields(**{place: {name: "9"}}).template.check_names()


def test_misspelt_field_is_refused_behind_many_notes():
    notes = {f"catalyst_note{number}": "a" for number in range(MAX_IGNORED + 1)}

    with pytest.raises(FieldError, match="catalyst_paylod"):
        raw_fields({**notes, "catalyst_paylod": "{}"}).template.check_names()


@pytest.mark.parametrize("name", ["catalyst_paylod", "Catalyst_payload"])
def test_misspelt_input_parameter_is_refused(name):
    with pytest.raises(FieldError, match=f"^{name}: there is no such field. Did you mean catalyst_payload"):
        raw_fields(inputs={name}).template.check_names()


@pytest.mark.parametrize("name", ["catalyst_error", "catalyst_payload", "catalyst_order"])
def test_input_parameter_that_misspells_no_field_is_left_alone(name):
    fields = raw_fields(inputs={name}, variables={name: "{}"})
    fields.template.check_names()

    assert fields.template.ignored_names == ()


def test_ignored_field_of_the_other_operation_is_a_warning():
    problem = "the operation 'chat' has no such field, so it is ignored"

    assert warnings_of({"catalyst_prompt": "Names"}) == (
        f"catalyst_prompt: {problem}. Remove it, or apply the template of the other operation",
    )


def test_ignored_fields_are_reported_where_variables_hold_fields():
    assert warnings_of({"catalyst_colour": "red"}, variables={"catalyst_model": "openai/gpt-oss-20b"}) != ()


@pytest.mark.parametrize("name", ["colour", "catalyst_error", "catalyst_meta", "x_catalyst_timeout"])
def test_property_of_another_kind_is_no_ignored_field(name):
    assert warnings_of({name: "9"}) == ()


def test_ignored_fields_are_bounded():
    names = [f"catalyst_{'x' * 10_000}{number}" for number in range(1000)]

    assert len(find_ignored_fields(names, (), ("catalyst_model",), "chat")) == MAX_IGNORED
