"""Each rule finds its wrong example, and nothing but hints in its right one."""

from dataclasses import replace

import pytest

from catalyst_groq.camunda.deployments import TIME_TO_LIVE_FIX
from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.commands.lint.rules import Severity, all_rules
from support.lint_diagrams import CATCHER, example_diagram, lint, lint_task, process_around, rules_of, task_with

pytestmark = pytest.mark.slow


def lint_example(rule, example):
    context = replace(default_context(), is_deployed=rule.id == "topic-not-fetched")
    return lint_diagram(example_diagram(example), context)


@pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())
def test_rule_finds_its_wrong_example(rule):
    assert rule.id in rules_of(lint_example(rule, rule.wrong))


@pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())
def test_rule_accepts_its_right_example(rule):
    findings = lint_example(rule, rule.right)

    assert rule.id not in rules_of(findings)
    assert [finding for finding in findings if finding.severity is not Severity.HINT] == []


@pytest.mark.parametrize("attribute", ["", 'camunda:historyTimeToLive=""'], ids=["missing", "blank"])
def test_time_to_live_is_asked_once_of_a_process(attribute):
    tasks = "".join(task_with({}).replace('"Ask"', f'"Ask{number}"') for number in (1, 2))
    process = f'<bpmn:process id="order" name="Order" isExecutable="true" {attribute}>{tasks}</bpmn:process>'
    findings = [finding for finding in lint(process) if finding.rule_id == "missing-time-to-live"]

    assert [finding[:3] for finding in findings] == [(4, "order", "Order")]
    assert findings[0].fix == TIME_TO_LIVE_FIX


@pytest.mark.parametrize(
    "text",
    [
        "Hello {stranger}",
        'Answer like {\\"name\\": 1}',
        "Use {}, { name } and {3}",
        "$${name}",
        "${items[*].{name: name}}",
        r"[a-z]{3}",
        "{name, model}",
    ],
)
def test_braces_that_may_be_text_are_no_hint(text):
    payload = f'{{"messages": [{{"role": "user", "content": "{text}"}}]}}'

    assert "single-braces" not in rules_of(lint_task({"catalyst_payload": payload}))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (
            {"catalyst_payload": '{"messages": [{"role": "user", "content": "{userMessage}, {name}, {x}"}]}'},
            "userMessage",
        ),
        ({"catalyst_payload": '{"messages": [{"role": "user", "content": " {customerText} "}]}'}, "customerText"),
        ({"catalyst_model": "{fastModel}"}, "fastModel"),
    ],
    ids=["variable of the diagram", "content", "field"],
)
def test_braces_around_a_variable_are_a_hint(fields, name):
    finding = next(finding for finding in lint_task(fields) if finding.rule_id == "single-braces")

    assert finding.message.endswith(f"'{{{name}}}' is no placeholder and is used as it is. Did you mean ${{{name}}}?")


@pytest.mark.parametrize(
    ("element", "place"),
    [
        ("serviceTask", "Attach an error boundary event without a code to 'Ask'"),
        (
            "intermediateThrowEvent",
            "Put 'Ask' into a subprocess and attach an error boundary event without a code to that",
        ),
    ],
)
def test_uncaught_default_errors_name_the_event_and_the_field(element, place):
    attributes = 'camunda:type="external" camunda:topic="catalyst-groq"'
    own, message = (
        (attributes, "") if element == "serviceTask" else ("", f"<bpmn:messageEventDefinition {attributes}/>")
    )
    findings = lint(f'<bpmn:{element} id="Ask" {own}>{message}</bpmn:{element}>')
    finding = next(finding for finding in findings if finding.rule_id == "default-error-uncaught")

    assert finding.problem == (
        "catalyst_errorMapping: nothing catches the BPMN errors of the template's default: RATE_LIMITED, AUTH_FAILED, "
        "INVALID_REQUEST"
    )
    assert finding.fix == (
        f"{place}, which catches them all, or write {{}} into the Error Mapping field (catalyst_errorMapping): then "
        "the task throws none, and each error is an incident"
    )


@pytest.mark.parametrize(
    ("mapping", "errors"), [('{"4xx": "BAD"}', "error BAD"), ('{"4xx": "BAD", "5xx": "AWAY"}', "errors BAD, AWAY")]
)
def test_uncaught_errors_are_counted(mapping, errors):
    task = task_with({"catalyst_errorMapping": mapping}).replace(CATCHER, "")
    finding = next(finding for finding in lint(task) if finding.rule_id == "uncaught-error")

    assert finding.problem == f"catalyst_errorMapping: nothing catches the BPMN {errors}"


def test_empty_error_mapping_throws_no_bpmn_error():
    task = task_with({"catalyst_errorMapping": "{}"}).replace(CATCHER, "")

    assert not {"default-error-uncaught", "uncaught-error"} & {*rules_of(lint(task))}


ASKING_NAME = '{"messages": [{"role": "user", "content": "${name}"}]}'


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"catalyst_paylod": ASKING_NAME}, "catalyst_paylod"),
        ({"Catalyst_payload": ASKING_NAME}, "Catalyst_payload"),
        (
            {"catalyst_payload": ASKING_NAME, "catalyst_responseMaping": '{"reply": "choices[0]"}'},
            "catalyst_responseMaping",
        ),
        ({"catalyst_operaton": "transcribe", "catalyst_audio": "recording"}, "catalyst_operaton"),
        ({"catalyst_payload": ASKING_NAME, "catalyst_errorMaping": '{"429": "BUSY"}'}, "catalyst_errorMaping"),
    ],
)
def test_misspelt_field_is_the_only_finding(fields, field):
    form = '<camunda:formField id="userMessage" type="string"/>'
    diagram = process_around(task_with(fields)).replace(form, "")
    findings = [each for each in lint_diagram(diagram, default_context()) if each.rule_id != "form-field-for-file"]

    assert [(finding.rule_id, finding.problem.split(":")[0]) for finding in findings] == [("unknown-field", field)]


def test_misspelt_input_parameter_is_the_only_finding():
    text = ASKING_NAME.replace("${", "\\${")
    parameter = f'<camunda:inputParameter name="catalyst_paylod">{text}</camunda:inputParameter>'
    diagram = process_around(task_with({}, extensions=f"<camunda:inputOutput>{parameter}</camunda:inputOutput>"))
    findings = lint_diagram(
        diagram.replace('<camunda:formField id="userMessage" type="string"/>', ""), default_context()
    )

    assert rules_of(findings) == ["unknown-field"]


def test_variable_of_a_misspelt_mapping_is_known_to_other_tasks():
    first = task_with({"catalyst_payload": ASKING_NAME, "catalyst_responseMaping": '{"reply": "choices[0]"}'})
    second = task_with({"catalyst_payload": ASKING_NAME.replace("name", "reply")}).replace('"Ask"', '"Next"')

    assert rules_of(lint(first + second.replace('"Failed"', '"Failed2"'))) == ["unknown-field"]


def test_mistake_in_a_misspelt_field_is_found_at_its_line():
    findings = lint(task_with({"catalyst_payload": ASKING_NAME, "catalyst_tymeout": "soon"}))

    assert rules_of(findings) == ["invalid-timeout", "unknown-field"]
    assert findings[0].line == findings[1].line


def test_misspelt_field_beside_the_right_one_changes_nothing():
    findings = lint_task({"catalyst_payload": ASKING_NAME, "catalyst_paylod": "{"})

    assert rules_of(findings) == ["unknown-field"]


def yaml_payload(content, more=""):
    return {"catalyst_payload": f"messages:\n  - role: user\n    content: {content}\n{more}"}


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        (yaml_payload("{name}"), "{name}"),
        (yaml_payload("{ customerText }"), "{customerText}"),
        (yaml_payload("['Look:', {photo}]"), "{photo}"),
        (yaml_payload("Hi", "user: {tenantKey}"), "{tenantKey}"),
    ],
)
def test_braces_without_quotes_in_yaml_are_a_hint(fields, written):
    [finding] = [finding for finding in lint_task(fields) if finding.rule_id == "single-braces"]

    assert finding.problem == f"catalyst_payload: '{written}' is an object in YAML, and no placeholder"
    assert finding.fix == f'Did you mean "${written}"?'


@pytest.mark.parametrize(
    "fields",
    [
        yaml_payload("{name: x}"),
        yaml_payload("'{}'"),
        yaml_payload("Hi", "user:\n  name:\n"),
        yaml_payload("Hi", "metadata: {name: null}"),
        {"catalyst_payload": '{"messages": [{"role": "user", "content": "In {stranger} a"}], "a": {"stranger": null}}'},
    ],
)
def test_object_that_is_meant_is_no_hint(fields):
    assert "single-braces" not in rules_of(lint_task(fields))
