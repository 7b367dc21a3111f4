"""The element templates agree with themselves, with the worker and with the icon; the Modeler tests do the rest."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.access.secrets import BUILT_IN_SOURCES
from catalyst_groq.connector.access.urls import base_url
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import (
    CHAT_DEFAULTS,
    COLLECT_ERRORS,
    GIVE_UP_AFTER,
    GRANULARITIES,
    LANGUAGE,
    MODEL,
    OPERATION,
    PAYLOAD,
    RESPONSE_FORMAT,
    RETRIES,
    STANDARD_VARIABLES,
    TIMEOUT,
    TRANSCRIPTION_DEFAULTS,
    TRANSLATE,
    URL,
)
from catalyst_groq.connector.fields.raw import MODEL_LINE, RawFields
from catalyst_groq.connector.fields.retry_cycle import RetryCycle, parse_duration
from catalyst_groq.connector.fields.template import FieldTemplate
from catalyst_groq.connector.requests.transcription import TranscriptionRequest
from catalyst_groq.connector.requests.truncation import OverflowStrategy
from catalyst_groq.connector.results.collecting import BOOLEANS
from catalyst_groq.connector.task_request import StandardVariables
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.element_templates import ICON, ROOT, TEMPLATE, TRANSCRIBE_TEMPLATE, load, written_by

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


class Template:
    """A template file beside what the worker reads."""

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


def test_template_has_only_keys_of_the_modelers_schema(template):
    assert set(template.json) <= KEYS
    assert {key for entry in template.entries for key in entry} <= PROPERTY_KEYS
    assert {key for entry in template.entries for key in entry["binding"]} == {"type", "name"}


def test_template_schema_reference_names_no_version(template):
    assert "@camunda/element-templates-json-schema/" in template.json["$schema"]


def test_template_has_the_workers_fields_and_defaults(template):
    applied = written_by(template.json)
    written = applied.texts | applied.properties

    assert {name: MODEL_LINE.sub("", text) if name == PAYLOAD else text for name, text in written.items()} == (
        template.defaults
    )


def test_template_payload_names_the_catalogs_default_model():
    payload = json.loads(written_by(CHAT.json).texts[PAYLOAD])
    assert payload["model"] == shipped_catalog().default
    assert {**payload, "model": None} == {**json.loads(CHAT_DEFAULTS[PAYLOAD]), "model": None}


def test_template_writes_fields_or_extension_properties(template):
    several_lines = {name for name, default in template.defaults.items() if "\n" in default}

    assert set(written_by(template.json).texts) == several_lines
    assert {name for name, entry in template.fields.items() if entry["type"] == "Text"} == several_lines


def test_template_hides_the_operation_field(template):
    (operation,) = (entry for entry in template.entries if entry["binding"]["name"] == OPERATION)

    assert operation["type"] == "Hidden"


def test_template_fields_have_labels_help_and_groups(template):
    assert all(entry["label"] and entry["description"] for entry in template.fields.values())
    assert list(dict.fromkeys(entry["group"] for entry in template.fields.values())) == [
        group["id"] for group in template.json["groups"]
    ]


def test_template_field_links_to_its_place_in_the_documentation(template):
    page = PurePosixPath(template.json["documentationRef"]).with_suffix(".md").name
    headings = re.findall(r"^### `(\w+)`$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {name.lower() for name in headings}

    for name, entry in template.fields.items():
        address = f"{template.json['documentationRef']}#{name.lower()}"
        assert entry["description"].endswith(f' <a href="{address}" target="_blank">Help</a>')
        assert name.lower() in anchors


def test_template_offers_the_workers_secret_sources(template):
    choices = {choice["value"]: choice["name"] for choice in template.fields["catalyst_secretSource"]["choices"]}

    assert list(choices) == list(BUILT_IN_SOURCES)
    assert len(set(choices.values())) == len(choices)


@pytest.mark.parametrize("name", [MODEL, RESPONSE_FORMAT, GRANULARITIES, TRANSLATE])
def test_template_choices_of_a_transcription_are_valid(name):
    choices = [choice["value"] for choice in TRANSCRIBE.fields[name]["choices"]]

    assert choices[0] == TRANSCRIPTION_DEFAULTS[name]
    for chosen in choices:
        able = {MODEL: "whisper-large-v3"} if name == TRANSLATE else {}
        written = {**TRANSCRIPTION_DEFAULTS, "catalyst_audio": "https://files.example/a.mp3", **able, name: chosen}
        TranscriptionRequest.from_fields(
            RawFields(FieldTemplate(written, TRANSCRIPTION_DEFAULTS), {}), shipped_catalog()
        )


def test_template_marks_languages_that_the_worker_refuses():
    pattern = TRANSCRIBE.pattern_of(LANGUAGE)

    assert all(pattern.search(right) for right in ("", "de", "yue", "${language}"))
    assert not any(pattern.search(wrong) for wrong in ("German", "DE", "d", "de-DE"))


def test_template_offers_the_workers_overflow_strategies():
    assert [choice["value"] for choice in CHAT.fields["catalyst_whenTooLong"]["choices"]] == list(OverflowStrategy)


def test_template_offers_both_ways_for_errors_of_items(template):
    assert [choice["value"] for choice in template.fields[COLLECT_ERRORS]["choices"]] == list(BOOLEANS)


def test_template_offers_both_ways_for_standard_variables(template):
    assert [choice["value"] for choice in template.fields[STANDARD_VARIABLES]["choices"]] == list(StandardVariables)


def test_template_clears_an_earlier_implementation(template):
    cleared = {
        entry["binding"]["name"] for entry in template.entries if entry["type"] == "Hidden" and "value" not in entry
    }

    assert cleared == {"camunda:class", "camunda:expression", "camunda:delegateExpression"}


@pytest.mark.parametrize("name", READ_BY_WORKER)
def test_template_accepts_defaults_blanks_and_placeholders(template, name):
    assert template.pattern_of(name).search(template.defaults[name])
    assert template.pattern_of(name).search("")
    assert template.pattern_of(name).search("${some.variable || 'other'}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [TIMEOUT, RETRIES, GIVE_UP_AFTER])
@given(data=st.data())
def test_template_accepts_only_what_the_worker_accepts(name, data):
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
def test_template_marks_values_that_the_worker_refuses(name, wrong):
    assert not pattern_of(name).search(wrong)


def test_template_icon_is_the_svg_file(template):
    contents = template.json["icon"]["contents"]

    assert contents == "data:image/svg+xml;base64," + base64.b64encode(ICON.read_bytes()).decode()


def test_template_icon_is_64_by_64_and_self_contained():
    drawing = ICON.read_text(encoding="utf-8")
    root = ET.fromstring(drawing)  # noqa: S314 -- our own file

    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("64", "64", "0 0 64 64")
    assert "href" not in drawing
