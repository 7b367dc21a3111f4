"""The plugin in the real bpmnlint: it says what `catalyst-groq lint` says, word for word."""

import itertools
import json
import random
import re
from pathlib import Path

import bpmnlint_plugin
import pytest

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.commands.lint.misspelt_fields import KNOWN_FIELDS
from catalyst_groq.commands.lint.rules import Severity, all_rules
from catalyst_groq.connector.fields.error_causes import KNOWN_CAUSES
from catalyst_groq.domain.diagram_encoding import decode_diagram
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.bpmn_shapes import make_shape
from support.bpmnlint_package import BpmnlintProject
from support.lint_diagrams import example_diagram, process_around, task_with
from support.planted_mistakes.table import MISTAKES

EXAMPLES = sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn"))
COVERED = set(bpmnlint_plugin.covered())
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.HINT: "info"}
RULE_EXAMPLES = {
    f"{rule.id}, {side}": example_diagram(getattr(rule, side))
    for rule in all_rules().values()
    for side in ("wrong", "right")
    if rule.id != "unreadable-diagram"
}
PLANTED = {
    name: process_around(mistake.inside)
    for name, mistake in MISTAKES.items()
    if mistake.rule_id != "unreadable-diagram"  # bpmnlint itself reports them
}
DURATIONS = [
    "P1D",
    "PT10S",
    "PT1M,PT5M",
    "R3/PT10S",
    "R0/PT1S",
    "PT1.5H",
    "P1DT1H",
    "P1Y1M1W1D",
    " PT1S ",
    "PT1H1H",
    "R3/10S",
]
SECONDS = [
    "60",
    "0",
    "-1",
    "1e3",
    "1_000",
    "1__0",
    ".5",
    "5.",
    "nan",
    "inf",
    "0x10",
    "3600",
    "3601",
    "5400",
    "9000.5",
    "1e400",
]
LANGUAGES = ["de", "DE", "deu", "de-DE", "d", ""]
SEED = 7


@pytest.fixture(scope="module")
def project(tmp_path_factory, npm_packages):
    return BpmnlintProject(tmp_path_factory.mktemp("bpmnlint"), npm_packages)


def found_by_command(diagram):
    """Return what the command says of a diagram, as far as the plugin has the rules."""
    findings = [finding for finding in lint_diagram(diagram, default_context()) if finding.rule_id in COVERED]
    return sorted((item.rule_id, item.element_id, LEVELS[item.severity], item.message) for item in findings)


def differences(diagrams, reports):
    """Return what only one of both says, a line for each."""
    lines = []
    for name, found in zip(diagrams, reports, strict=True):
        command = found_by_command(diagrams[name])
        lines += [f"{name}: only the command says {line}" for line in command if line not in found]
        lines += [f"{name}: only the plugin says {tuple(line)}" for line in found if line not in command]
        lines += [f"{name}: not the same number of times"] * (len(command) != len(found))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "options",
    [{}, {"typed": False}, {"script": "lint-in-modeler.js"}],
    ids=["bpmnlint", "without camunda moddle", "Modeler"],
)
def test_plugin_says_what_the_command_says(project, options):
    diagrams = {**RULE_EXAMPLES, **PLANTED}
    reports = project.lint(list(diagrams.values()), **options)

    assert differences(diagrams, reports) == ""
    assert {report.rule for found in reports for report in found} == COVERED


def misspell(choose, text):
    """Return a text with one to three of its characters left out, doubled, exchanged or in another case."""
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(text))
        change = choose.choice(["", text[at] * 2, text[at].swapcase(), "_", "x", "ä"])
        text = text[:at] + change + text[at + 1 :] or "x"
    return text


def any_fields(choose):
    """Return the fields of a task, of which some are wrong."""
    models = [model.id for model in shipped_catalog().models]
    name = choose.choice([*models, misspell(choose, choose.choice(models))])
    causes = [
        choose.choice([cause, misspell(choose, cause)])
        for cause in choose.sample([*KNOWN_CAUSES, "429", "5xx", "600"], 2)
    ]
    mapping = {misspell(choose, "aiReply"): "model", choose.choice(["total:Long", "a!", "a.b", "${x}", "é"]): "id"}
    values = {
        misspell(choose, choose.choice(sorted(KNOWN_FIELDS))): "9",
        "catalyst_operation": choose.choice(["chat", "chat", "transcribe", "translate"]),
        "catalyst_retries": choose.choice([*DURATIONS, misspell(choose, choose.choice(DURATIONS))]),
        "catalyst_giveUpAfter": choose.choice([*DURATIONS, misspell(choose, choose.choice(DURATIONS))]),
        "catalyst_timeout": choose.choice([*SECONDS, misspell(choose, choose.choice(SECONDS))]),
        "catalyst_language": choose.choice(LANGUAGES),
        "catalyst_timestampGranularities": choose.choice(["segment", "word", "word,segment", "words", " "]),
        "catalyst_responseFormat": choose.choice(["verbose_json", "json", "srt"]),
        "catalyst_translate": choose.choice(["true", "false", "yes"]),
        "catalyst_whenTooLong": choose.choice(["fail", "cut", "dropTurns"]),
        "catalyst_conversation": choose.choice(["turns", "catalyst_turns", "x" * 256, "aiReply"]),
        "catalyst_model": name,
        "catalyst_fallbackModels": choose.choice(
            [f"{name}, {name}", f'["{name}"]', f"{name};", "[", "[1]", ",", f"{name} "]
        ),
        "catalyst_secretSource": choose.choice(["env", "variable"]),
        "catalyst_apiKey": choose.choice(["groq_api_key", "a" * 41, "0" * 32, "tenantKey", "sk-1"]),
        "catalyst_errorMapping": json.dumps(dict.fromkeys(causes, "RATE_LIMITED")),
        "catalyst_responseMapping": json.dumps(mapping),
    }
    return dict(choose.sample(list(values.items()), 2))


def test_plugin_says_what_the_command_says_of_any_fields(project):
    choose = random.Random(SEED)  # noqa: S311 -- mistakes, not secrets
    fields = [any_fields(choose) for _ in range(400)]
    diagrams = {str(given): process_around(task_with(given)) for given in fields}

    assert differences(diagrams, project.lint(list(diagrams.values()))) == ""


def plain_shape(seed):
    """Return a diagram of any shape, but with ids that bpmn.io reads: without umlauts and blanks."""
    text = decode_diagram(make_shape(seed, ["camunda"]).content)
    text = re.sub(r"_pr(?:ü|&#252;)fen|_(?:ä|&#228;)", "", text)
    text = re.sub(r'" (?=[AE]\d|true)', '"', text)
    return re.sub(r'"shapes(-2)?"', '"catalyst-groq"', text)


def test_plugin_says_what_the_command_says_of_scopes(project):
    """Tasks, events and subprocesses in any order, with errors that are caught on and around them."""
    diagrams = {str(seed): plain_shape(seed) for seed in range(100)}

    assert differences(diagrams, project.lint(list(diagrams.values()))) == ""


@pytest.mark.parametrize("typed", [True, False])
def test_plugin_reads_the_process_as_the_command_does(project, typed):
    """Which processes an engine executes, and which of them have a time to live."""
    executable = ['isExecutable="true"', 'isExecutable="false"', ""]
    kept = ['camunda:historyTimeToLive="P1D"', 'camunda:historyTimeToLive=""', ""]
    task = f'<bpmn:subProcess id="Inner">{task_with({})}</bpmn:subProcess>'
    diagrams = {
        f"{first} {second}": process_around(f'<bpmn:process id="order" {first} {second}>{task}</bpmn:process>')
        for first, second in itertools.product(executable, kept)
    }
    reports = project.lint(list(diagrams.values()), typed=typed)

    assert differences(diagrams, reports) == ""
    assert [report.rule for found in reports for report in found] == ["missing-time-to-live"] * 4


def test_plugin_finds_nothing_in_the_examples(project):
    assert project.lint([path.read_text("utf-8") for path in EXAMPLES]) == [[] for _ in EXAMPLES]


def test_bpmnlint_command_finds_the_plugin_by_its_name(project):
    config = {
        "extends": "plugin:catalyst-groq/recommended",
        "moddleExtensions": {"camunda": "camunda-bpmn-moddle/resources/camunda.json"},
    }
    (project.folder / ".bpmnlintrc").write_text(json.dumps(config))
    (project.folder / "a.bpmn").write_text(example_diagram({"catalyst_timeOut": "9"}))
    result = project.run(["node_modules/bpmnlint/bin/bpmnlint.js", "a.bpmn"])

    assert result.returncode == 1
    assert "catalyst_timeOut: there is no such field. Did you mean catalyst_timeout?" in result.stdout
    assert "catalyst-groq/unknown-field" in result.stdout
