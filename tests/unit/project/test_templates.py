"""The element templates are consistent with the worker and the icon; the Modeler tests cover the rest."""

import base64
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.access.secrets import SecretSource
from catalyst_groq.connector.access.urls import base_url
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import (
    CHAT_DEFAULTS,
    GIVE_UP_AFTER,
    GRANULARITIES,
    LANGUAGE,
    MODEL,
    OPERATION,
    RESPONSE_FORMAT,
    RETRIES,
    TIMEOUT,
    TRANSCRIPTION_DEFAULTS,
    TRANSLATE,
    URL,
)
from catalyst_groq.connector.fields.raw import FieldTemplate, RawFields
from catalyst_groq.connector.fields.retry_cycle import RetryCycle, parse_duration
from catalyst_groq.connector.requests.transcription import TranscriptionRequest
from catalyst_groq.connector.requests.truncation import OverflowStrategy
from support.element_templates import ICON, TEMPLATE, TRANSCRIBE_TEMPLATE, load, written_by

KEYS = {
    *("$schema", "name", "id", "version", "description", "documentationRef", "keywords", "category", "icon"),
    *("appliesTo", "elementType", "entriesVisible", "groups", "properties"),
}
PROPERTY_KEYS = {
    *("label", "description", "type", "group", "value", "placeholder", "choices", "constraints", "binding")
}
"""The template schema allows any key and the Modeler ignores unknown ones, so a typo would stay undetected."""

READ_BY_WORKER: dict[str, Callable[[str], object]] = {
    URL: base_url,
    TIMEOUT: float,
    RETRIES: lambda text: RetryCycle.parse(RETRIES, text),
    GIVE_UP_AFTER: parse_duration,
}


class Template:
    """A template file, and the defaults of the worker for its fields."""

    def __init__(self, path, defaults):
        self.defaults = dict(defaults)
        self.json = load(path)
        self.entries = self.json["properties"]
        bound = {entry["binding"]["name"]: entry for entry in self.entries}
        self.fields = {name: entry for name, entry in bound.items() if name in defaults and entry["type"] != "Hidden"}

    def pattern_of(self, name):
        return re.compile(self.fields[name]["constraints"]["pattern"]["value"], re.ASCII)


CHAT = Template(TEMPLATE, CHAT_DEFAULTS)
TRANSCRIBE = Template(TRANSCRIBE_TEMPLATE, TRANSCRIPTION_DEFAULTS)
pattern_of = CHAT.pattern_of


@pytest.fixture(params=[CHAT, TRANSCRIBE], ids=["chat", "transcribe"])
def template(request):
    return request.param


def test_template_has_only_keys_that_the_modeler_knows(template):
    assert set(template.json) <= KEYS
    assert {key for entry in template.entries for key in entry} <= PROPERTY_KEYS
    assert {key for entry in template.entries for key in entry["binding"]} == {"type", "name"}


def test_schema_reference_has_no_version(template):
    assert "@camunda/element-templates-json-schema/" in template.json["$schema"]


def test_template_has_the_workers_fields_and_defaults(template):
    applied = written_by(template.json)

    assert applied.texts | applied.properties == template.defaults


def test_multi_line_texts_are_camunda_fields(template):
    several_lines = {name for name, default in template.defaults.items() if "\n" in default}

    assert set(written_by(template.json).texts) == several_lines
    assert {name for name, entry in template.fields.items() if entry["type"] == "Text"} == several_lines


def test_operation_is_hidden(template):
    (operation,) = (entry for entry in template.entries if entry["binding"]["name"] == OPERATION)

    assert operation["type"] == "Hidden"


def test_fields_have_label_description_and_ordered_group(template):
    assert all(entry["label"] and entry["description"] for entry in template.fields.values())
    assert list(dict.fromkeys(entry["group"] for entry in template.fields.values())) == [
        group["id"] for group in template.json["groups"]
    ]


def test_secret_source_choices_match_the_worker(template):
    choices = {choice["value"]: choice["name"] for choice in template.fields["catalyst_secretSource"]["choices"]}

    assert list(choices) == [source.value for source in SecretSource]
    assert len(set(choices.values())) == len(choices)


@pytest.mark.parametrize("name", [MODEL, RESPONSE_FORMAT, GRANULARITIES, TRANSLATE])
def test_transcription_choices_are_accepted_by_the_worker(name):
    choices = [choice["value"] for choice in TRANSCRIBE.fields[name]["choices"]]

    assert choices[0] == TRANSCRIPTION_DEFAULTS[name]
    for choice in choices:
        model = {MODEL: "whisper-large-v3"} if name == TRANSLATE else {}
        fields = {**TRANSCRIPTION_DEFAULTS, "catalyst_audio": "https://files.example/a.mp3", **model, name: choice}
        TranscriptionRequest.from_fields(RawFields(FieldTemplate(fields), {}))


def test_language_pattern_matches_the_worker():
    pattern = TRANSCRIBE.pattern_of(LANGUAGE)

    assert all(pattern.search(right) for right in ("", "de", "yue", "${language}"))
    assert not any(pattern.search(wrong) for wrong in ("German", "DE", "d", "de-DE"))


def test_when_too_long_choices_match_the_worker():
    assert [choice["value"] for choice in CHAT.fields["catalyst_whenTooLong"]["choices"]] == list(OverflowStrategy)


def test_template_clears_other_implementations(template):
    cleared = {
        entry["binding"]["name"] for entry in template.entries if entry["type"] == "Hidden" and "value" not in entry
    }

    assert cleared == {"camunda:class", "camunda:expression", "camunda:delegateExpression"}


@pytest.mark.parametrize("name", READ_BY_WORKER)
def test_pattern_accepts_default_empty_and_placeholder(template, name):
    assert template.pattern_of(name).search(template.defaults[name])
    assert template.pattern_of(name).search("")
    assert template.pattern_of(name).search("${some.variable || 'other'}")


@pytest.mark.parametrize("name", [TIMEOUT, RETRIES, GIVE_UP_AFTER])
@given(data=st.data())
def test_pattern_accepts_only_what_the_worker_accepts(name, data):
    typed = data.draw(st.from_regex(pattern_of(name), fullmatch=True))

    if typed and not OPENING_MARKS.match(typed):
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
def test_pattern_refuses_what_the_worker_refuses(name, wrong):
    assert not pattern_of(name).search(wrong)


def test_icon_is_the_svg_file(template):
    contents = template.json["icon"]["contents"]

    assert contents == "data:image/svg+xml;base64," + base64.b64encode(ICON.read_bytes()).decode()


def test_icon_is_64_by_64_without_references():
    svg = ICON.read_text(encoding="utf-8")
    root = ET.fromstring(svg)  # noqa: S314 -- our own file

    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("64", "64", "0 0 64 64")
    assert "href" not in svg
