"""The element template agrees with itself, with the worker and with its icon; the Modeler tests do the rest."""

import base64
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from element_templates import ICON, load, written_by
from hypothesis import given
from hypothesis import strategies as st

from worker.connector.placeholders import OPENING
from worker.connector.retries import RetryCycle, parse_duration
from worker.connector.secrets import SecretSource
from worker.connector.urls import base_url
from worker.connector.written import DEFAULTS, GIVE_UP_AFTER, RETRIES, TIMEOUT, URL

KEYS = {
    *("$schema", "name", "id", "version", "description", "documentationRef", "keywords", "category", "icon"),
    *("appliesTo", "elementType", "entriesVisible", "groups", "properties"),
}
PROPERTY_KEYS = {
    *("label", "description", "type", "group", "value", "placeholder", "choices", "constraints", "binding")
}
"""The template schema allows any key, and the Modeler ignores those that it does not know: typos go unnoticed."""

READ_BY_WORKER: dict[str, Callable[[str], object]] = {
    URL: base_url,
    TIMEOUT: float,
    RETRIES: lambda text: RetryCycle.parse(RETRIES, text),
    GIVE_UP_AFTER: parse_duration,
}

TEMPLATE_JSON = load()
ENTRIES = TEMPLATE_JSON["properties"]
FIELDS = {entry["binding"]["name"]: entry for entry in ENTRIES if entry["binding"]["name"] in DEFAULTS}


def pattern_of(name):
    return re.compile(FIELDS[name]["constraints"]["pattern"]["value"], re.ASCII)


def test_every_key_is_one_that_the_modeler_knows():
    assert set(TEMPLATE_JSON) <= KEYS
    assert {key for entry in ENTRIES for key in entry} <= PROPERTY_KEYS
    assert {key for entry in ENTRIES for key in entry["binding"]} == {"type", "name"}


def test_the_schema_reference_names_no_version_that_an_older_modeler_would_refuse():
    assert "@camunda/element-templates-json-schema/" in TEMPLATE_JSON["$schema"]


def test_it_holds_exactly_the_fields_that_the_worker_reads_with_its_defaults():
    applied = written_by(TEMPLATE_JSON)

    assert applied.texts | applied.properties == dict(DEFAULTS)


def test_texts_of_several_lines_are_fields_that_the_engine_leaves_alone_and_the_rest_extension_properties():
    several_lines = {name for name, default in DEFAULTS.items() if "\n" in default}

    assert set(written_by(TEMPLATE_JSON).texts) == several_lines
    assert {name for name, entry in FIELDS.items() if entry["type"] == "Text"} == several_lines


def test_every_field_has_a_label_help_and_a_group_and_the_groups_are_in_the_order_of_their_fields():
    assert all(entry["label"] and entry["description"] for entry in FIELDS.values())
    assert list(dict.fromkeys(entry["group"] for entry in FIELDS.values())) == [
        group["id"] for group in TEMPLATE_JSON["groups"]
    ]


def test_the_secret_sources_to_choose_from_are_those_of_the_worker():
    choices = {choice["value"]: choice["name"] for choice in FIELDS["catalyst_secretSource"]["choices"]}

    assert list(choices) == [source.value for source in SecretSource]
    assert len(set(choices.values())) == len(choices)


def test_an_implementation_that_the_task_had_before_is_cleared():
    cleared = {entry["binding"]["name"] for entry in ENTRIES if entry["type"] == "Hidden" and "value" not in entry}

    assert cleared == {"camunda:class", "camunda:expression", "camunda:delegateExpression"}


@pytest.mark.parametrize("name", READ_BY_WORKER)
def test_a_default_an_empty_field_and_a_placeholder_are_never_marked_as_wrong(name):
    assert pattern_of(name).search(DEFAULTS[name])
    assert pattern_of(name).search("")
    assert pattern_of(name).search("${some.variable || 'other'}")


@pytest.mark.parametrize("name", [TIMEOUT, RETRIES, GIVE_UP_AFTER])
@given(data=st.data())
def test_the_worker_takes_what_the_modeler_does_not_mark_as_wrong(name, data):
    typed = data.draw(st.from_regex(pattern_of(name), fullmatch=True))

    if typed and not OPENING.match(typed):
        READ_BY_WORKER[name](typed)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (URL, "api.groq.com"),
        (TIMEOUT, "soon"),
        (TIMEOUT, "0"),
        (TIMEOUT, "-1"),
        (RETRIES, "3"),
        (RETRIES, "R3"),
        (RETRIES, "P"),
        (RETRIES, "PT,PT10S"),
        (RETRIES, "R3/PT10S,PT1M"),
        (GIVE_UP_AFTER, "15"),
        (GIVE_UP_AFTER, "PT"),
    ],
)
def test_what_the_worker_would_refuse_is_marked_as_wrong(name, wrong):
    assert not pattern_of(name).search(wrong)


def test_the_icon_is_the_drawing_beside_it():
    contents = TEMPLATE_JSON["icon"]["contents"]

    assert contents == "data:image/svg+xml;base64," + base64.b64encode(ICON.read_bytes()).decode()


def test_the_drawing_is_64_by_64_and_complete_in_itself():
    drawing = ICON.read_text(encoding="utf-8")
    root = ET.fromstring(drawing)  # noqa: S314 -- our own file

    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("64", "64", "0 0 64 64")
    assert "href" not in drawing
