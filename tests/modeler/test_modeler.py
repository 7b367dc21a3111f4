"""The template in the real Camunda 7 Modeler stack: applied by script and by clicks, edited, upgraded, refused."""

import dataclasses
from pathlib import Path

import pytest

from catalyst_groq.domain.definitions import parse as read_deployed
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.element_templates import (
    EXAMPLE,
    TOOLS_EXAMPLE,
    TRANSCRIBE_EXAMPLE,
    TRANSCRIBE_TEMPLATE,
    held_by,
    load,
    written_by,
)

PLAIN = (Path(__file__).parent / "plain.bpmn").read_text(encoding="utf-8")
TEMPLATE = load()
ID = TEMPLATE["id"]
PROMPT = """\
model: openai/gpt-oss-20b
messages:
  - role: system
    content: |
      Answer as a <pirate> & say "Arrr", or 'Ahoy' — never ]]> in earnest.

  - role: user
    content: ${userMessage || 'Wie geht es?'}"""


def by_script(modeler, element):
    modeler.open(PLAIN, [TEMPLATE])
    modeler.apply(element, ID)


def by_clicks(modeler, element):
    modeler.open(PLAIN, [TEMPLATE])
    modeler.click(element)
    modeler.choose(ID)


def edit(modeler, element):
    """Fill the fields as a modeller would, key by key."""
    modeler.open_group("Request Configuration")
    modeler.type("Request Payload", PROMPT)
    modeler.open_group("Authentication")
    modeler.field("Secret Source").select_option(label="Properties file")
    modeler.open_group("Connection")
    modeler.type("Timeout (seconds)", "7.5")
    modeler.await_value(element, "catalyst_timeout", "7.5")


EDITED = {
    "texts": {"catalyst_payload": PROMPT},
    "properties": {"catalyst_secretSource": "properties", "catalyst_timeout": "7.5"},
}


def edited(applied):
    return dataclasses.replace(
        applied, texts=applied.texts | EDITED["texts"], properties=applied.properties | EDITED["properties"]
    )


def saved_by_a_modeller(modeler, element="Plain"):
    """Return the XML of a diagram whose task got the template and its values by clicks and keys alone."""
    by_clicks(modeler, element)
    edit(modeler, element)
    return modeler.saved_xml()


@pytest.mark.engine
def test_saved_diagram_is_deployed_unchanged(modeler, engine):
    saved = saved_by_a_modeller(modeler)

    with ProcessClient(engine.rest_url) as process_client:
        deployment = process_client.deploy_texts({"plain.bpmn": saved})
        (definition,) = process_client.get("/process-definition", deploymentId=deployment)
        deployed = process_client.get(f"/process-definition/{definition['id']}/xml")["bpmn20Xml"]

    assert read_deployed(deployed).fields_of("Plain")["catalyst_payload"] == PROMPT
    assert held_by(deployed, "Plain") == held_by(saved, "Plain")


@pytest.mark.engine
def test_saved_diagram_is_processed_by_worker(modeler, process_client, worker, emulator):
    saved_by_a_modeller(modeler)
    modeler.apply("Service", ID)
    process_client.deploy_texts({"plain.bpmn": modeler.saved_xml()})
    instance = process_client.start("plain", {"userMessage": "Ahoy?"})

    wait_for("the end of the process", lambda: process_client.state(instance) == "COMPLETED", timeout=60)
    assert [(call.model, call.messages[-1]["content"]) for call in emulator.calls] == [
        ("openai/gpt-oss-20b", "Ahoy?"),
        ("openai/gpt-oss-120b", "Ahoy?"),
    ]


@pytest.mark.parametrize("element", ["Plain", "Service"])
@pytest.mark.parametrize("apply", [by_script, by_clicks])
def test_template_makes_external_task_with_all_defaults(modeler, apply, element):
    apply(modeler, element)

    assert modeler.refusals == []
    assert held_by(modeler.saved_xml(), element) == written_by(TEMPLATE)


def test_transcribe_template_makes_transcription_task(modeler):
    transcribe = load(TRANSCRIBE_TEMPLATE)
    modeler.open(PLAIN, [TEMPLATE, transcribe])
    modeler.click("Plain")
    modeler.choose(transcribe["id"])

    assert modeler.refusals == []
    assert held_by(modeler.saved_xml(), "Plain") == written_by(transcribe)


@pytest.mark.parametrize("implementation", ["class", "expression", "delegateExpression"])
def test_template_removes_previous_implementation(modeler, implementation):
    modeler.open(PLAIN.replace('camunda:class="', f'camunda:{implementation}="'), [TEMPLATE])
    modeler.apply("Service", ID)

    assert "org.example.Delegate" not in modeler.saved_xml()


def test_typed_values_are_saved_unchanged(modeler):
    assert held_by(saved_by_a_modeller(modeler), "Plain") == edited(written_by(TEMPLATE))


def test_saved_diagram_opens_with_template_applied(modeler):
    saved = saved_by_a_modeller(modeler)

    modeler.open(saved, [TEMPLATE])
    modeler.click("Plain")
    modeler.open_group("Request Configuration")

    assert modeler.field("Request Payload").input_value() == PROMPT
    assert modeler.saved_xml() == saved


@pytest.mark.parametrize(
    ("group", "label", "wrong", "right"),
    [
        ("Connection", "URL", "api.groq.com", "${endpoint}/chat/completions"),
        ("Connection", "Timeout (seconds)", "soon", "2.5"),
        ("Connection", "Timeout (seconds)", "0", "${timeout}"),
        ("Connection", "Retries", "3", "PT10S, PT1M"),
        ("Connection", "Give up waiting after", "15 minutes", "P1DT12H"),
    ],
)
def test_wrong_value_shows_message_until_corrected(modeler, group, label, wrong, right):
    by_clicks(modeler, "Plain")
    modeler.open_group(group)
    (entry,) = (entry for entry in TEMPLATE["properties"] if entry.get("label") == label)
    message = modeler.panel.get_by_text(entry["constraints"]["pattern"]["message"])

    modeler.type(label, wrong)
    message.wait_for()
    modeler.type(label, right)
    message.wait_for(state="detached")


def test_fields_are_grouped_and_described(modeler):
    by_clicks(modeler, "Plain")

    for group in TEMPLATE["groups"]:
        modeler.open_group(group["label"])
        for entry in (entry for entry in TEMPLATE["properties"] if entry.get("group") == group["id"]):
            modeler.field(entry["label"]).wait_for()
            words, _, link = entry["description"].partition(" <a ")
            shown = modeler.panel.get_by_text(words)
            shown.wait_for()
            href = shown.get_by_role("link", name="Help").get_attribute("href")
            assert f'href="{href}"' in link


def test_template_chooser_shows_name_description_and_icon(modeler):
    modeler.open(PLAIN, [TEMPLATE])
    modeler.click("Plain")
    entry = modeler.open_chooser().locator(".entry", has_text=TEMPLATE["name"])

    assert TEMPLATE["description"] in entry.inner_text()
    assert entry.locator("img").get_attribute("src") == TEMPLATE["icon"]["contents"]
    assert entry.locator("img").evaluate("icon => icon.naturalWidth") > 0


def test_template_upgrade_keeps_edits_and_updates_the_rest(modeler):
    newer = {**TEMPLATE, "version": TEMPLATE["version"] + 1}
    newer["properties"] = [
        entry | {"value": "R5/PT30S"} if entry["binding"]["name"] == "catalyst_retries" else entry
        for entry in TEMPLATE["properties"]
    ]
    by_clicks(modeler, "Plain")
    edit(modeler, "Plain")

    modeler.install([TEMPLATE, newer])
    modeler.upgrade()

    assert held_by(modeler.saved_xml(), "Plain") == edited(written_by(newer))


def test_template_keeps_own_mappings_and_boundary_events(modeler):
    example = EXAMPLE.read_text(encoding="utf-8")
    own = """<bpmn:extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="topicOfTalk">weather</camunda:inputParameter>
        <camunda:outputParameter name="answer">${aiReply}</camunda:outputParameter>
      </camunda:inputOutput>"""
    task = example.index('<bpmn:serviceTask id="AskGroq"')
    with_own = example[:task] + example[task:].replace("<bpmn:extensionElements>", own, 1)

    modeler.open(with_own, [TEMPLATE, {**TEMPLATE, "version": TEMPLATE["version"] + 1}])
    modeler.click("AskGroq")
    modeler.upgrade()
    saved = modeler.saved_xml()

    assert f'modelerTemplateVersion="{TEMPLATE["version"] + 1}"' in saved
    assert 'name="topicOfTalk">weather<' in saved
    assert 'name="answer">${aiReply}<' in saved
    assert 'attachedToRef="AskGroq"' in saved


@pytest.mark.parametrize("file", [EXAMPLE, TOOLS_EXAMPLE, TRANSCRIBE_EXAMPLE], ids=lambda file: file.stem)
def test_example_opens_without_warning_and_saves_unchanged(modeler, file):
    example = file.read_text(encoding="utf-8")

    modeler.open(example, [TEMPLATE, load(TRANSCRIBE_TEMPLATE)])

    assert modeler.refusals == []
    assert modeler.saved_xml() == example


def test_broken_template_is_rejected(modeler):
    text_in_an_attribute = {"type": "Text", "binding": {"type": "camunda:property", "name": "catalyst_payload"}}

    modeler.open(PLAIN, [{**TEMPLATE, "properties": [*TEMPLATE["properties"], text_in_an_attribute]}])

    assert any('invalid property type "Text"' in refusal for refusal in modeler.refusals)
    modeler.click("Plain")
    assert modeler.panel.locator(".bio-properties-panel-select-template-button").count() == 0
