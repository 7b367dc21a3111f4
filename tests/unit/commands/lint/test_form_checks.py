"""Form fields that the engine does not know, that cannot take a File, and properties that have no name."""

import pytest

from catalyst_groq.commands.lint.form_checks import FORM_TYPES
from catalyst_groq.commands.lint.rules import Severity
from support.lint_diagrams import lint, rules_of, task_with

TRANSCRIBE = {"catalyst_operation": "transcribe"}


def form(attributes):
    return f"""<bpmn:userTask id="Upload" name="Upload it"><bpmn:extensionElements><camunda:formData>
        <camunda:formField {attributes}/></camunda:formData></bpmn:extensionElements></bpmn:userTask>"""


@pytest.mark.parametrize("known", FORM_TYPES)
def test_form_field_of_a_type_of_the_engine_is_accepted(known):
    assert "unknown-form-type" not in rules_of(lint(form(f'id="a" type="{known}"') + task_with({})))


@pytest.mark.parametrize(
    ("written", "problem", "fix"),
    [
        ('type="file"', "has the type 'file': the engine knows none for files", "Use an embedded form"),
        ('type="File"', "has the type 'File': the engine knows none for files", "Use an embedded form"),
        ('type="integer"', "has the type 'integer', which the engine does not know", "Write string, long"),
        ('type="String"', "has the type 'String', which the engine does not know", "Write string, long"),
        ("", "has the type '', which the engine does not know", "Write string, long"),
    ],
)
def test_form_field_of_another_type_is_found_at_its_form(written, problem, fix):
    [finding] = [
        each for each in lint(form(f'id="invoice" {written}') + task_with({})) if each.rule_id == "unknown-form-type"
    ]

    assert (finding.element_id, finding.element_name) == ("Upload", "Upload it")
    assert f"the form field 'invoice' {problem}" in finding.problem
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize("audio", ["voicemail", "${voicemail}"])
@pytest.mark.parametrize("kind", FORM_TYPES)
def test_recording_that_a_form_asks_for_is_a_hint(audio, kind):
    task = task_with({**TRANSCRIBE, "catalyst_audio": audio})

    assert "form-field-for-file" in rules_of(lint(form(f'id="voicemail" type="{kind}"') + task))


@pytest.mark.parametrize(
    "fields",
    [{**TRANSCRIBE, "catalyst_audio": "other"}, {**TRANSCRIBE, "catalyst_audio": "https://${voicemail}/a.mp3"}, {}],
)
def test_recording_from_elsewhere_is_no_hint(fields):
    assert "form-field-for-file" not in rules_of(lint(form('id="voicemail" type="string"') + task_with(fields)))


@pytest.mark.parametrize(
    ("written", "is_found"),
    [('value="a"', True), ("", True), ('name="note"', False), ('name="note" value=""', False), ('name=""', False)],
)
@pytest.mark.parametrize("topic", ["catalyst-groq", "of-another-worker"])
def test_property_without_a_name_is_found_at_each_external_task(written, is_found, topic):
    task = task_with({"catalyst_timeout": "60"}).replace('name="catalyst_timeout" value="60"', written)
    task = task.replace("catalyst-groq", topic)

    assert ("nameless-property" in rules_of(lint(task))) is is_found


def test_property_without_a_name_is_a_warning():
    task = task_with({"catalyst_timeout": "60"}).replace('name="catalyst_timeout" ', "")
    [finding] = [finding for finding in lint(task) if finding.rule_id == "nameless-property"]

    assert finding.severity is Severity.WARNING
    assert finding.problem.startswith("a camunda:property has no name: its value has no effect, and ")
